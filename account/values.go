package account

import (
	"strconv"

	"pinyon/account/output"
	"pinyon/flow"
	"pinyon/packet"
)

// give takes a number with the values of its labels.
type give = func(n float64, labels ...string)

// origins is a number for each source, which goes on being told after its input has ended.
func origins(value func(*Origin) uint64) func(*Snapshot, give) {
	return func(s *Snapshot, give give) {
		for i := range s.Origins {
			o := &s.Origins[i]
			give(float64(value(o)), o.Name)
		}
	}
}

// lost tells what a source missed by the place: in the device, in the system behind it, in the ring
// for want of room, and in what was left when the capture ended.
func lost(s *Snapshot, give give) {
	for i := range s.Origins {
		o := &s.Origins[i]
		give(float64(o.InterfaceDropped-min(o.BacklogDropped, o.InterfaceDropped)), o.Name, "interface")
		give(float64(o.BacklogDropped), o.Name, "kernel")
		give(float64(o.Dropped), o.Name, "ring")
		give(float64(o.QueueDropped-min(o.Beyond, o.QueueDropped)), o.Name, "queue")
	}
}

// refused tells what a gate kept out, by the reason.
func refused(s *Snapshot, give give) {
	for i := range s.Origins {
		o := &s.Origins[i]
		give(float64(o.Blocked), o.Name, "blocked")
		give(float64(o.NotAllowed), o.Name, "not_allowed")
		give(float64(o.RateLimited), o.Name, "rate_limited")
	}
}

// queues adds up queues of one name, as those of several workers are.
func queues(value func(*Queue) int) func(*Snapshot, give) {
	return func(s *Snapshot, give give) {
		for i := range s.Queues {
			give(float64(value(&s.Queues[i])), s.Queues[i].Name)
		}
	}
}

// bySinks calls f with every output and its label: the format, and behind it which one it is of
// several of that format. The label does not grow with the names of files.
func bySinks(s *Snapshot, f func(w *Writing, label string)) {
	seen := map[string]int{}
	for i := range s.Sinks {
		w := &s.Sinks[i]
		label := w.Format
		if label == "" {
			label = "sink"
		}
		if seen[w.Format]++; seen[w.Format] > 1 {
			label += "-" + strconv.Itoa(seen[w.Format])
		}
		f(w, label)
	}
}

// ofSinks is a metric with a number for each output.
func ofSinks(name string, kind Kind, unit, doc string, value func(*Writing) uint64) Metric {
	return of(name, kind, unit, doc, func(s *Snapshot, give give) {
		bySinks(s, func(w *Writing, label string) { give(float64(value(w)), label) })
	}, "sink")
}

func results(s *Snapshot, give give) {
	bySinks(s, func(w *Writing, label string) {
		give(float64(w.Committed+w.Resumed), label, "ok")
		give(float64(w.Lost-min(w.Dropped, w.Lost)), label, "failed")
		give(float64(w.Dropped), label, "dropped")
	})
}

func flushes(s *Snapshot, give func(output.Durations, ...string)) {
	bySinks(s, func(w *Writing, label string) { give(w.Took, label) })
}

// ofClients is a counter for each client of a server.
func ofClients(name, unit, doc string, value func(*Served) uint64) Metric {
	return of(name, Counter, unit, doc, func(s *Snapshot, give give) {
		for i := range s.Remote.Served {
			give(float64(value(&s.Remote.Served[i])), s.Remote.Served[i].Client)
		}
	}, "client")
}

func took(s *Snapshot, give func(output.Durations, ...string)) {
	for mode, d := range s.Took {
		give(d, mode)
	}
}

func watched(s *Snapshot, give give) {
	for result, n := range s.Watched {
		give(float64(n), result)
	}
}

func dropped(s *Snapshot, give give) {
	for reason, n := range s.Decode.All() {
		if reason.Dropped() {
			give(float64(n), reason.String())
		}
	}
}

func decodeErrors(s *Snapshot, give give) {
	for _, layer := range packet.Layers {
		give(0, layer)
	}
	for reason, n := range s.Decode.All() {
		if layer := reason.Layer(); layer != "" {
			give(float64(n), layer)
		}
	}
}

func givenUp(s *Snapshot, give give) {
	for group, n := range s.GivenUp {
		give(float64(n), group)
	}
}

// errors tells, in the words that JoyfulJay's dashboards know, of inputs that failed, packets that
// could not be read, columns that were given up, and what lies behind outputs.
func errors(s *Snapshot, give give) {
	give(float64(s.Faults), "input")
	decodeErrors(s, func(n float64, _ ...string) { give(n, "parsing") })
	give(0, "connection_extractor")
	for group, n := range s.GivenUp {
		stage := "extractor"
		if group == "connection" {
			stage = "connection_extractor"
		}
		give(float64(n), stage)
	}
	give(0, "output")
	for i := range s.Sinks {
		give(float64(s.Sinks[i].Errors), "output")
	}
}

// ended tells why flows ended, by JoyfulJay's word for it and by that of the column end_reason. A
// flow on whose ports a new connection began counts as completed.
func ended(s *Snapshot, give give) {
	for r := flow.FIN; r < flow.Reasons; r++ {
		word := r.String()
		switch r {
		case flow.FIN, flow.RST, flow.Reused:
			word = "completed"
		case flow.Idle, flow.Active:
			word = "expired"
		}
		give(float64(s.Ended[r]), word, r.String())
	}
}
