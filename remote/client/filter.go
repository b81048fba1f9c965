package client

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/coder/websocket"

	"pinyon/remote"
	"pinyon/remote/wire"
)

// filterTime is how long the server is given to put another filter in force.
const filterTime = 10 * time.Second

// An asked is another filter that the server was asked for.
type asked struct {
	id     uint64
	expr   string
	answer chan error // has room for one
}

// SetFilter has the server send what another filter lets pass, in the language of pcap-filter(7); ""
// is all that the token allows. It holds for packets that the server captures once it returns, and
// for connections that are made again. A filter that does not compile, which is a
// *remote.ProtocolError, and a server that does not answer leave the old one. Any goroutine may
// call it while another one calls Next.
func (c *Client) SetFilter(expr string) error {
	c.filtering.Lock()
	defer c.filtering.Unlock()
	if len(expr) > wire.MaxFilter {
		return &remote.ProtocolError{Err: fmt.Errorf("a filter of %d bytes; %d are the most", len(expr), wire.MaxFilter)}
	}
	l := c.link.Load()
	if l == nil || c.stopped.Load() {
		return errStopped
	}
	c.mu.Lock()
	c.lastID++
	a := &asked{id: c.lastID, expr: expr, answer: make(chan error, 1)}
	c.asked = a
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		c.asked = nil
		c.mu.Unlock()
	}()
	ctx, cancel := context.WithTimeout(c.ctx, filterTime)
	defer cancel()
	if err := l.ws.Write(ctx, websocket.MessageBinary, wire.Append(nil, &wire.Filter{ID: a.id, Expr: expr})); err != nil {
		return err
	}
	select {
	case err := <-a.answer:
		return err
	case <-ctx.Done():
		return errors.New("remote: the server does not answer for a filter")
	}
}

// SetFilter is SetFilter of every server; the first error is returned, after all were asked.
func (m *Merged) SetFilter(expr string) (err error) {
	for _, s := range m.list {
		err = cmp.Or(err, s.Client.SetFilter(expr))
	}
	return err
}

// answered takes the server's answer for a filter: FILTER_OK, or the error of one that does not
// compile. It reports whether one was asked for, were it that nobody waits for the answer any more.
func (c *Client) answered(ok *wire.FilterOK, err error) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	a := c.asked
	if a == nil || ok != nil && ok.ID != a.id {
		return c.lastID > 0 && (ok == nil || ok.ID <= c.lastID)
	}
	c.asked = nil
	if ok != nil {
		c.expr, c.inForce = a.expr, ok.Expr
	}
	a.answer <- err
	return true
}

// wanted is the filter to ask for.
func (c *Client) wanted() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.expr
}

// FilterExpr is the filter in force, the token's included.
func (c *Client) FilterExpr() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.inForce
}
