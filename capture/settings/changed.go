package settings

// Changed are the keys, by their places in Guide, whose values differ from those of c in o, in the
// order in which files are written. Keys that change nothing are left out.
func (c *Capture) Changed(o *Capture) (guide []string) {
	for i := range keys {
		if k := &keys[i]; !k.changesNothing() && !same(k.field(c), k.field(o)) {
			guide = append(guide, k.guide)
		}
	}
	return guide
}
