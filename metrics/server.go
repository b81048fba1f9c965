package metrics

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Limits of a Server: whoever can reach it is not trusted with more.
const (
	maxScrapes     = 4  // at once; others are told 503
	maxConnections = 64 // at once; others are closed
	scrapeTimeout  = 10 * time.Second
)

// Handler answers /metrics, /healthz (200 while the process serves) and /readyz (200 while the run
// is at work, else 503) to GET and HEAD.
func (e *Exporter) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(e.registry, promhttp.HandlerOpts{MaxRequestsInFlight: maxScrapes, Timeout: scrapeTimeout}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok\n") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if e.ready != nil && !e.ready() {
			http.Error(w, "not ready", http.StatusServiceUnavailable)
			return
		}
		io.WriteString(w, "ready\n")
	})
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "/metrics\n/healthz\n/readyz\n") })
	return mux
}

// A Server answers for an Exporter.
type Server struct {
	http     http.Server
	listener *limited
	ended    chan struct{}
}

// Listen serves at an address, HOST:PORT; port 0 is any that is free. Whoever can reach the address
// can read every metric, which name interfaces and clients: a loopback address is for this machine
// alone.
func (e *Exporter) Listen(addr string) (*Server, error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("metrics: %w", err)
	}
	s := &Server{
		http: http.Server{
			Handler: e.Handler(), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: scrapeTimeout,
			WriteTimeout: 2 * scrapeTimeout, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 16 << 10,
		},
		listener: &limited{Listener: l}, ended: make(chan struct{}),
	}
	go func() {
		defer close(s.ended)
		s.http.Serve(s.listener)
	}()
	return s, nil
}

// Addr is where the server listens.
func (s *Server) Addr() net.Addr { return s.listener.Addr() }

// Close ends the server once it has answered what it was asked, within a second.
func (s *Server) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	err := s.http.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = s.http.Close()
	}
	<-s.ended
	return err
}

// limited is a listener that closes connections beyond maxConnections.
type limited struct {
	net.Listener
	open atomic.Int32
}

// Accept waits for the next connection that there is room for.
func (l *limited) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if l.open.Add(1) <= maxConnections {
			return &counted{Conn: c, of: l}, nil
		}
		l.open.Add(-1)
		c.Close()
	}
}

// counted gives its place back when it is closed.
type counted struct {
	net.Conn
	of     *limited
	closed atomic.Bool
}

func (c *counted) Close() error {
	if !c.closed.Swap(true) {
		c.of.open.Add(-1)
	}
	return c.Conn.Close()
}
