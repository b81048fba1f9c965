// Command http3 fetches one page from itself over HTTP/3: http3 serve|get CERT KEY ADDR.
// record.sh builds it in a module of its own, so that quic-go is no dependency of Pinyon.
package main

import (
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"

	"github.com/quic-go/quic-go/http3"
)

func main() {
	if len(os.Args) != 5 {
		fmt.Fprintln(os.Stderr, "usage: http3 serve|get CERT KEY ADDR")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2], os.Args[3], os.Args[4]); err != nil {
		fmt.Fprintln(os.Stderr, "http3:", err)
		os.Exit(1)
	}
}

func run(side, cert, key, addr string) error {
	if side == "serve" {
		page := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, strings.Repeat("pinyon ", 600))
		})
		return http3.ListenAndServeQUIC(addr, cert, key, page)
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
