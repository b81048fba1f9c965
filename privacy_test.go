package pinyon_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"testing"

	"pinyon"
	"pinyon/feature"
)

// TestHashedTexts: with anonymize_macs and anonymize_names every text that is not safe is the hash of
// salt and text, in the columns that they cover, and all other values are as without.
func TestHashedTexts(t *testing.T) {
	const salt = "x"
	cfg := pinyon.DefaultConfig()
	cfg.Features, cfg.AnonymizationSalt = []string{"all", "extra"}, salt
	hidden := *cfg
	hidden.AnonymizeMACs, hidden.AnonymizeNames = true, true
	hashes := map[bool]int{}
	for _, capture := range captures(t) {
		clear, err := pinyon.Extract(context.Background(), capture, cfg)
		if err != nil {
			t.Fatal(err)
		}
		got, err := pinyon.Extract(context.Background(), capture, &hidden)
		if err != nil || got.Len() != clear.Len() {
			t.Fatalf("%s: %d rows, want %d, %v", capture, got.Len(), clear.Len(), err)
		}
		for b, batch := range clear.Batches {
			for i := range batch.Rows {
				for k := range clear.Schema.Fields {
					f := &clear.Schema.Fields[k]
					want, value := batch.Row(i).At(k), got.Batches[b].Row(i).At(k)
					text, ok := want.(string)
					if ok && text != "" && f.Privacy != feature.Safe && f.Form != feature.Address && !slices.Contains([]string{"flow_id", "community_id"}, f.Name) && text != f.MissingText {
						sum := sha256.Sum256([]byte(salt + text))
						want = hex.EncodeToString(sum[:8])
						hashes[f.Group == "mac"]++
					}
					if ok && value != want && !(text == f.MissingText && f.MissingText != "") {
						t.Errorf("%s: %s: %v, want %v", capture, f.Name, value, want)
					}
				}
			}
		}
	}
	if hashes[true] < 10 || hashes[false] < 10 {
		t.Errorf("hashes: %v", hashes)
	}
}
