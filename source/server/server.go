// Package server has capture servers elsewhere ("pinyon serve") as sources, by their URLs. Package
// remote/client connects to them.
package server

import (
	"context"
	"fmt"
	"math"
	"net/url"
	"os"
	"strconv"
	"sync"
	"time"

	"pinyon/remote"
	"pinyon/remote/client"
	"pinyon/source"
)

// Settings are what the query of a URL may set.
type Settings struct {
	client.Options
	// Address is the options that are parts of the server's address, as they stand in the URL.
	Address url.Values
	// TokenFile holds the token. Without it and without token= the variable PINYON_TOKEN does.
	TokenFile string
}

// Options are the options of a URL.
var Options = []source.Option{
	address("name", "name of the token"),
	address("pin", "sum of the server's public key: sha256: and 43 characters of base64"),
	address("tls", "1 for TLS"),
	address("token", "the token, which others may see"),
	text("token_file", "file that holds the token", func(s *Settings) *string { return &s.TokenFile }),
	text("tls_ca", "certificates of authorities, in place of the system's", func(s *Settings) *string { return &s.Trust.CA }),
	source.Switch("plaintext", "whether packets may come in the clear from another machine", func(s *Settings, on bool) { s.Plaintext = on }),
	{Name: "interface", Type: "text", Doc: "interface of the server that is wanted; without it all are", Set: func(o any, v string) error {
		s := o.(*Settings)
		s.Interfaces = append(s.Interfaces, v)
		return nil
	}},
	source.Number("count", "end after so many packets; 0 is never", 0, math.MaxInt64, func(s *Settings) *uint64 { return &s.Count }),
	source.Duration("duration", "end after so long: 90s, 5m, 2h", func(s *Settings) *time.Duration { return &s.Duration }),
	source.Number("snaplen", "bytes of a packet that are sent", 1, math.MaxInt32, func(s *Settings) *int { return &s.Snaplen }),
	{Name: "reconnect", Type: "number", Range: "0 or more", Doc: "tries in a row to connect before giving up; 0 is for ever", Set: func(o any, v string) error {
		n, err := strconv.ParseUint(v, 10, 31)
		if err != nil {
			return fmt.Errorf("got %q; want 0 or more", v)
		}
		if o.(*Settings).Tries = int(n); n == 0 {
			o.(*Settings).Tries = client.Forever
		}
		return nil
	}},
}

// address is an option that is a part of the server's address.
func address(name, doc string) source.Option {
	return source.Option{Name: name, Type: "text", Doc: doc, Set: func(o any, v string) error {
		o.(*Settings).Address.Set(name, v)
		return nil
	}}
}

// text is an option that is a text in the settings.
func text(name, doc string, field func(*Settings) *string) source.Option {
	return source.Option{Name: name, Type: "text", Doc: doc, Set: func(o any, v string) error {
		*field(o.(*Settings)) = v
		return nil
	}}
}

// Mode is what metrics call work on packets of servers: account.ModeRemote.
const Mode = "remote"

// Server is a capture server: pinyons://HOST:PORT, or pinyon:// without TLS. It is connected to when
// the input is made.
var Server = &source.Descriptor{
	Name: "server", Schemes: []string{"pinyon", "pinyons", "jj", "jjs"}, Doc: "Packets that a capture server sends.",
	Options: Options,
	Input: func(to *source.Target, run *source.Run) (source.Input, error) {
		s, err := settings(to, run)
		if err != nil {
			return source.Input{}, err
		}
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		opened := make(chan struct{})
		defer close(opened)
		go func() {
			select {
			case <-run.Stop: // nil is never
				cancel()
			case <-opened:
			}
		}()
		c, err := client.Open(ctx, &s.Options)
		if err != nil {
			return source.Input{}, err
		}
		return input(c, run.Stop), nil
	},
}

// settings are the options of a target.
func settings(to *source.Target, run *source.Run) (*Settings, error) {
	s := &Settings{Options: client.Options{Filter: run.Filter}, Address: url.Values{}}
	where := to.Scheme + "://" + to.Path
	if err := source.SetAll(Options, s, to.Query); err != nil {
		return nil, fmt.Errorf("%s: %w", where, err)
	}
	var err error
	if s.Options.Address, err = remote.ParseAddress(where + "?" + s.Address.Encode()); err != nil {
		return nil, err
	}
	switch {
	case s.TokenFile != "":
		if s.Token, err = remote.ReadSecret(s.TokenFile); err != nil {
			return nil, fmt.Errorf("%s: token_file: %w", where, err)
		}
	case s.Options.Address.Token == "":
		s.Token = os.Getenv("PINYON_TOKEN")
	}
	return s, nil
}

// input is a connected client as an input.
func input(c *client.Client, stop <-chan struct{}) source.Input {
	in := source.Input{Name: c.Name(), Live: true, Mode: Mode, Close: c.Close, Open: func() (source.Source, error) { return c, nil }}
	if stop != nil {
		in.Open = func() (source.Source, error) { return stopping(c, stop), nil }
	}
	if names := c.Interfaces(); len(names) > 1 {
		in.Interfaces = names
	}
	return in
}

// stoppable is a client that ends when its run is to.
type stoppable struct {
	*client.Client
	once   sync.Once
	closed chan struct{}
}

func stopping(c *client.Client, stop <-chan struct{}) *stoppable {
	s := &stoppable{Client: c, closed: make(chan struct{})}
	go func() {
		select {
		case <-stop:
			c.Stop()
		case <-s.closed:
		}
	}()
	return s
}

// Close ends the source.
func (s *stoppable) Close() error {
	s.once.Do(func() { close(s.closed) })
	return s.Client.Close()
}
