package main

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"pinyon/capture/plan"
	"pinyon/logging"
	"pinyon/packet"
	"pinyon/source/gate"
)

// A saidLog is where lines for the user go too, by settings, and which of them are shown.
type saidLog struct {
	to      *logging.Log
	file    *slog.Logger
	form    *slog.Logger // of standard error; nil for plain lines
	console plan.Console
	colours bool
}

// levelOf is the level that the first word of a line asks for, and the rest of the line.
func (a *app) levelOf(text string) (slog.Level, string) {
	for word, l := range map[string]slog.Level{"warning: ": slog.LevelWarn, a.name + ": ": slog.LevelError} {
		if rest, ok := strings.CutPrefix(text, word); ok {
			return l, rest
		}
	}
	return slog.LevelInfo, text
}

// take writes a line to the log, and reports whether that was all: it is not shown, or was shown in
// a form of its own.
func (s *saidLog) take(a *app, text string) bool {
	if s == nil {
		return false
	}
	level, message := a.levelOf(text)
	s.file.Log(context.Background(), level, message)
	switch {
	case s.console.Off && level < slog.LevelError || level < s.console.Level:
		return true
	case s.form != nil:
		s.form.Log(context.Background(), level, message)
		return true
	}
	return false
}

// colour is a line as a terminal shows it.
func (s *saidLog) colour(a *app, text string) string {
	if s == nil || !s.colours {
		return text
	}
	switch level, _ := a.levelOf(text); {
	case level >= slog.LevelError:
		return "\x1b[31m" + text + "\x1b[0m"
	case level >= slog.LevelWarn:
		return "\x1b[33m" + text + "\x1b[0m"
	}
	return text
}

// openLog opens the files of the log that settings ask for, and has what is told go there.
func (s *sensor) openLog() (err error) {
	if s.log, err = logging.Open(&s.plan.Log); err != nil {
		return err
	}
	said := &saidLog{to: s.log, file: s.log.Stream(logging.General), console: s.plan.Console, colours: s.plan.Console.Colored && isTerminal(s.app.err)}
	if format := s.plan.Log.Format; format != "" && !s.given("log-format") {
		h, err := logging.NewHandler(s.app.err, format, logging.General, slog.LevelDebug)
		if err != nil {
			return err
		}
		said.form = slog.New(h)
	}
	s.app.said = said
	s.app.log = slog.New(both{s.app.log.Handler(), said.file.Handler()})
	s.packets, s.refusals = s.log.Stream(logging.Packet), s.log.Stream(logging.Security)
	return nil
}

// closeLog closes the files of the log, behind the last line, and says what is not in them.
func (a *app) closeLog() {
	if a.said == nil {
		return
	}
	log := a.said.to
	a.said = nil
	if err := log.Close(); err != nil {
		a.say("warning: the log: %v", err)
	}
	if n := log.Lost(); n > 0 {
		a.say("warning: %d lines could not be written to the log", n)
	}
}

// both is two handlers of everything.
type both [2]slog.Handler

func (b both) Enabled(ctx context.Context, l slog.Level) bool {
	return b[0].Enabled(ctx, l) || b[1].Enabled(ctx, l)
}

func (b both) Handle(ctx context.Context, r slog.Record) (err error) {
	for _, h := range b {
		if h.Enabled(ctx, r.Level) {
			if e := h.Handle(ctx, r.Clone()); e != nil {
				err = e
			}
		}
	}
	return err
}

func (b both) WithAttrs(attrs []slog.Attr) slog.Handler {
	return both{b[0].WithAttrs(attrs), b[1].WithAttrs(attrs)}
}

func (b both) WithGroup(name string) slog.Handler {
	return both{b[0].WithGroup(name), b[1].WithGroup(name)}
}

// refused tells the log of a packet that the gate refused.
func (g *gated) refused(f *packet.Frame, why gate.Refusal) {
	g.sensor.refusals.Warn("packet refused", "why", why.String(), "time", string(appendTime(nil, f.TS)), "packet", g.summary(f))
}

// summary is one line about a frame.
func (g *gated) summary(f *packet.Frame) string {
	g.row.f = *f
	g.row.ip = g.dec.Decode(&g.row.f, &g.row.p)
	return string(g.row.summary())
}

// tellSums tells the log the sums every so often, until stop is closed.
func (s *sensor) tellSums(dev changeable, stop <-chan struct{}) {
	sums := s.log.Stream(logging.Performance)
	if s.plan.Sums == 0 || !sums.Enabled(context.Background(), slog.LevelInfo) {
		return
	}
	tell := func() {
		st := dev.Stats()
		sums.Info("sums", "received", st.Received, "captured", st.Captured, "dropped", st.Dropped, "interface_dropped", st.InterfaceDropped,
			"blocked", s.gate.Refused(gate.Blocked), "not_allowed", s.gate.Refused(gate.NotAllowed), "rate_limited", s.gate.Refused(gate.OverRate))
	}
	tick := time.NewTicker(s.plan.Sums)
	go func() {
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				tell()
			case <-stop:
				tell()
				return
			}
		}
	}()
}
