// Command peer holds conversations for record.sh:
//
//	peer serve CERT KEY ADDR         an HTTPS server: DNS over HTTPS (RFC 8484) and pages; cells for who asks by ALPN
//	peer doh ADDR NAME N 0           N queries over one connection, with NAME as server name
//	peer page ADDR NAME N SIZE       N pages of SIZE bytes
//	peer cells ADDR NAME N PAUSE     N cells of 514 bytes (Tor's link protocol 4 and up) each way, PAUSE ms apart
//
// record.sh builds it in a module of its own.
package main

import (
	"bytes"
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"time"
)

const (
	cell   = 514 // tor-spec: circuit id 4, command 1, body 509
	thinks = 15 * time.Millisecond
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "peer:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) == 4 && args[0] == "serve" {
		return serve(args[1], args[2], args[3])
	}
	if len(args) != 5 {
		return fmt.Errorf("usage: peer serve CERT KEY ADDR | doh|page|cells ADDR NAME N SIZE|PAUSE|0")
	}
	n, err := strconv.Atoi(args[3])
	if err != nil {
		return err
	}
	last, err := strconv.Atoi(args[4])
	if err != nil {
		return err
	}
	addr, cfg := args[1], &tls.Config{InsecureSkipVerify: true, ServerName: args[2]}
	switch args[0] {
	case "doh":
		return get(addr, cfg, n, func(i int) (*http.Request, error) {
			req, err := http.NewRequest("POST", "https://"+addr+"/dns-query", bytes.NewReader(query(i)))
			if err == nil {
				req.Header.Set("Content-Type", "application/dns-message")
			}
			return req, err
		})
	case "page":
		return get(addr, cfg, n, func(int) (*http.Request, error) {
			return http.NewRequest("GET", "https://"+addr+"/page?size="+args[4], nil)
		})
	case "cells":
		return cells(addr, cfg, n, time.Duration(last)*time.Millisecond)
	}
	return fmt.Errorf("unknown word %q", args[0])
}

func get(addr string, cfg *tls.Config, n int, request func(int) (*http.Request, error)) error {
	t := &http.Transport{TLSClientConfig: cfg, ForceAttemptHTTP2: true}
	defer t.CloseIdleConnections()
	for i := range n {
		req, err := request(i)
		if err != nil {
			return err
		}
		res, err := (&http.Client{Transport: t, Timeout: 5 * time.Second}).Do(req)
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

// query asks for the A record of a name, with EDNS and padding to 128 bytes (RFC 8467).
func query(i int) []byte {
	b := []byte{0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1}
	for _, label := range []string{fmt.Sprintf("host%d", i), "pinyon", "example"} {
		b = append(append(b, byte(len(label))), label...)
	}
	b = append(b, 0, 0, 1, 0, 1)
	pad := 128 - len(b) - 15
	b = append(b, 0, 0, 41, 16, 0, 0, 0, 0, 0)
	b = binary.BigEndian.AppendUint16(b, uint16(pad+4))
	b = binary.BigEndian.AppendUint16(append(b, 0, 12), uint16(pad))
	return append(b, make([]byte, pad)...)
}

func serve(cert, key, addr string) error {
	mux := http.NewServeMux()
	mux.HandleFunc("/dns-query", func(w http.ResponseWriter, r *http.Request) {
		q, err := io.ReadAll(io.LimitReader(r.Body, 1<<16))
		if err != nil || len(q) < 12 {
			http.Error(w, "no message", http.StatusBadRequest)
			return
		}
		time.Sleep(thinks)
		answer := make([]byte, 468) // the block size of RFC 8467
		copy(answer, q)
		answer[2] |= 0x80
		w.Header().Set("Content-Type", "application/dns-message")
		w.Write(answer)
	})
	mux.HandleFunc("/page", func(w http.ResponseWriter, r *http.Request) {
		size, _ := strconv.Atoi(r.FormValue("size"))
		time.Sleep(thinks)
		w.Write(make([]byte, min(max(size, 0), 1<<20)))
	})
	s := &http.Server{Addr: addr, Handler: mux, TLSConfig: &tls.Config{NextProtos: []string{"h2", "http/1.1", "cells"}}}
	return listen(s, cert, key)
}

// listen serves HTTP, and echoes cells on connections that ask for it.
func listen(s *http.Server, cert, key string) error {
	s.TLSNextProto = map[string]func(*http.Server, *tls.Conn, http.Handler){
		"cells": func(_ *http.Server, c *tls.Conn, _ http.Handler) {
			defer c.Close()
			b := make([]byte, cell)
			for {
				if _, err := io.ReadFull(c, b); err != nil {
					return
				}
				if _, err := c.Write(b); err != nil {
					return
				}
			}
		},
	}
	p := new(http.Protocols)
	p.SetHTTP1(true)
	p.SetHTTP2(true)
	s.Protocols = p
	fmt.Println("ready")
	return s.ListenAndServeTLS(cert, key)
}

func cells(addr string, cfg *tls.Config, n int, pause time.Duration) error {
	cfg.NextProtos = []string{"cells"}
	c, err := tls.Dial("tcp", addr, cfg)
	if err != nil {
		return err
	}
	defer c.Close()
	b := make([]byte, cell)
	for range n {
		if _, err := c.Write(b); err != nil {
			return err
		}
		if _, err := io.ReadFull(c, b); err != nil {
			return err
		}
		time.Sleep(pause)
	}
	return nil
}
