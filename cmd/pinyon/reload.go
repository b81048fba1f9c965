package main

import (
	"fmt"
	"os"
	"os/signal"
	"strings"
	"time"

	"pinyon/source"
)

// lookEvery is how often files are looked at whether they have changed.
const lookEvery = time.Second

// A changeable is a device whose filter may change while it is read.
type changeable interface {
	SetFilter(expr string) error
	FilterExpr() string
	Stats() source.Stats
}

// listen has SIGUSR1 ask for a reload instead of ending the process, from before the device is open.
func (s *sensor) listen() {
	s.asked = make(chan os.Signal, 1)
	if len(reloadSignals) > 0 {
		signal.Notify(s.asked, reloadSignals...)
	}
}

// follow reads the files again when one of them has changed, and at every SIGUSR1, until stop is
// closed.
func (s *sensor) follow(dev changeable, stop <-chan struct{}) {
	if !s.runs() {
		return
	}
	s.tellSums(dev, stop)
	go func() {
		defer signal.Stop(s.asked)
		tick := time.NewTicker(lookEvery)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case <-s.asked:
				s.state = stateOf(s.paths)
				s.reload(dev, true)
			case <-tick.C:
				s.tellDropped(dev)
				// A file that is just being written is read once it has been left alone.
				if now := stateOf(s.paths); now != s.state && now == s.seen {
					s.state = now
					s.reload(dev, false)
				} else {
					s.seen = now
				}
			}
		}
	}()
}

// stateOf tells files apart from what they were.
func stateOf(paths []string) string {
	var b strings.Builder
	for _, path := range paths {
		if info, err := os.Stat(path); err == nil {
			b.WriteString(fmt.Sprint(info.ModTime().UnixNano(), info.Mode(), info.Size()))
		}
		b.WriteByte(0)
	}
	return b.String()
}

// reload reads the files again. What can change while the capture runs does: filter, lists of
// addresses, rate limit, whether packets are printed. The rest is said by its name. If a file is
// wrong, or the device refuses the filter, everything stays as it was.
func (s *sensor) reload(dev changeable, asked bool) {
	c, p, err := planOf(s.paths)
	if err != nil {
		s.app.say("warning: reload: the capture goes on as it was: %s", strings.ReplaceAll(err.Error(), "\n", "; "))
		return
	}
	changed := s.settings.Changed(c)
	if len(changed) == 0 {
		if asked {
			s.app.say("reload: nothing has changed")
		}
		return
	}
	filters, rest := false, []string(nil)
	var now []string
	for _, key := range changed {
		switch {
		case key == "sniffer.filter" || strings.HasPrefix(key, "sniffer.filters."):
			filters = true
		case key == "sniffer.security.rate_limit" || key == "sniffer.security.blacklist" || key == "sniffer.security.whitelist" || key == "sniffer.performance.enable_realtime_display":
			now = append(now, key)
		default:
			rest = append(rest, key)
		}
	}
	if filters && s.filterFlag {
		s.app.say("note: reload: the filter of the command line goes over that of the files")
	} else if filters && p.Capture.Filter != dev.FilterExpr() {
		before := dev.Stats().FilterDropped
		if err := dev.SetFilter(p.Capture.Filter); err != nil {
			s.app.say("warning: reload: the capture goes on as it was: %v", err)
			return
		}
		s.dropped, s.waits = before, true
		s.app.say("reload: filter: %s", or(p.Capture.Filter, "none"))
	}
	s.gate.Set(&p.Gate)
	s.lines.Store(p.Lines)
	if len(now) > 0 {
		s.app.say("reload: changed: %s", strings.Join(now, ", "))
	}
	if len(rest) > 0 {
		s.app.say("note: reload: does not change while the capture runs, and holds from the next one on: %s", strings.Join(rest, ", "))
	}
	s.settings, s.plan = c, p
}

// tellDropped tells what a change of filter has cost, once that is known.
func (s *sensor) tellDropped(dev changeable) {
	if !s.waits {
		return
	}
	s.waits = false
	if n := dev.Stats().FilterDropped - s.dropped; n > 0 {
		s.app.say("reload: %d packets that the earlier filter had let in were dropped", n)
	}
}
