package http1

import (
	"fmt"
	"strings"
	"testing"

	"pinyon/proto"
)

// TestEndsInHead: of a head at whose middle a flow ends, each line that is complete counts,
// wherever the end lies.
func TestEndsInHead(t *testing.T) {
	request := "POST /p HTTP/1.1\r\nHost: a.example\r\nUser-Agent: one\r\n two\r\nReferer: r\r\nCookie: c\r\n\r\n"
	reply := "HTTP/1.1 404 x\r\nServer: s\r\nContent-Length: 7\r\nContent-Type: t\r\n\r\n"
	for n := range len(request) + 1 {
		var c Conn
		c.Feed(0, []byte(request[:n]), 0)
		c.Finish()
		lines := strings.Count(request[:n], "\r\n")
		want := [...]string{"|||false", "|||false", "a.example|||false", "a.example|one||false", "a.example|one two||false", "a.example|one two|r|false", "a.example|one two|r|true", "a.example|one two|r|true"}[lines]
		if got := fmt.Sprint(text(c.AppendHost), "|", text(c.AppendUserAgent), "|", text(c.AppendReferer), "|", c.Cookie()); got != want {
			t.Errorf("%q: got %s; want %s", request[:n], got, want)
		}
	}
	for n := range len(reply) + 1 {
		var c Conn
		c.Feed(1, []byte(reply[:n]), 0)
		c.Finish()
		want := [...]string{"0||-1|", "404||-1|", "404|s|-1|", "404|s|7|", "404|s|7|t", "404|s|7|t"}[strings.Count(reply[:n], "\r\n")]
		if got := fmt.Sprint(c.Status(), "|", text(c.AppendServer), "|", c.ContentLength(), "|", text(c.AppendContentType)); got != want {
			t.Errorf("%q: got %s; want %s", reply[:n], got, want)
		}
	}
}

// TestEmptyLinesAhead: empty lines ahead of a request are passed over, a few of them ahead of
// the first, wherever a segment ends.
func TestEmptyLinesAhead(t *testing.T) {
	for _, c := range []struct {
		stream   string
		requests int64
	}{
		{"\r\n" + get, 1}, {"\n" + get, 1}, {strings.Repeat("\r\n", maxBlanks) + get, 1}, {strings.Repeat("\r\n", maxBlanks+1) + get, 0},
		{"\r\n" + get + "\r\n\r\n" + get, 2}, {"\r" + get, 0}, {"\r\n\x00" + get, 0}, {"\r\nhello\r\n", 0},
	} {
		for cut := range len(c.stream) {
			var conn Conn
			v := Looks([]byte(c.stream[:cut+1]))
			conn.Feed(0, []byte(c.stream[:cut]), 0)
			conn.Feed(0, []byte(c.stream[cut:]), 0)
			if conn.RequestCount() != c.requests || c.requests > 0 && v == proto.NotMine {
				t.Fatalf("%q cut at %d: %d requests, first test %d", c.stream, cut, conn.RequestCount(), v)
			}
		}
	}
}

// TestSwitching: 101 is the status as long as no final response was read, and its Upgrade
// field says to what the connection went over.
func TestSwitching(t *testing.T) {
	const line = "HTTP/1.1 101 Switching Protocols\r\n"
	for _, c := range []struct {
		name, request, reply string
		status               int64
		server               string
		h2c                  bool
	}{
		{"WebSocket", "Upgrade: websocket\r\n", line + "Upgrade: websocket\r\nServer: a\r\n\r\n", 101, "a", false},
		{"h2c", "Upgrade: h2c\r\n", line + "Upgrade: h2c\r\n\r\n", 101, "", true},
		{"a list", "Upgrade: h2c, websocket\r\n", line + "Upgrade: h2c\r\n\r\n", 101, "", true},
		{"a list, and not h2c", "Upgrade: h2c, websocket\r\n", line + "Upgrade: websocket\r\n\r\n", 101, "", false},
		{"case", "uPGRADE: H2C\r\n", line + "upgrade: H2c\r\n\r\n", 101, "", true},
		{"two lines", "Upgrade: foo/2\r\nUpgrade: h2c\r\n", line + "Upgrade: h2c\r\n\r\n", 101, "", true},
		{"without the field", "Upgrade: H2C\r\n", line + "\r\n", 101, "", true},
		{"a list, without the field", "Upgrade: h2c, websocket\r\n", line + "\r\n", 101, "", false},
		{"not asked for", "", line + "Upgrade: h2c\r\n\r\n", 101, "", true},
		{"then a final one", "Upgrade: x\r\n", "HTTP/1.1 200 OK\r\nServer: b\r\nContent-Length: 0\r\n\r\n" + line + "Server: c\r\n\r\n", 200, "b", false},
		{"head only", "Upgrade: x\r\n", line + "Server: c\r\n", 101, "c", false},
	} {
		var conn Conn
		conn.Feed(0, []byte("GET / HTTP/1.1\r\n"+c.request+"\r\n"), 0)
		conn.Feed(1, []byte(c.reply), 0)
		conn.Finish()
		if conn.Status() != c.status || text(conn.AppendServer) != c.server || conn.H2C() != c.h2c {
			t.Errorf("%s: %d %q %v", c.name, conn.Status(), text(conn.AppendServer), conn.H2C())
		}
	}
	var alone Conn // the request was not captured
	alone.Feed(1, []byte(line+"Upgrade: h2c\r\n\r\n"), 0)
	if alone.Finish(); !alone.H2C() {
		t.Error("a 101 alone does not tell")
	}
	var second Conn
	second.Feed(0, []byte(get+"GET / HTTP/1.1\r\nUpgrade: h2c\r\n\r\n"), 0)
	if second.Feed(1, []byte("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"+line+"Upgrade: h2c\r\n\r\n"), 0); !second.H2C() || second.TunnelRequest() != 2 || second.Status() != 200 {
		t.Error("the second request may ask too")
	}
}
