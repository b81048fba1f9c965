package config

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"unicode/utf8"
)

// CanonicalJSON is the configuration as RFC 8785 writes JSON, without what the rows do not
// depend on (num_workers) and without anonymization_salt: a hash over it must not help to
// guess it. Files of labels are told by their own hashes, and shard_key and memory_limit, which a live run draws or takes from its machine, by themselves, in the provenance; keys that came later
// are in it where they have another value than their default. Whole numbers that a float64 cannot hold are text. The configuration is valid.
func (c *Config) CanonicalJSON() []byte {
	b := []byte{'{'}
	for _, k := range hashed {
		if k.late && text(k.field(c)) == k.Default {
			continue
		}
		if len(b) > 1 {
			b = append(b, ',')
		}
		b = append(appendCanonical(b, k.Name), ':')
		switch v := k.value(c).(type) {
		case nil:
			b = append(b, "null"...)
		case bool:
			b = strconv.AppendBool(b, v)
		case int:
			b = appendWhole(b, uint64(v))
		case uint64:
			b = appendWhole(b, v)
		case float64:
			b = appendNumber(b, v)
		case string:
			if p, ok := k.field(c).(*Size); ok {
				b = appendWhole(b, uint64(*p))
				break
			}
			b = appendCanonical(b, v)
		case []string:
			b = append(b, '[')
			for i, s := range v {
				if i > 0 {
					b = append(b, ',')
				}
				b = appendCanonical(b, s)
			}
			b = append(b, ']')
		}
	}
	return append(b, '}')
}

// Hash is sha256: and the hex digits of the hash of CanonicalJSON, as provenance has it.
func (c *Config) Hash() string {
	sum := sha256.Sum256(c.CanonicalJSON())
	return "sha256:" + hex.EncodeToString(sum[:])
}

// hashed are the keys that go into the hash, in the order of their names.
var hashed = func() []*key {
	var ks []*key
	for i := range keys {
		if !keys[i].plain {
			ks = append(ks, &keys[i])
		}
	}
	slices.SortFunc(ks, func(a, b *key) int {
		if a.Name < b.Name {
			return -1
		}
		return 1
	})
	return ks
}()

// appendWhole writes a whole number that is not negative.
func appendWhole(b []byte, v uint64) []byte {
	if v <= 1<<53 {
		return strconv.AppendUint(b, v, 10)
	}
	return append(strconv.AppendUint(append(b, '"'), v, 10), '"')
}

// appendNumber writes v as ECMAScript does: no exponent from 1e-6 to below 1e21.
func appendNumber(b []byte, v float64) []byte {
	if v == 0 {
		return append(b, '0') // −0 too
	}
	if v >= 1e-6 && v < 1e21 {
		return strconv.AppendFloat(b, v, 'f', -1, 64)
	}
	b = strconv.AppendFloat(b, v, 'e', -1, 64)
	if n := len(b); b[n-4] == 'e' && b[n-2] == '0' { // e-07 to e-7
		b = append(b[:n-2], b[n-1])
	}
	return b
}

// appendCanonical writes a string with the escapes of RFC 8785 section 3.2.2.2. Bytes that
// are no UTF-8 become U+FFFD.
func appendCanonical(b []byte, s string) []byte {
	const digits = "0123456789abcdef"
	b = append(b, '"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b = append(b, '\\', byte(r))
		case r == '\b':
			b = append(b, `\b`...)
		case r == '\t':
			b = append(b, `\t`...)
		case r == '\n':
			b = append(b, `\n`...)
		case r == '\f':
			b = append(b, `\f`...)
		case r == '\r':
			b = append(b, `\r`...)
		case r < 0x20:
			b = append(b, '\\', 'u', '0', '0', digits[r>>4], digits[r&15])
		default:
			b = utf8.AppendRune(b, r)
		}
	}
	return append(b, '"')
}
