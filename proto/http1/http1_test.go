package http1

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"pinyon/proto"
)

// columns prints every column, and the tunnel.
func columns(c *Conn) string {
	var b strings.Builder
	for _, f := range []func([]byte) []byte{
		c.AppendVersion, c.AppendMethod, c.AppendVersionReq, c.AppendHost, c.AppendURI, c.AppendUserAgent, c.AppendReferer,
		c.AppendRequestHeaders, c.AppendAcceptLanguage, c.AppendUpgrade, c.AppendAuthScheme, c.AppendContentType, c.AppendServer,
	} {
		fmt.Fprintf(&b, "%s|", f(nil))
	}
	fmt.Fprint(&b, c.Detected(), c.URILen(), c.HeaderCount(), c.Cookie(), c.Status(), c.ContentLength(), c.RequestCount(),
		c.ResponseCount(), c.ErrorCount(), c.TTFB(), " ", c.TunnelRequest(), c.H2C())
	for dir := range 2 {
		at, ok := c.Tunnel(dir)
		fmt.Fprintf(&b, " %d %v %q", at, ok, c.Held(dir))
	}
	return b.String()
}

func text(f func([]byte) []byte) string { return string(f(nil)) }

const get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

func TestFirstMessages(t *testing.T) {
	req, _ := http.NewRequest("POST", "http://Www.Example.COM/p?q=1", strings.NewReader("body"))
	req.Header.Set("User-Agent", "curl/8 (x)")
	req.Header.Set("Referer", "http://r/")
	req.Header.Set("Cookie", "a=b")
	req.Header.Set("Accept-Language", "de-AT;q=0.9, en")
	req.Header.Set("Authorization", "Basic c2VjcmV0")
	var b bytes.Buffer
	req.Write(&b)
	first := b.Len()
	b.WriteString("PUT /2 HTTP/1.0\r\nHost: other\r\n\r\n")
	resp := http.Response{StatusCode: 404, ProtoMajor: 1, ProtoMinor: 1, Body: io.NopCloser(strings.NewReader("<html>")), ContentLength: 6,
		Header: http.Header{"Content-Type": {"text/html; charset=utf-8"}, "Server": {"srv\xff\\"}}}
	var r bytes.Buffer
	r.WriteString("HTTP/1.1 100 Continue\r\n\r\n")
	resp.Write(&r)
	r.WriteString("HTTP/1.1 204 No Content\r\nServer: b\r\n\r\nHTTP/1.1 500\r\n\r\nrest until close")

	var c Conn
	c.Feed(0, b.Bytes()[:first-10], 1_000_000)
	c.Feed(0, b.Bytes()[first-10:first-4], 2_000_000)
	c.Feed(1, r.Bytes()[:5], 5_000_999)
	c.Feed(1, r.Bytes()[5:], 9_000_000)
	c.Feed(0, b.Bytes()[first-4:], 9_500_000)
	for name, f := range map[string]struct{ got, want string }{
		"request":  {text(c.AppendMethod) + text(c.AppendVersionReq) + text(c.AppendVersion), "POST1.1http/1.1"},
		"target":   {fmt.Sprint(text(c.AppendURI), c.URILen(), text(c.AppendHost)), "/p?q=16www.example.com"},
		"agent":    {text(c.AppendUserAgent) + " " + text(c.AppendReferer), "curl/8 (x) http://r/"},
		"headers":  {fmt.Sprint(text(c.AppendRequestHeaders), c.HeaderCount(), c.Cookie()), "Host,User-Agent,Content-Length,Accept-Language,Authorization,Cookie,Referer7 true"},
		"language": {text(c.AppendAcceptLanguage) + " " + text(c.AppendAuthScheme), "de-at Basic"},
		"response": {fmt.Sprint(c.Status(), text(c.AppendContentType), " ", text(c.AppendServer), c.ContentLength()), `404text/html; charset=utf-8 srv\xff\x5c6`},
		"counts":   {fmt.Sprint(c.RequestCount(), c.ResponseCount(), c.ErrorCount(), c.TTFB()), "2 3 2 3000"},
	} {
		if f.got != f.want {
			t.Errorf("%s: got %q, want %q", name, f.got, f.want)
		}
	}
}

// TestFraming counts messages: bodies are passed over, whatever they hold.
func TestFraming(t *testing.T) {
	const ok = "HTTP/1.1 200 OK\r\n"
	cl := func(n int) string { return fmt.Sprintf("Content-Length: %d\r\n\r\n", n) }
	two := get + get
	for _, c := range []struct {
		name, requests, responses string
		nreq, nresp               int64
	}{
		{"pipelined", get + get + get, ok + cl(0) + ok + cl(3) + "HTT" + ok + cl(0), 3, 3},
		{"request in a body", "POST / HTTP/1.1\r\n" + cl(len(get)) + get + get, "", 2, 0},
		{"chunked", "POST / HTTP/1.1\r\nTransfer-Encoding: gzip, Chunked\r\n\r\n5;x=\"y\"\r\nGET /\r\n0A\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n" + get, "", 2, 0},
		{"chunked beats length", "", ok + "Content-Length: 999\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + ok + cl(0), 0, 2},
		{"chunk without number", "", ok + "Transfer-Encoding: chunked\r\n\r\n;\r\n" + ok, 0, 1},
		{"chunk too large", "", ok + "Transfer-Encoding: chunked\r\n\r\n1000000000000000\r\n" + ok, 0, 1},
		{"chunk longer than said", "", ok + "Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n" + ok, 0, 1},
		{"until close", two, ok + "\r\n" + ok + cl(0), 2, 1},
		{"unknown coding until close", "", ok + "Transfer-Encoding: gzip\r\n\r\n" + ok + cl(0), 0, 1},
		{"HEAD", "HEAD / HTTP/1.1\r\n\r\n" + get, ok + cl(50) + ok + cl(0), 2, 2},
		{"HEAD second", get + "HEAD / HTTP/1.1\r\n\r\n", ok + cl(0) + ok + cl(50) + ok + cl(0), 2, 3},
		{"304 and 204", two, "HTTP/1.1 304 x\r\n" + cl(9) + "HTTP/1.1 204 x\r\n\r\n" + ok + cl(0), 2, 3},
		{"1xx is not final", get, "HTTP/1.1 103 x\r\n\r\nHTTP/1.1 100 x\r\n\r\n" + ok + cl(0), 1, 1},
		{"malformed length of a request", "POST / HTTP/1.1\r\nContent-Length: 1x\r\n\r\n" + get, "", 1, 0},
		{"malformed length of a response", "", ok + "Content-Length: -1\r\n\r\n" + ok, 0, 1},
		{"same length twice", "", ok + "Content-Length: 2, 2\r\nContent-Length: 2\r\n\r\nab" + ok + cl(0), 0, 2},
		{"two lengths", "", ok + "Content-Length: 2\r\nContent-Length: 3\r\n\r\nab" + ok + cl(0), 0, 1},
		{"empty line between", get + "\r\n" + get, "", 2, 0},
		{"LF only", "GET / HTTP/1.1\nHost: a\n\nGET / HTTP/1.0\n\n", "HTTP/1.0 200\n" + "Content-Length:1\n\nx" + "HTTP/1.0 200\n\n", 2, 2},
		{"junk behind", get + "junk\r\n" + get, "", 1, 0},
		{"head too long", "GET / HTTP/1.1\r\nA: " + strings.Repeat("x", maxHead) + "\r\n\r\n" + get, "", 1, 0},
		{"long body", "PUT / HTTP/1.1\r\n" + cl(1<<20) + strings.Repeat("y", 1<<20) + get, "", 2, 0},
		{"not HTTP/1", "GET / HTTP/2.0\r\n\r\n", "HTTP/2 200\r\n\r\n", 0, 0},
		{"no target", "GET HTTP/1.1\r\n\r\n", "HTTP/1.1 20 x\r\n\r\n", 0, 0},
		{"blank in the target", "GET /a b HTTP/1.1\r\n\r\n", "", 1, 0},
		{"both ask", get, get, 1, 0},
		{"both answer", ok + cl(0), ok + cl(0), 0, 1},
	} {
		for _, size := range []int{1 << 30, 1, 13} {
			var h Conn
			for dir, in := range []string{c.requests, c.responses} {
				for rest := []byte(in); len(rest) > 0; {
					n := min(len(rest), size)
					h.Feed(dir, rest[:n], 0)
					rest = rest[n:]
				}
			}
			h.Finish()
			if h.RequestCount() != c.nreq || h.ResponseCount() != c.nresp {
				t.Errorf("%s, pieces of %d: got %d and %d, want %d and %d", c.name, size, h.RequestCount(), h.ResponseCount(), c.nreq, c.nresp)
			}
		}
	}
}

func TestFields(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"folded", "GET / HTTP/1.1\r\nUser-Agent: a\r\n  b\r\n\tc \r\nX: y\r\n\r\n", "|a b c|User-Agent,X|"},
		{"first value", "GET / HTTP/1.1\r\nHost: A\r\nhOST: b\r\nuser-agent: 1\r\nUser-Agent: 2\r\n\r\n", "a|1|Host,hOST,user-agent,User-Agent|"},
		{"absolute target", "GET http://U@Example.com:80/x HTTP/1.1\r\n\r\n", "u@example.com:80|||http://U@Example.com:80/x"},
		{"Host before it", "GET http://b/x HTTP/1.1\r\nHost: c\r\n\r\n", "c||Host|http://b/x"},
		{"no colon", "GET / HTTP/1.1\r\nnonsense\r\n: v\r\nA:\r\n\r\n", "||A|"},
		{"long target", "GET /" + strings.Repeat("u", 300) + " HTTP/1.1\r\n\r\n", "|||/" + strings.Repeat("u", 255)},
		{"as far as it was read", "GET /q HTTP/1.1\r\nHost: a\r\nUser-Agent: b\r\nX", "a|b|Host,User-Agent|/q"},
	} {
		var h Conn
		h.Feed(1, []byte(c.in), 0)
		got := text(h.AppendHost) + "|" + text(h.AppendUserAgent) + "|" + text(h.AppendRequestHeaders) + "|" + strings.TrimSuffix(text(h.AppendURI), "/")
		if got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
		if dir, ok := h.ClientDir(); dir != 1 || !ok {
			t.Errorf("%s: client in direction %d, %v", c.name, dir, ok)
		}
	}
}

func TestTunnels(t *testing.T) {
	const (
		conn    = "CONNECT a:443 HTTP/1.1\r\n\r\n"
		upgrade = "GET / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"
		yes     = "HTTP/1.1 200 OK\r\n\r\n"
		no      = "HTTP/1.1 407 no\r\nContent-Length: 0\r\n\r\n"
		swtch   = "HTTP/1.1 101 x\r\nUpgrade: h2c\r\n\r\n"
	)
	type step struct {
		dir int
		b   string
	}
	for _, c := range []struct {
		name  string
		steps []step
		want  string // request, upgrade, offset and held bytes of the client, offset of the server; requests, responses
	}{
		{"CONNECT", []step{{0, conn}, {1, yes + "x"}, {0, "\x16\x03"}}, fmt.Sprintf("1 %d \"\" true %d true 1 1", len(conn), len(yes))},
		{"early bytes", []step{{0, conn + "\x16"}, {0, "\x03"}, {1, yes}}, fmt.Sprintf(`1 %d "\x16\x03" true %d true 1 1`, len(conn), len(yes))},
		{"refused, then again", []step{{0, conn + conn + "\x16"}, {1, no + yes}}, fmt.Sprintf(`2 %d "\x16" true %d true 2 2`, 2*len(conn), len(no+yes))},
		{"refused, then another request", []step{{0, conn + get[:9]}, {1, no}, {0, get[9:]}}, `0 0 "" false 0 false 2 1`},
		{"no answer", []step{{0, conn + "\x16\x03"}}, `0 0 "" false 0 false 1 0`},
		{"upgrade", []step{{0, upgrade}, {1, swtch}, {0, "PRI"}}, fmt.Sprintf("1h2c %d \"\" true %d true 1 0", len(upgrade), len(swtch))},
		{"upgrade, early bytes", []step{{0, upgrade + "PRI * HTTP/2.0\r\n\r\n"}, {1, swtch}}, fmt.Sprintf(`1h2c %d "PRI * HTTP/2.0\r\n\r\n" true %d true 1 0`, len(upgrade), len(swtch))},
		{"upgrade, half a line early", []step{{0, upgrade + "PRI"}, {1, swtch}}, fmt.Sprintf(`1h2c %d "PRI" true %d true 1 0`, len(upgrade), len(swtch))},
		{"upgrade refused", []step{{0, upgrade}, {1, no}, {0, get}}, `0 0 "" false 0 false 2 1`},
		{"upgrade, one way", []step{{0, upgrade + get}}, `0 0 "" false 0 false 2 0`},
		{"upgrade with a body answered early", []step{{0, strings.Replace(upgrade, "\r\n\r\n", "\r\nContent-Length: 4\r\n\r\nab", 1)}, {1, swtch}, {0, "cdPRI"}},
			fmt.Sprintf("1h2c %d \"\" true %d true 1 0", len(upgrade)+len("Content-Length: 4\r\nabcd"), len(swtch))},
		{"101 alone", []step{{1, swtch}}, fmt.Sprintf(`1 0 "" false %d true 0 0`, len(swtch))},
		{"CONNECT behind its answer", []step{{1, yes + "x"}, {1, "y"}, {0, conn}, {0, "\x16\x03"}}, fmt.Sprintf(`1 %d "" true %d true 1 1`, len(conn), len(yes))},
		{"refused CONNECT behind its answer", []step{{1, no + yes + "x"}, {0, conn + conn + "\x16"}}, fmt.Sprintf(`2 %d "" true %d true 2 2`, 2*len(conn), len(no+yes))},
		{"upgrade behind its answer", []step{{1, swtch + "x"}, {0, upgrade + "PRI"}}, fmt.Sprintf("1h2c %d \"\" true %d true 1 0", len(upgrade), len(swtch))},
		{"answers ahead of GET and CONNECT", []step{{1, "HTTP/1.1 200 x\r\nContent-Length: 1\r\n\r\na" + yes + "x"}, {0, get + conn}},
			fmt.Sprintf("2 %d \"\" true %d true 2 2", len(get+conn), len("HTTP/1.1 200 x\r\nContent-Length: 1\r\n\r\na"+yes))},
		{"too much ahead", []step{{1, yes + strings.Repeat("x", maxHead+1)}, {0, conn}}, `0 0 "" false 0 false 1 1`},
		{"second request", []step{{0, get}, {1, "HTTP/1.1 200 x\r\nContent-Length: 0\r\n\r\n"}, {0, upgrade}, {1, swtch}},
			fmt.Sprintf(`2h2c %d "" true %d true 2 1`, len(get+upgrade), len("HTTP/1.1 200 x\r\nContent-Length: 0\r\n\r\n"+swtch))},
		{"too much early", []step{{0, conn + "\x16" + strings.Repeat("x", maxHead)}, {1, yes}}, fmt.Sprintf(`1 0 "" false %d true 1 1`, len(yes))},
	} {
		for _, size := range []int{1 << 20, 1, 7} {
			var h Conn
			for _, s := range c.steps {
				for rest := []byte(s.b); len(rest) > 0; {
					n := min(len(rest), size)
					h.Feed(s.dir, rest[:n], 0)
					rest = rest[n:]
				}
			}
			h.Finish()
			at0, ok0 := h.Tunnel(0)
			at1, ok1 := h.Tunnel(1)
			got := fmt.Sprintf("%d%s %d %q %v %d %v %d %d", h.TunnelRequest(), text(h.AppendUpgrade), at0, h.Held(0), ok0, at1, ok1, h.RequestCount(), h.ResponseCount())
			if got != c.want {
				t.Errorf("%s, pieces of %d: got %s, want %s", c.name, size, got, c.want)
			}
		}
	}
}

func TestLooks(t *testing.T) {
	for in, want := range map[string]proto.Verdict{
		"": proto.NeedMore, "G": proto.NeedMore, "GET ": proto.NeedMore, "GET / HTTP/1.1\r\n": proto.Mine, "GET / HTTP/1.1": proto.NeedMore, "GET / HTTP/2.0\r\n": proto.NotMine,
		"HTTP/1.1 200\n": proto.Mine, "HTTP/1.1 ": proto.NeedMore, "SSH-2.0-x\r\n": proto.NotMine, "\x16\x03": proto.NotMine, " GET": proto.NotMine, "GET\x00": proto.NotMine,
		"GET \x00": proto.NotMine, strings.Repeat("A", 65): proto.NotMine, "EHLO a\r\n": proto.NotMine, "PRI * HTTP/2.0\r\n": proto.NotMine,
	} {
		if got := Looks([]byte(in)); got != want {
			t.Errorf("%q: got %d, want %d", in, got, want)
		}
	}
}
