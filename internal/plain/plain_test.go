package plain

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestText(t *testing.T) {
	for in, want := range map[string]string{
		"eth0": "eth0", "wäre": "wäre", `C:\x "y"`: `C:\x "y"`, "": "",
		"a\x1b[31m": `"a\x1b[31m"`, "a\nb": `"a\nb"`, "\xff": `"\xff"`, "\x7f": `"\x7f"`, "\u009b": `"\u009b"`, "\u202e": `"\u202e"`, "\ufffd": "\ufffd",
	} {
		if got := Text(in); got != want {
			t.Errorf("%q: %s, want %s", in, got, want)
		}
	}
}

// FuzzPlain holds every form to its promise: nothing that cannot be printed is left, and what
// could be printed stays as it was; JSON means what it meant.
func FuzzPlain(f *testing.F) {
	for _, s := range []string{"", "eth0", "a\x1b[2Jb", "a\nwarning: b\tc", "\xff\xc2", "\u009b1m\u202e", "\U000e0001", "日本"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for name, c := range map[string]struct{ got, keep string }{"Text": {Text(s), ""}, "Line": {Line(s), ""}, "Lines": {Lines(s), "\n\t"}} {
			if !printable(c.got, c.keep) {
				t.Errorf("%s(%q) = %q", name, s, c.got)
			}
			if printable(s, c.keep) && c.got != s {
				t.Errorf("%s(%q) = %q", name, s, c.got)
			}
		}
		if got, err := strconv.Unquote(Text(s)); !printable(s, "") && (err != nil || got != s) {
			t.Errorf("Text(%q) is not its quoted form: %v", s, err)
		}
		if !utf8.ValidString(s) || strings.ContainsRune(s, utf8.RuneError) {
			return
		}
		b, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		var back string
		if err := json.Unmarshal(JSON(b), &back); err != nil || back != s || !printable(string(JSON(b)), "") {
			t.Errorf("JSON of %q: %s means %q, %v", s, JSON(b), back, err)
		}
	})
}
