// Command web is what web.sh asks of servers and clients that Debian does not have:
//
//	web serve CERT KEY ADDR OLD CLEAR   DNS over HTTPS (RFC 8484) and pages: on ADDR HTTP/2, HTTP/1.1 and HTTP/3, on OLD HTTP/1.1, on CLEAR without TLS
//	web doh3 ADDR NAME N                N queries over one connection of HTTP/3, with NAME as server name
//	web page3 ADDR NAME N SIZE          N pages of SIZE bytes over one connection of HTTP/3
//
// Every question is answered with the address 10.78.0.4. web.sh builds it in a module of its own.
package main

import (
	"bytes"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"

	"github.com/quic-go/quic-go/http3"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "web:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	switch {
	case len(args) == 6 && args[0] == "serve":
		return serve(args[1], args[2], args[3], args[4], args[5])
	case len(args) == 4 && args[0] == "doh3":
		return get3(args[2], args[3], func() (*http.Request, error) {
			r, err := http.NewRequest("POST", "https://"+args[1]+"/dns-query", bytes.NewReader(query()))
			if err == nil {
				r.Header.Set("Content-Type", "application/dns-message")
			}
			return r, err
		})
	case len(args) == 5 && args[0] == "page3":
		return get3(args[2], args[3], func() (*http.Request, error) {
			return http.NewRequest("GET", "https://"+args[1]+"/page?size="+args[4], nil)
		})
	}
	return errors.New("usage: web serve CERT KEY ADDR OLD CLEAR | doh3 ADDR NAME N | page3 ADDR NAME N SIZE")
}

func get3(name, count string, request func() (*http.Request, error)) error {
	n, err := strconv.Atoi(count)
	if err != nil {
		return err
	}
	t := &http3.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true, ServerName: name}}
	defer t.Close()
	for range n {
		req, err := request()
		if err != nil {
			return err
		}
		res, err := t.RoundTrip(req)
		if err != nil {
			return err
		}
		_, err = io.Copy(io.Discard, res.Body)
		res.Body.Close()
		if err != nil {
			return err
		}
	}
	return nil
}

// query asks for the A record of www.pinyon.example.
func query() []byte {
	b := []byte{0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0}
	for _, label := range []string{"www", "pinyon", "example"} {
		b = append(append(b, byte(len(label))), label...)
	}
	return append(b, 0, 0, 1, 0, 1)
}

// answer gives the address 10.78.0.4 to a question for A records, and nothing to others.
func answer(q []byte) ([]byte, error) {
	end := 12
	for end < len(q) && q[end] != 0 {
		end += 1 + int(q[end])
	}
	if end += 5; end > len(q) {
		return nil, errors.New("no question")
	}
	b := bytes.Clone(q[:end])
	copy(b[2:], []byte{0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0})
	if q[end-3] == 1 {
		b[7] = 1
		b = append(b, 0xc0, 12, 0, 1, 0, 1, 0, 0, 1, 44, 0, 4, 10, 78, 0, 4)
	}
	return b, nil
}

func lookup(w http.ResponseWriter, r *http.Request) {
	q, err := io.ReadAll(io.LimitReader(r.Body, 1<<16))
	if r.Method == http.MethodGet {
		q, err = base64.RawURLEncoding.DecodeString(r.FormValue("dns"))
	}
	if err == nil {
		q, err = answer(q)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/dns-message")
	w.Write(q)
}

func page(w http.ResponseWriter, r *http.Request) {
	size, _ := strconv.Atoi(r.FormValue("size"))
	w.Write(make([]byte, min(max(size, 0), 1<<20)))
}

func serve(cert, key, addr, old, clear string) error {
	mux := http.NewServeMux()
	mux.HandleFunc("/dns-query", lookup)
	mux.HandleFunc("/page", page)
	one := new(http.Protocols)
	one.SetHTTP1(true)
	failed := make(chan error, 4)
	go func() { failed <- http.ListenAndServeTLS(addr, cert, key, mux) }()
	go func() { failed <- (&http.Server{Addr: old, Handler: mux, Protocols: one}).ListenAndServeTLS(cert, key) }()
	go func() { failed <- http.ListenAndServe(clear, mux) }()
	go func() { failed <- http3.ListenAndServeQUIC(addr, cert, key, mux) }()
	return <-failed
}
