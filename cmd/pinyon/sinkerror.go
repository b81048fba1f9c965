package main

import (
	"fmt"

	"pinyon/sink/files"
)

// What --on-sink-error may say.
const (
	stopRun  = "stop" // the run ends with the error
	dropRows = "drop" // the output's further rows are dropped and counted, and the others go on
	// rows of servers wait on disk until these are back; of files it is stop, or drop if live
	spoolRows = "spool"
)

// policy is what becomes of a run when an output fails: what the flag says, or else that a live
// run, which cannot be repeated, goes on, and another one stops.
func (x *extraction) policy(live bool) (string, error) {
	if x.spool != (spoolFlags{}) && x.onError != spoolRows {
		return "", usage("--spool-dir, --spool-size and --spool-wait need --on-sink-error spool")
	}
	switch x.onError {
	case "":
		if live {
			return dropRows, nil
		}
		return stopRun, nil
	case "continue":
		return dropRows, nil
	case stopRun, dropRows, spoolRows:
		return x.onError, nil
	}
	return "", usage("--on-sink-error: got %q; want stop, drop or spool", x.onError)
}

// apply has outputs do what the policy says.
func (x *extraction) apply(outs *files.Outputs, policy string, live bool, works func() bool) error {
	if policy == dropRows || policy == spoolRows && live {
		outs.GoOn(x.goOn(len(x.targets), works))
	}
	if policy == spoolRows {
		return x.keepRows(outs, live)
	}
	return nil
}

// goOn gives what the run does when one of so many outputs of rows fails: it goes on with the
// others, and with what else works. Without any of these the error ends it.
func (x *extraction) goOn(outputs int, works func() bool) func(*files.Opened, *files.Kept, error) error {
	return func(o *files.Opened, kept *files.Kept, err error) error {
		outputs--
		x.sinkFailed = true
		if outputs == 0 && !works() {
			return err
		}
		rows := "none of its rows can be kept"
		switch c := o.Sink.Counters().Stats(); {
		case kept != nil:
			rows = fmt.Sprintf("%d complete rows -> %s", kept.Rows, kept.Path)
		case o.Target.Path == "-":
			x.lost = false // the error is told here
			rows = fmt.Sprintf("%d rows were written", c.Committed)
		case o.Target.Sink.Stream == nil:
			rows = fmt.Sprintf("%d rows are committed", c.Committed+c.Resumed)
		}
		x.say("%s: %v; %s; going on without this output", x.name, err, rows)
		return nil
	}
}
