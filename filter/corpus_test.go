package filter

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"testing"

	"pinyon/internal/corpus"
	"pinyon/packet"
	"pinyon/pcap"
)

type rawFrame struct {
	data []byte
	wire uint32
}

// everyFrame as a number of frames asks for all that the corpus has, each once.
const everyFrame = -1

// framesByLink are generated frames of every link type, n each (2,000 beside every frame),
// and as many out of the corpus if there is one; of the first thousand once more a part.
func framesByLink(t testing.TB, n int) map[uint16][]rawFrame {
	all := make(map[uint16][]rawFrame)
	for link := range layouts {
		m := newMaker(uint64(link))
		made := n
		if n == everyFrame {
			made = 2000
		}
		for range made {
			data, wire := m.frame(link)
			all[link] = append(all[link], rawFrame{data, wire})
		}
	}
	for link, frames := range corpusFrames(t, n) {
		all[link] = append(all[link], frames...)
	}
	// Where a frame is cut can show what a filter loads, and in which order.
	for link, frames := range all {
		m := newMaker(uint64(link))
		for _, f := range frames[:min(len(frames), 1000)] {
			all[link] = append(all[link], rawFrame{f.data[:m.IntN(len(f.data)+1)], f.wire})
		}
	}
	return all
}

// corpusFrames takes some frames out of every capture of the corpus, at most n of a link
// type, or every different one.
func corpusFrames(t testing.TB, n int) map[uint16][]rawFrame {
	root := corpus.Dir()
	all := make(map[uint16][]rawFrame)
	seen := make(map[string]bool)
	filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return nil
		}
		r, err := pcap.Open(path)
		if err != nil {
			return nil
		}
		defer r.Close()
		var f packet.Frame
		if n == everyFrame {
			for r.Next(&f) == nil {
				if key := fmt.Sprint(f.Link, f.Wire, " ", string(f.Data)); !seen[key] {
					seen[key] = true
					all[f.Link] = append(all[f.Link], rawFrame{append([]byte(nil), f.Data...), f.Wire})
				}
			}
			return nil
		}
		for range 40 {
			if r.Next(&f) != nil {
				break
			}
			// Of a long list the later ones replace others, always the same.
			if list := all[f.Link]; f.Number%3 == 1 {
				c := rawFrame{append([]byte(nil), f.Data...), f.Wire}
				if len(list) < n {
					all[f.Link] = append(list, c)
				} else {
					list[(int(f.Number)*7919+len(path)*104729)%n] = c
				}
			}
		}
		return nil
	})
	if len(all) == 0 {
		t.Log("no corpus: generated frames only")
	}
	return all
}
