package groups

import (
	"crypto/sha256"
	"net/netip"

	"pinyon/label"
)

// LabelGroup is the group of the column that files of labels give.
const LabelGroup = "label"

// labelFeature is the column of labels. Flows are compared by what they are, whether or not there
// are columns of it.
func labelFeature(name string) *Feature {
	f := text(name, "Class that a file of labels, or the name of the input, gives the flow.", flowLabel).on(optAlways)
	f.Group = LabelGroup
	return &f
}

func flowLabel(dst []byte, r *Row) ([]byte, bool) {
	l := r.plan.labels
	f := label.Flow{
		Src: r.src().Unmap(), Dst: r.dst().Unmap(), SrcPort: r.srcPort(), DstPort: r.dstPort(), Protocol: r.Key.Proto,
		Start: r.First, End: r.Last,
	}
	if l.Anonymized {
		f.Src, f.Dst = r.hidden(r.src()), r.hidden(r.dst())
	}
	if l.HasIDs() {
		id, _ := flowID(nil, r)
		f.ID = string(id)
	}
	return append(dst, l.Of(&f, r.Input)...), true
}

// hidden is what stands for an address in the rows.
func (r *Row) hidden(a netip.Addr) netip.Addr {
	switch {
	case !r.plan.anonymize:
		return a
	case r.plan.prefixes != nil:
		return r.plan.prefixes.Addr(a)
	}
	return label.Hash(r.hash(a)).Addr()
}

// hash is the hash of an address that stands for it.
func (r *Row) hash(a netip.Addr) (h [8]byte) {
	var b [192]byte
	sum := sha256.Sum256(a.AppendTo(append(b[:0], r.plan.salt...)))
	copy(h[:], sum[:])
	return h
}
