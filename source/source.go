// Package source says what gives Pinyon its frames: files, standard input, devices and remote
// servers are sources. It holds the interface, the statistics and errors that all of them
// share, and finds a source by the URL that asks for it (Registry). What happens to a frame
// afterwards is not its concern.
//
// Each kind of source is a package that exports a Descriptor; package source/all lists those
// of this module.
package source

import "pinyon/packet"

// A Source hands out frames in capture order. One goroutine uses it. A source that loses
// nothing and never has to wait embeds a Tally, and so has Ready and Stats.
type Source interface {
	// Next fills f. Data stays valid until the following call, or as long as the caller
	// holds f.Block. At the end it returns io.EOF; the source of a live Input may return
	// ErrTimeout and go on; any other error ends the input too, and the frames before it stand.
	Next(f *packet.Frame) error
	// Ready reports whether Next can be called again while blocks of earlier frames are still
	// held. The reader of a live source asks before each further frame: on false it gives
	// back what it holds before it calls Next, which may wait. A source that lends no memory
	// which it would run out of says true always.
	Ready() bool
	// Stats are the sums so far, after Close those of the whole. A reader asks for them
	// several times a second.
	Stats() Stats
	// Close gives everything back. Frames whose Block is held stay valid.
	Close() error
}

// A Clock is a live source whose time is not this machine's: while nothing comes, flows end by what
// it says and by nothing else.
type Clock interface {
	// Clock is the capture time, in ns since 1970-01-01 UTC, until which Next has given
	// everything that there was; 0 is unknown. The reader asks behind each ErrTimeout.
	Clock() int64
}

// A Union is a source of several captures as one. Its frames come in the order of their merge time,
// which is the greatest timestamp so far of the frame's own capture.
type Union interface {
	Source
	// Time is the merge time of the latest frame, in ns since 1970-01-01 UTC.
	Time() int64
	// End is the greatest timestamp of all captures that the union stands for, those included that
	// are read elsewhere. It is asked for at the end.
	End() int64
}

// An Input is one source by name, not opened yet.
type Input struct {
	Name string
	// Open is called when the input's turn comes, once.
	Open func() (Source, error)
	// Close, if not nil, gives back what the input holds before it is opened, such as a device
	// that was opened while there was the privilege for it. Whoever has an Input calls Open or
	// Close; a run closes those whose turn does not come.
	Close func() error
	// Live says that time passes without frames too: flows end by the wall clock, and rows are
	// handed on as they come. Next tells silence by ErrTimeout, at least once a second.
	Live bool
	// Size is how many bytes there are to read, 0 if that is not known. Several small inputs
	// are read side by side; the rows do not depend on it.
	Size int64
	// Interfaces are the names of several interfaces that the input's frames come from, by
	// packet.Frame.Iface; nil if Name says it. The column input has them.
	Interfaces []string
	// Process, if not nil, tells the process of a number that the input's frames have
	// (packet.Frame.Process); pid is 0 if there is none. Several goroutines call it. The columns
	// process_pid and process_name have it.
	Process func(number uint32) (pid int, name string)
	// Mode is what the metrics of a run call a Live input; empty is account.ModeLive.
	Mode string
}
