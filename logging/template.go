package logging

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"regexp"
	"strconv"
	"strings"
)

// A Template is a line with words in place of what they stand for, in the style of Python's
// logging: %(asctime)s, %(created)f, %(msecs)d, %(levelname)s, %(levelno)d, %(name)s, %(process)d
// and %(message)s, with a width if so wanted, as %(levelname)-8s; %% is a percent sign.
// Attributes follow the message as key=value.
type Template []part

// part is a text, or a word with its width.
type part struct {
	text, word string
	width      int
	left       bool
}

var (
	directive = regexp.MustCompile(`%(?:%|\((\w+)\)(-?)(0?\d{0,3})(?:\.\d{1,2})?[sdf])`)
	known     = map[string]func(r *slog.Record, name, message string) string{
		"asctime": func(r *slog.Record, _, _ string) string { return r.Time.UTC().Format("2006-01-02 15:04:05,000") },
		"created": func(r *slog.Record, _, _ string) string {
			return strconv.FormatFloat(float64(r.Time.UnixMicro())/1e6, 'f', 6, 64)
		},
		"msecs":     func(r *slog.Record, _, _ string) string { return strconv.Itoa(r.Time.Nanosecond() / 1e6) },
		"levelname": func(r *slog.Record, _, _ string) string { return LevelName(r.Level) },
		"levelno":   func(r *slog.Record, _, _ string) string { return strconv.Itoa(20 + 5*int(r.Level)/2) },
		"name":      func(_ *slog.Record, name, _ string) string { return name },
		"process":   func(_ *slog.Record, _, _ string) string { return strconv.Itoa(os.Getpid()) },
		"message":   func(_ *slog.Record, _, message string) string { return message },
	}
)

// ParseTemplate reads a template; one without the message is refused.
func ParseTemplate(s string) (t Template, err error) {
	message := false
	for rest := s; rest != ""; {
		at := strings.IndexByte(rest, '%')
		if at < 0 {
			return check(append(t, part{text: rest}), message, s)
		}
		m := directive.FindStringSubmatch(rest[at:])
		if m == nil || !strings.HasPrefix(rest[at:], m[0]) {
			return nil, fmt.Errorf("%.40q is no word such as %%(message)s", rest[at:])
		}
		t = append(t, part{text: rest[:at]})
		if m[1] == "" {
			t = append(t, part{text: "%"})
		} else {
			if known[m[1]] == nil {
				return nil, fmt.Errorf("unknown word %%(%.40s)", m[1])
			}
			width, _ := strconv.Atoi(m[3])
			t = append(t, part{word: m[1], width: width, left: m[2] == "-"})
			message = message || m[1] == "message"
		}
		rest = rest[at+len(m[0]):]
	}
	return check(t, message, s)
}

func check(t Template, message bool, s string) (Template, error) {
	if !message {
		return nil, fmt.Errorf("%.40q has no %%(message)s", s)
	}
	return t, nil
}

// LevelName is the name of a level as in Python's logging.
func LevelName(l slog.Level) string {
	switch {
	case l < slog.LevelInfo:
		return "DEBUG"
	case l < slog.LevelWarn:
		return "INFO"
	case l < slog.LevelError:
		return "WARNING"
	case l < slog.LevelError+4:
		return "ERROR"
	}
	return "CRITICAL"
}

// templateHandler writes lines by a template.
type templateHandler struct {
	w     io.Writer // whose Write takes a line at once
	t     Template
	name  string
	level slog.Leveler
	attrs string // of With, as key=value
	group string // before keys
}

func (h *templateHandler) Enabled(_ context.Context, l slog.Level) bool { return l >= h.level.Level() }

func (h *templateHandler) Handle(_ context.Context, r slog.Record) error {
	var m strings.Builder
	m.WriteString(r.Message)
	m.WriteString(h.attrs)
	r.Attrs(func(a slog.Attr) bool {
		appendAttr(&m, h.group, a)
		return true
	})
	message := oneLine(m.String())
	var b strings.Builder
	for _, p := range h.t {
		if p.word == "" {
			b.WriteString(p.text)
			continue
		}
		s := known[p.word](&r, h.name, message)
		width := p.width
		if p.left {
			width = -width
		}
		fmt.Fprintf(&b, "%*s", width, s)
	}
	b.WriteByte('\n')
	_, err := io.WriteString(h.w, b.String())
	return err
}

// oneLine has no line within, whatever a message quotes.
func oneLine(s string) string {
	return strings.NewReplacer("\r", `\r`, "\n", `\n`).Replace(s)
}

func appendAttr(b *strings.Builder, group string, a slog.Attr) {
	v := a.Value.Resolve()
	if v.Kind() == slog.KindGroup {
		for _, in := range v.Group() {
			appendAttr(b, group+a.Key+".", in)
		}
		return
	}
	if a.Equal(slog.Attr{}) {
		return
	}
	s := v.String()
	if strings.ContainsAny(s, " \t\"=") || s == "" {
		s = strconv.Quote(s)
	}
	fmt.Fprintf(b, " %s%s=%s", group, a.Key, s)
}

func (h *templateHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	var b strings.Builder
	b.WriteString(h.attrs)
	for _, a := range attrs {
		appendAttr(&b, h.group, a)
	}
	next := *h
	next.attrs = b.String()
	return &next
}

func (h *templateHandler) WithGroup(name string) slog.Handler {
	next := *h
	if name != "" {
		next.group += name + "."
	}
	return &next
}
