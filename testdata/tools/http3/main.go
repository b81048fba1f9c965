// Command http3 fetches one page from itself over HTTP/3: http3 serve|retry|hrr|get CERT KEY ADDR.
// To retry is to serve those who come back with a token (RFC 9000 section 8.1.2); hrr serves those
// who come back with a key share of P-384, by a HelloRetryRequest (RFC 8446 section 4.1.4).
// record.sh builds it in a module of its own, so that quic-go is no dependency of Pinyon.
package main

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
)

func main() {
	if len(os.Args) != 5 {
		fmt.Fprintln(os.Stderr, "usage: http3 serve|retry|hrr|get CERT KEY ADDR")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2], os.Args[3], os.Args[4]); err != nil {
		fmt.Fprintln(os.Stderr, "http3:", err)
		os.Exit(1)
	}
}

func run(side, cert, key, addr string) error {
	page := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, strings.Repeat("pinyon ", 600))
	})
	switch side {
	case "serve":
		return http3.ListenAndServeQUIC(addr, cert, key, page)
	case "retry":
		return listen(cert, key, addr, page, true)
	case "hrr":
		return listen(cert, key, addr, page, false, tls.CurveP384)
	}
	t := &http3.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true, ServerName: "pinyon.example"}}
	defer t.Close()
	res, err := (&http.Client{Transport: t}).Get("https://" + addr + "/")
	if err != nil {
		return err
	}
	defer res.Body.Close()
	n, err := io.Copy(io.Discard, res.Body)
	fmt.Println(res.Proto, n)
	return err
}

func listen(cert, key, addr string, page http.Handler, tokens bool, curves ...tls.CurveID) error {
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		return err
	}
	conn, err := net.ListenPacket("udp", addr)
	if err != nil {
		return err
	}
	t := &quic.Transport{Conn: conn, VerifySourceAddress: func(net.Addr) bool { return tokens }}
	l, err := t.ListenEarly(http3.ConfigureTLSConfig(&tls.Config{Certificates: []tls.Certificate{pair}, CurvePreferences: curves}), nil)
	if err != nil {
		return err
	}
	return (&http3.Server{Handler: page}).ServeListener(l)
}
