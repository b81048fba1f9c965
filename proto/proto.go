// Package proto holds what the parsers of protocols below it share: the answer to the question
// whether bytes are theirs. Each protocol has a package of its own below this one.
package proto

// A Verdict is what a parser says of the bytes that it was shown: whether they are of its protocol.
// Verdicts are ordered: whoever asks several tests about the same bytes goes by the greatest answer.
type Verdict uint8

// The verdicts. The zero value is that of a parser which was not asked.
const (
	// NotMine: the bytes are not of the protocol, whatever follows them.
	NotMine Verdict = iota
	// NeedMore: the bytes may be the start of the protocol, and are too few to tell.
	NeedMore
	// Mine: the bytes are of the protocol.
	Mine
)

// String is the verdict in words.
func (v Verdict) String() string {
	return [...]string{"not mine", "need more", "mine"}[v]
}
