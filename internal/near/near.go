// Package near finds the word that a mistyped one was meant to be.
package near

import (
	"strconv"
	"strings"
)

// Word is the one of words that takes the fewest edits to become from word, or "" if none is
// close: a third of the letters may differ, but at least one and at most three, not counting
// case and the difference of - and _. Of equally close words the first one is taken.
func Word(word string, words []string) string {
	word = fold(word)
	most := min(3, max(1, len(word)/3))
	best := ""
	for _, w := range words {
		f := fold(w)
		if f == word {
			return w
		}
		if d := distance(word, f, most); d <= most {
			best, most = w, d-1
		}
	}
	return best
}

// Hint is the end of an error message that suggests Word, or "" if there is none.
func Hint(word string, words []string) string {
	if w := Word(word, words); w != "" {
		return "; did you mean " + strconv.Quote(w) + "?"
	}
	return ""
}

func fold(s string) string { return strings.ReplaceAll(strings.ToLower(s), "-", "_") }

// longest bounds the work for words from strangers.
const longest = 100

// distance is how many bytes to insert, delete, replace or swap with the next make b of a
// (optimal string alignment), or more than most if it is more than that.
func distance(a, b string, most int) int {
	if len(a) > len(b)+most || len(b) > len(a)+most || len(a) > longest {
		return most + 1
	}
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			d := last[j-1]
			if a[i-1] != b[j-1] {
				d++
			}
			d = min(d, last[j]+1, row[j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				d = min(d, before[j-2]+1)
			}
			row[j] = d
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
