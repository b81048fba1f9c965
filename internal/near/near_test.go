package near

import (
	"math/rand/v2"
	"testing"
)

func TestWord(t *testing.T) {
	words := []string{"tls", "timing", "tcp", "duration", "total_packets", "parquet", "include-flow-id"}
	for word, want := range map[string]string{
		"tsl": "tls", "timng": "timing", "duraton": "duration", "total-packets": "total_packets", "Parqet": "parquet", "include_flow_id": "include-flow-id",
		"TLS": "tls", "xyz": "", "": "", "d": "", "payload": "", "tc": "tcp",
	} {
		if got := Word(word, words); got != want {
			t.Errorf("%q: got %q; want %q", word, got, want)
		}
	}
	if got := Hint("duraton", words); got != `; did you mean "duration"?` {
		t.Error(got)
	}
}

// TestDistance: so many random edits are found to be that many at most, and the distance is
// the same either way.
func TestDistance(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	letters := "abcdefghij"
	for range 2000 {
		a := make([]byte, 3+r.IntN(12))
		for i := range a {
			a[i] = letters[r.IntN(len(letters))]
		}
		b, edits := append([]byte(nil), a...), r.IntN(4)
		for range edits {
			switch i := r.IntN(len(b)); r.IntN(4) {
			case 0:
				b = append(b[:i], b[i+1:]...)
			case 1:
				b = append(b[:i], append([]byte{letters[r.IntN(10)]}, b[i:]...)...)
			case 2:
				b[i] = letters[r.IntN(10)]
			default:
				if i > 0 {
					b[i-1], b[i] = b[i], b[i-1]
				}
			}
			if len(b) == 0 {
				break
			}
		}
		// Two edits of one place may count as more where letters are swapped; three then do.
		d, back := distance(string(a), string(b), 9), distance(string(b), string(a), 9)
		if d != back || d > 2*edits || edits == 1 && d > 1 {
			t.Fatalf("%s and %s after %d edits: %d and %d", a, b, edits, d, back)
		}
	}
}
