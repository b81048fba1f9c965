// Command main writes generated captures for benchmarks and tests of limits:
//
//	go run ./internal/gen/main -kind roundrobin -flows 10000 -o FILE   16 packets a flow, all flows open at once
//	go run ./internal/gen/main -kind jumps -flows 100 -o FILE          the same with a clock that jumps a year both ways
//	go run ./internal/gen/main -kind synflood -flows 1000000 -o FILE   one SYN a flow
//	go run ./internal/gen/main -kind oneflow -packets 1000000 -o FILE  one connection
//	go run ./internal/gen/main -kind files -flows 1000 -o DIR          one small capture a flow
//	go run ./internal/gen/main -kind encap -o DIR                      encapsulations, a capture a family
//
// Equal flags give equal bytes. -o - writes to standard output. -payload caps the payload
// of roundrobin and jumps, for many packets in little space.
package main

import (
	"flag"
	"fmt"
	"os"

	"pinyon/internal/gen"
)

func main() {
	var (
		kind    = flag.String("kind", "roundrobin", "roundrobin, jumps, synflood, oneflow, files or encap")
		flows   = flag.Int("flows", 10000, "number of flows; for files, of files")
		packets = flag.Int("packets", 100000, "number of packets of oneflow")
		payload = flag.Int("payload", 0, "largest payload in bytes; 0 = full segments")
		seed    = flag.Uint64("seed", 1, "another seed, another capture")
		out     = flag.String("o", "-", "file, - or directory")
	)
	flag.Parse()
	o := gen.Options{Flows: *flows, Seed: *seed, Payload: *payload}
	if err := run(*kind, o, *packets, *out); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

func run(kind string, o gen.Options, packets int, out string) error {
	if o.Flows < 0 || packets < 0 || o.Payload < 0 {
		return fmt.Errorf("flows %d, packets %d, payload %d: want none negative", o.Flows, packets, o.Payload)
	}
	var write func(*gen.Writer) error
	switch kind {
	case "roundrobin":
		write = func(w *gen.Writer) error { return gen.RoundRobin(w, o) }
	case "jumps":
		write = func(w *gen.Writer) error { return gen.Jumps(w, o) }
	case "synflood":
		write = func(w *gen.Writer) error { return gen.SYNFlood(w, o.Flows, o.Seed) }
	case "oneflow":
		write = func(w *gen.Writer) error { return gen.OneFlow(w, packets, o.Seed) }
	case "files":
		return gen.Files(out, o.Flows, o.Seed)
	case "encap":
		return gen.WriteEncapsulations(out)
	default:
		return fmt.Errorf("unknown kind %q", kind)
	}
	if out == "-" {
		return write(gen.NewWriter(os.Stdout))
	}
	f, err := os.Create(out)
	if err != nil {
		return err
	}
	if err := write(gen.NewWriter(f)); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}
