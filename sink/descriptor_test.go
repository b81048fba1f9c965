package sink_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"pinyon/column"
	"pinyon/sink"
	"pinyon/sink/all"
	"pinyon/sink/csv"
	"pinyon/sink/sinktest"
)

func TestParse(t *testing.T) {
	r := append(all.Sinks(), &memoryFormat)
	for target, want := range map[string]string{
		"a.parquet":                    "parquet a.parquet map[]",
		"a.PARQUET":                    "parquet a.PARQUET map[]",
		"a":                            "csv a map[]",
		"a.txt?null=x":                 "csv a.txt?null=x map[]", // the name of a file
		"day=3/flows.parquet":          "parquet day=3/flows.parquet map[]",
		"-":                            "csv - map[]",
		"json=-":                       "jsonl - map[]",
		"csv=a.txt?null=NA&crlf":       "csv a.txt map[crlf:[] null:[NA]]",
		"csv=a.txt?crlf":               "csv a.txt map[crlf:[]]",
		"csv=a?b.csv":                  "csv a?b.csv map[]", // a question mark in a name
		"csv=a?b.csv?null=1":           "csv a?b.csv map[null:[1]]",
		"parquet=x?row-group=10":       "parquet x map[row-group:[10]]",
		"parquet=x?parquet-lists=json": "parquet x map[parquet-lists:[json]]",
		"memory://flows?most=2":        "memory memory://flows map[most:[2]]",
		"memory://flows":               "memory memory://flows map[]",
	} {
		got, err := r.Parse(target)
		if err != nil {
			t.Errorf("%s: %v", target, err)
			continue
		}
		query := fmt.Sprint(map[string][]string(got.Query))
		if s := fmt.Sprint(got.Sink.Name, " ", got.Path, " ", query); s != want {
			t.Errorf("%s: got %s; want %s", target, s, want)
		}
	}
	for target, want := range map[string]string{
		"csv=":                  "empty",
		"csv=?null=1":           "empty",
		"csv=a?nul=1":           `csv has no option "nul"`,
		"csv=a?delimiter=::":    "one character",
		"csv=a?crlf=perhaps":    "true or false",
		"parquet=a?row-group=0": "1 or more",
		"mysql://u@h/db":        "unknown scheme",
		"memory://x?most=few":   "0 or more",
		"csv=a?null=%zz":        "options",
	} {
		if _, err := r.Parse(target); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v; want %q", target, err, want)
		}
	}
	if _, err := r.Named("xml"); !errors.Is(err, sink.ErrUnknown) {
		t.Errorf("got %v", err)
	}
	target, err := r.Parse("postgres://u:pw@h/db?sslmode=require&table=x&password=pw2&meta")
	if err != nil || target.Path != "postgres://u:pw@h/db?sslmode=require&password=pw2" || target.Query.Get("table") != "x" ||
		target.Name() != "postgres://u:***@h/db?sslmode=require&password=***" {
		t.Errorf("%+v, %v", target, err)
	}
	if _, err := (sink.Registry{}).Parse("a.csv"); err == nil {
		t.Error("a registry without sinks parsed a target")
	}
}

// TestDescriptors: every sink can be told by its name alone, has a sentence and options whose
// lines reach its own Options, and no two sinks share a word.
func TestDescriptors(t *testing.T) {
	words, schemes := map[string]bool{}, map[string]bool{}
	once := func(d *sink.Descriptor, word string, seen map[string]bool) {
		if seen[word] {
			t.Errorf("%s: %q means two sinks", d.Name, word)
		}
		seen[word] = true
	}
	for _, d := range all.Sinks() {
		for _, word := range append(append([]string{d.Name}, d.Aliases...), d.Extensions...) {
			once(d, word, words)
		}
		for _, word := range d.Schemes {
			once(d, word, schemes)
		}
		if !strings.HasSuffix(d.Doc, ".") {
			t.Errorf("%s: no sentence: %q", d.Name, d.Doc)
		}
		for i := range d.Options {
			o := &d.Options[i]
			values := []string{"1000001"} // a number that no option has by itself, or a text
			switch {
			case o.Bool:
				values = []string{"", "false"}
			case o.Values != nil:
				values = o.Values
			case o.Name == "delimiter":
				values = []string{";"}
			}
			sets := false // one of them is not the default
			for _, value := range values {
				with, without := d.NewOptions(), d.NewOptions()
				if err := o.Set(with, value); err != nil || o.Doc == "" {
					t.Errorf("%s: option %s: %v", d.Name, o.Name, err)
				}
				sets = sets || !reflect.DeepEqual(with, without)
			}
			if !sets {
				t.Errorf("%s: option %s sets nothing", d.Name, o.Name)
			}
		}
	}
}

// TestSettings: what all sinks are given goes to those that have such an option, and a target's
// query goes before it.
func TestSettings(t *testing.T) {
	s := sinktest.Schema(true)
	b := column.New(s, 0)
	sinktest.Fill(b, sinktest.Rows(s, 5))
	dir := t.TempDir()
	open := func(target string) string {
		t.Helper()
		o := &sink.Options{Registry: all.Sinks()}
		o.Settings = sink.Settings{"null": "nix", "csv-delimiter": ";", "parquet-lists": "json"}
		ctx := context.Background()
		k, err := sink.Open(ctx, target, s, o)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(k.Write(ctx, b), k.Close(ctx)); err != nil {
			t.Fatal(err)
		}
		_, path, _ := strings.Cut(target, "=")
		path, _, _ = strings.Cut(path, "?")
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	want := func(o csv.Options) string {
		var w strings.Builder
		k, err := csv.New(&w, s, &o)
		if err := errors.Join(err, k.Write(context.Background(), b), k.Close(context.Background())); err != nil {
			t.Fatal(err)
		}
		return w.String()
	}
	path := "csv=" + filepath.Join(dir, "a")
	if open(path) != want(csv.Options{Null: "nix", Delimiter: ';'}) {
		t.Error("settings for all sinks did not reach csv")
	}
	if open(path+"?null=none&crlf&no-header") != want(csv.Options{Null: "none", Delimiter: ';', CRLF: true, NoHeader: true}) {
		t.Error("the query does not go before them")
	}
	if !strings.HasPrefix(open("npy="+filepath.Join(dir, "b")), "\x93NUMPY") {
		t.Error("a sink without these options does not open")
	}
	bad := &sink.Options{Registry: all.Sinks()}
	bad.Settings = sink.Settings{"compression": "lzo"}
	var se *sink.SettingError
	if _, err := sink.Open(context.Background(), "parquet="+filepath.Join(dir, "c"), s, bad); !errors.As(err, &se) {
		t.Errorf("got %v; want a SettingError", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "c")); err == nil {
		t.Error("a file of an output that could not be opened")
	}
}
