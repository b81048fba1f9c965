package kafka

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"pinyon/column"
	"pinyon/sink"
)

// producer is the sink.
type producer struct {
	o       *Options
	client  *kgo.Client
	timeout time.Duration
	encode  encoder
	count   sink.Counters

	// ctx is that of every message; it ends with Abort, which gives up those that wait.
	ctx    context.Context
	giveUp context.CancelFunc

	waiting atomic.Int64  // bytes of messages without an answer
	since   atomic.Int64  // when the last answer came, or when the first of those messages was sent; Unix nanoseconds
	room    chan struct{} // has an element after an answer came

	mu     sync.Mutex
	failed error // the first failure that ends the sink
	lost   error // why the first row was lost
	over   error // what calls are refused with from now on
}

// An encoder makes messages of a batch and gives them to send in the order of their rows.
// rows is how many rows a message holds. An error of send ends it.
type encoder interface {
	encode(b *column.Batch, send func(m *kgo.Record, rows int) error) error
	// Replaced is how many bytes of text were not UTF-8 since the last call.
	replaced() int
}

func open(ctx context.Context, s *column.Schema, o *Options, from *sink.Provenance) (sink.Sink, error) {
	wrong := func(err error) error { return &sink.SettingError{Target: "kafka", Err: err} }
	p, err := o.parse(s)
	if err != nil {
		return nil, wrong(err)
	}
	cl, err := o.client(p)
	if err != nil {
		return nil, wrong(err)
	}
	if err := o.find(ctx, cl, p); err != nil {
		cl.Close()
		return nil, fmt.Errorf("kafka: %w", err)
	}
	k := &producer{o: o, client: cl, timeout: p.timeout, room: make(chan struct{}, 1)}
	k.ctx, k.giveUp = context.WithCancel(context.WithoutCancel(ctx))
	if k.encode, err = newEncoder(ctx, s, o, p, from); err != nil {
		k.giveUp()
		cl.Close()
		return nil, fmt.Errorf("kafka: %w", err)
	}
	return k, nil
}

// ready tells why a call is refused; nil if it is not.
func (k *producer) ready() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.over != nil {
		return k.over
	}
	return k.failed
}

// Write hands the rows to the client, which sends them by itself. It waits while too many
// bytes are without an answer.
func (k *producer) Write(ctx context.Context, b *column.Batch) error {
	if err := k.ready(); err != nil {
		return err
	}
	k.count.Accepted.Add(uint64(b.Rows))
	given := 0
	err := k.encode.encode(b, func(m *kgo.Record, rows int) error {
		given += rows
		return k.send(ctx, m, rows)
	})
	k.count.Replaced.Add(uint64(k.encode.replaced()))
	if err != nil {
		k.count.Lost.Add(uint64(b.Rows - given)) // rows that were not made messages of
		k.fail(err)
	}
	return err
}

// send gives one message to the client, or counts its rows as lost.
func (k *producer) send(ctx context.Context, m *kgo.Record, rows int) error {
	size := int64(len(m.Value) + len(m.Key))
	if err := k.wait(ctx, size); err != nil {
		k.lose(rows, err)
		if errors.Is(err, errFull) {
			return nil
		}
		return err
	}
	if k.waiting.Add(size) == size {
		k.since.Store(time.Now().UnixNano())
	}
	k.client.Produce(k.ctx, m, func(m *kgo.Record, err error) {
		if err == nil {
			k.count.Committed.Add(uint64(rows))
			k.count.Bytes.Add(uint64(size))
		} else {
			k.lose(rows, err)
			if !k.single(err) {
				k.fail(fmt.Errorf("kafka: %w", err))
			}
		}
		k.since.Store(time.Now().UnixNano())
		k.waiting.Add(-size)
		select {
		case k.room <- struct{}{}:
		default:
		}
	})
	return nil
}

var errFull = errors.New("kafka: no room for rows that wait for the broker")

// wait returns once size more bytes may wait for an answer. It is an error if brokers have
// been silent for too long, unless rows may be dropped.
func (k *producer) wait(ctx context.Context, size int64) error {
	for {
		if err := k.ready(); err != nil {
			return err
		}
		n := k.waiting.Load()
		room := n == 0 || n+size <= int64(k.o.Buffer)
		if k.o.Full == Drop {
			if room {
				return nil
			}
			return errFull
		}
		left := k.left()
		if n > 0 && left <= 0 {
			return k.silent()
		}
		if room {
			return nil
		}
		select {
		case <-k.room:
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-k.ctx.Done():
			return sink.ErrAborted
		case <-time.After(left):
		}
	}
}

// silent is the error for brokers that do not answer, with what the client says of it.
func (k *producer) silent() error {
	ctx, cancel := context.WithTimeout(k.ctx, time.Second)
	defer cancel()
	if err := k.client.Ping(ctx); err != nil && ctx.Err() == nil {
		return fmt.Errorf("kafka: no answer for %v: %w", k.timeout, err)
	}
	return fmt.Errorf("kafka: no answer for %v", k.timeout)
}

// single reports whether an error is about one message, or about rows that the sink may lose.
func (k *producer) single(err error) bool {
	return errors.Is(err, kerr.MessageTooLarge) || errors.Is(err, kerr.InvalidRecord) || k.o.Full == Drop
}

// lose counts rows as lost, and remembers why the first were.
func (k *producer) lose(rows int, err error) {
	k.count.Lost.Add(uint64(rows))
	if err == errFull {
		k.count.Dropped.Add(uint64(rows))
	} else {
		k.count.Errors.Add(1)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.lost == nil {
		k.lost = err
	}
}

// fail ends the sink, unless it has ended.
func (k *producer) fail(err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.failed == nil {
		k.failed = err
	}
}

// Flush waits until brokers have answered for every row given so far.
func (k *producer) Flush(ctx context.Context) error {
	if err := k.ready(); err != nil {
		return err
	}
	return k.flush(ctx)
}

func (k *producer) flush(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() {
		for wait := k.timeout; ; {
			select {
			case <-ctx.Done():
				return
			case <-time.After(wait):
			}
			if wait = k.left(); wait <= 0 {
				cancel(errSilent)
				return
			}
		}
	}()
	if err := k.client.Flush(ctx); err != nil {
		return context.Cause(ctx)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.failed
}

// left is how much longer brokers may be silent.
func (k *producer) left() time.Duration {
	return k.timeout - time.Duration(time.Now().UnixNano()-k.since.Load())
}

var errSilent = errors.New("kafka: brokers do not answer")

// Close waits for the brokers' answers and leaves them. Rows that had none in time are lost.
func (k *producer) Close(ctx context.Context) error {
	k.mu.Lock()
	over := k.over
	k.over = errClosed
	failed := k.failed
	k.mu.Unlock()
	if over != nil || failed != nil {
		k.stop()
		if over == errClosed {
			over = nil
		}
		return errors.Join(over, failed)
	}
	err := k.flush(ctx)
	k.stop()
	k.mu.Lock()
	defer k.mu.Unlock()
	if lost := k.count.Lost.Load(); lost > 0 && (err == nil || err == k.failed && k.o.Full == Drop || errors.Is(err, errSilent)) {
		return &sink.LossError{Rows: lost, Err: k.lost}
	}
	return err
}

var errClosed = errors.New("kafka: the sink is closed")

// Abort gives up the rows that no broker has acknowledged. What brokers have stays: Kafka
// takes nothing back.
func (k *producer) Abort() error {
	k.mu.Lock()
	over := k.over
	if over == nil {
		k.over = sink.ErrAborted
	}
	k.mu.Unlock()
	if over == nil {
		k.stop()
	}
	return nil
}

// stop leaves the brokers, and waits until every message has been counted.
func (k *producer) stop() {
	k.giveUp()
	k.client.Close()
	const most = 5 * time.Second // the client answers at once for messages that it gives up
	for end := time.Now().Add(most); k.waiting.Load() > 0 && time.Now().Before(end); {
		select {
		case <-k.room:
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// Counters are the sink's.
func (k *producer) Counters() *sink.Counters { return &k.count }
