package groups

import (
	"crypto/sha256"
	"encoding/hex"

	"pinyon/feature"
)

// macGroup is the group of stations' addresses.
const macGroup = "mac"

// covered is the column, or one of hashes in its place.
func (o *Options) covered(f *Feature) *Feature {
	if coverable(&f.Desc) && (f.Group == macGroup && o.HashMACs || f.Group != macGroup && o.HashNames) {
		return hashed(f)
	}
	return f
}

// coverable reports whether a column has text that is not safe as it is. flow_id and community_id
// are hashes already, and rows' addresses have a switch of their own.
func coverable(d *feature.Desc) bool {
	return d.Privacy != feature.Safe && d.Kind == feature.Text && d.Form != feature.Address && d.Name != "flow_id" && d.Name != "community_id"
}

// hashed is a column of hashes in place of texts: the first 16 hexadecimal digits of SHA-256 over
// salt and text, as those of addresses are. A text that is absent or empty stays so.
func hashed(f *Feature) *Feature {
	h := *f
	get := f.text
	h.text = func(dst []byte, r *Row) ([]byte, bool) {
		at := len(dst)
		dst, ok := get(dst, r)
		if !ok || len(dst) == at {
			return dst, ok
		}
		sum := sha256.Sum256(append(append(make([]byte, 0, 512), r.plan.salt...), dst[at:]...))
		return hex.AppendEncode(dst[:at], sum[:8]), true
	}
	h.Privacy, h.Form = feature.Safe, feature.NoForm
	h.Doc = "Hash of: " + f.Doc
	return &h
}
