package http2

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"golang.org/x/net/http2/hpack"
)

// told prints the columns of a request and its response.
func told(c *Conn) string {
	var b strings.Builder
	for _, f := range []func([]byte) []byte{
		c.AppendVersionReq, c.AppendMethod, c.AppendHost, c.AppendURI, c.AppendUserAgent, c.AppendReferer, c.AppendAcceptLanguage,
		c.AppendAuthScheme, c.AppendContentType, c.AppendServer,
	} {
		fmt.Fprintf(&b, "%s|", f(nil))
	}
	fmt.Fprint(&b, c.URILen(), c.Cookie(), c.Status(), c.ContentLength())
	return b.String()
}

// A sender encodes the header blocks of one direction, and cuts them into frames.
type sender struct {
	rng *rand.Rand
	buf bytes.Buffer
	enc *hpack.Encoder
}

func newSender(rng *rand.Rand) *sender {
	s := &sender{rng: rng}
	s.enc = hpack.NewEncoder(&s.buf)
	return s
}

// block is a block of fields, given as name, value, name, value, of a stream, or of a promise
// on it.
func (s *sender) block(promise bool, stream uint32, fields ...string) (out []byte) {
	s.buf.Reset()
	for i := 0; i < len(fields); i += 2 {
		s.enc.WriteField(hpack.HeaderField{Name: fields[i], Value: fields[i+1], Sensitive: s.rng.IntN(5) == 0})
	}
	rest := s.buf.Bytes()
	for typ := byte(typeHeaders); ; typ = typeContinuation {
		n := len(rest)
		if s.rng.IntN(2) == 0 {
			n = s.rng.IntN(len(rest) + 1)
		}
		var flags, pad byte
		var body []byte
		if typ == typeHeaders && s.rng.IntN(2) == 0 {
			flags, pad = flags|flagPadded, byte(s.rng.IntN(20))
			body = append(body, pad)
		}
		if typ == typeHeaders && promise {
			body = append(body, 0, 0, 0, byte(stream+1))
		} else if typ == typeHeaders && s.rng.IntN(2) == 0 {
			flags |= flagPriority
			body = append(body, 0, 0, 0, 0, 16)
		}
		body = append(append(body, rest[:n]...), make([]byte, pad)...)
		if rest = rest[n:]; len(rest) == 0 {
			flags |= flagEndHeaders
		}
		if typ == typeHeaders && promise {
			out = append(out, frame(typePushPromise, flags, stream, body...)...)
		} else {
			out = append(out, frame(typ, flags, stream, body...)...)
		}
		if len(rest) == 0 {
			return out
		}
	}
}

// TestMessages makes connections of several requests whose responses come in any order, with
// interim ones, pushes, trailers, padding and CONTINUATION, and reads them in pieces, the
// server's bytes first or last. What is told is the first request and its response.
func TestMessages(t *testing.T) {
	for seed := range uint64(300) {
		rng := rand.New(rand.NewPCG(seed, 7))
		c, v := newSender(rng), newSender(rng)
		client, server := cat(preface, settings), cat(settings, ack)
		upgraded, streams := rng.IntN(4) == 0, 1+rng.IntN(5)
		from := uint32(1 + 2*rng.IntN(3))
		if upgraded {
			from = 3
		}
		for i := range streams {
			client = cat(client, c.block(false, from+2*uint32(i), ":method", fmt.Sprint("M", i), ":path", fmt.Sprintf("/%d%s", i, strings.Repeat("p", rng.IntN(400))),
				":authority", fmt.Sprintf("Host%d.example", i), "user-agent", fmt.Sprint("agent ", i), "accept-language", "De-at, en;q=0.1",
				"authorization", "Basic c2VjcmV0", "cookie", "a=b", "referer", "\\r"), frame(typeData, 0, from+2*uint32(i), 'x'))
		}
		answer := func(stream uint32, i int) {
			if rng.IntN(3) == 0 {
				server = cat(server, v.block(false, stream, ":status", "103", "server", "early"))
			}
			if rng.IntN(3) == 0 {
				server = cat(server, v.block(true, stream, ":method", "PUSH", ":path", "/pushed"))
			}
			if rng.IntN(3) == 0 {
				server = cat(server, v.block(false, 2, ":status", "299", "server", "pushed"))
			}
			server = cat(server, v.block(false, stream, ":status", fmt.Sprint(300+i), "server", fmt.Sprint("srv ", i), "content-type", "t/x", "content-length", fmt.Sprint(1000+i)),
				frame(typeData, 0, stream, 'y'), v.block(false, stream, "trailer", "t"))
		}
		order := rng.Perm(streams)
		first := 0
		if upgraded {
			order = append(order, -1) // stream 1, whose request HTTP/1 carried
			rng.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
			first = -1
		}
		for _, i := range order {
			answer(uint32(int(from)+2*i), i)
		}
		want := fmt.Sprintf("|srv %d|", first)
		var conn Conn
		if upgraded {
			conn.Upgrade(1)
		}
		dirs := []int{0, 1}
		if rng.IntN(2) == 0 {
			dirs = []int{1, 0}
		}
		for _, dir := range dirs {
			for rest := [][]byte{client, server}[dir]; len(rest) > 0; {
				n := min(len(rest), 1+rng.IntN(1+rng.IntN(2000)))
				conn.Feed(dir, rest[:n])
				rest = rest[n:]
			}
		}
		got := told(&conn)
		if conn.Status() != int64(300+first) || conn.ContentLength() != int64(1000+first) || !strings.Contains(got, want) {
			t.Fatalf("seed %d: response %s; want %s", seed, got, want)
		}
		if request := "2|M0|host0.example|/0"; strings.HasPrefix(got, request) == upgraded {
			t.Fatalf("seed %d: request %s", seed, got)
		}
		if !upgraded && !strings.Contains(got, `|agent 0|\x5cr|de-at|Basic|t/x|`) {
			t.Fatalf("seed %d: %s", seed, got)
		}
	}
}

// TestMessagesCut: without its first block, or behind a fault, a direction tells nothing, and
// a side alone tells what is its.
func TestMessagesCut(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	request := func() []byte {
		return newSender(rng).block(false, 1, ":method", "GET", ":path", "/", ":authority", "a")
	}
	response := func() []byte { return newSender(rng).block(false, 1, ":status", "404", "server", "s") }
	for _, c := range []struct {
		name           string
		client, server []byte
		want           string
	}{
		{"client alone", cat(preface, settings, request()), nil, "2|GET|a|/|||||||1 false 0 -1"},
		{"server alone", nil, cat(settings, ack, response()), "|||||||||s|0 false 404 -1"},
		{"a bad index", cat(preface, settings, frame(typeHeaders, 4, 1, 0xff, 0x80, 1), request()), cat(settings, response()), "|||||||||s|0 false 404 -1"},
		{"a frame between", cat(preface, settings, frame(typeHeaders, 0, 1, 0x82), frame(typePing, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8), frame(typeContinuation, 4, 1, 0x84)), nil, "||||||||||0 false 0 -1"},
		{"more padding than body", cat(preface, settings, frame(typeHeaders, 4|flagPadded, 1, 9, 0x82)), nil, "||||||||||0 false 0 -1"},
		{"no room for the priority", cat(preface, settings, frame(typeHeaders, 4|flagPriority, 1, 0x82)), nil, "||||||||||0 false 0 -1"},
		{"a block beyond the bound", cat(preface, settings, frame(typeHeaders, 0, 1, 0x82), big(typeContinuation, 1, 16384), big(typeContinuation, 1, 16384)), nil, "||||||||||0 false 0 -1"},
		{"no frame of a server's", cat(preface, settings, request()), cat([]byte("HTTP/1.1 200\r\n"), response()), "2|GET|a|/|||||||1 false 0 -1"},
	} {
		var conn Conn
		conn.Feed(0, c.client)
		conn.Feed(1, c.server)
		if got := told(&conn); got != c.want {
			t.Errorf("%s: got %s; want %s", c.name, got, c.want)
		}
	}
}
