// Package feed reads packets the way libpcap's callers are used to: a Feed is open on a
// device (Live) or a file (Offline) and gives its packets by Dispatch, Loop, Next, an
// iterator or in batches, through one filter.
//
//	f, err := feed.Open("eth0")
//	defer f.Close()
//	n, err := f.Dispatch(10, func(p *feed.Packet) error { fmt.Println(p.Time(), p.Length()); return nil })
//
// Why a call came back before it had what was asked for is always told, each by an error of
// its own: io.EOF at the end of a file, ErrTimeout when a device was silent for the read
// timeout, ErrWouldBlock when a call that does not block found nothing, ErrStop when the
// handler said so, the context's error. docs/capture.md has them as a table.
//
// A Feed is used from one goroutine; of a Live, Filter, SetDirection, SetNonblock, Inject,
// Stats and what only reads a setting may be called from others as well. To run callbacks
// beside other work, with statistics and an output, use capture.Capture.
package feed
