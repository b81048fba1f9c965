package tls

import "testing"

func der(tag uint8, parts ...[]byte) []byte {
	body := cat(parts...)
	switch n := len(body); {
	case n < 0x80:
		return append([]byte{tag, byte(n)}, body...)
	default:
		return append([]byte{tag, 0x82, byte(n >> 8), byte(n)}, body...)
	}
}

func rdn(pairs ...[]byte) []byte { return der(tagSet, pairs...) }

func pair(oid string, tag uint8, value string) []byte {
	return der(tagSequence, der(tagOID, []byte(oid)), der(tag, []byte(value)))
}

func TestNameString(t *testing.T) {
	const (
		o       = AttributeO
		cn      = AttributeCN
		dc      = "\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x19"
		private = "\x2b\x06\x01\x04\x01\x82\x37\x3c\x02\x01\x03"
	)
	for _, c := range []struct {
		name []byte
		want string
	}{
		{der(tagSequence), ""},
		{der(tagSequence, rdn(pair("\x55\x04\x06", 0x13, "DE")), rdn(pair(o, tagUTF8, "A, B")), rdn(pair(cn, tagUTF8, "x"))), `CN=x,O=A\, B,C=DE`},
		{der(tagSequence, rdn(pair(dc, 0x16, "net")), rdn(pair(cn, tagUTF8, "a"), pair(o, tagUTF8, "b"))), "CN=a+O=b,DC=net"},
		{der(tagSequence, rdn(pair(cn, tagUTF8, " #<\">;+\\\x00 "))), `CN=\ #\<\"\>\;\+\\\00\ `},
		{der(tagSequence, rdn(pair(cn, tagUTF8, "#a"))), `CN=\#a`},
		{der(tagSequence, rdn(pair(cn, tagT61, "M\xfcller"))), "CN=Müller"},
		{der(tagSequence, rdn(pair(cn, tagBMP, "\x00M\x20\xac\xd8\x3d\xde\x00"))), "CN=M€😀"},
		{der(tagSequence, rdn(pair(cn, tagUniversal, "\x00\x01\xf6\x00"))), "CN=😀"},
		{der(tagSequence, rdn(pair(cn, tagUTF8, "a\xff"))), "CN=a\ufffd"},
		{der(tagSequence, rdn(pair(private, 0x13, "US"))), "1.3.6.1.4.1.311.60.2.1.3=#13025553"},
		{der(tagSequence, rdn(pair(cn, tagInteger, "\x05"))), "CN=#020105"},
		{der(tagSequence, rdn(pair(cn, tagUTF8, "kept")), []byte{0x31, 0x7f}), "CN=kept"},
	} {
		if got := NameString(c.name); got != c.want {
			t.Errorf("%x: %s, want %s", c.name, got, c.want)
		}
	}
	two := der(tagSequence, rdn(pair(cn, tagUTF8, "first")), rdn(pair(cn, tagUTF8, "second")))
	if got := NameAttribute(two, cn); got != "first" {
		t.Errorf("first CN is %s", got)
	}
}

func TestUnixTime(t *testing.T) {
	for _, c := range []struct {
		tag  uint8
		text string
		want int64
		ok   bool
	}{
		{tagUTCTime, "700101000000Z", 0, true},
		{tagUTCTime, "491231235959Z", 2524607999, true},
		{tagUTCTime, "500101000000Z", -631152000, true},
		{tagUTCTime, "7001010000Z", 0, true},
		{tagUTCTime, "700101010000+0100", 0, true},
		{tagUTCTime, "691231230000-0100", 0, true},
		{tagTime, "20500101000000Z", 2524608000, true},
		{tagTime, "19700101000001.75Z", 1, true},
		{tagTime, "19701301000000Z", 0, false},
		{tagTime, "1970010100", 0, false},
		{tagUTCTime, "7001010000xx", 0, false},
		{tagInteger, "700101000000Z", 0, false},
	} {
		if got, ok := unixTime(c.tag, []byte(c.text)); ok != c.ok || got != c.want {
			t.Errorf("%s: %d %v, want %d %v", c.text, got, ok, c.want, c.ok)
		}
	}
}

func TestChain(t *testing.T) {
	name := func(cn string) []byte { return der(tagSequence, rdn(pair(AttributeCN, tagUTF8, cn))) }
	cert := func(issuer, subject string) []byte {
		oid := der(tagSequence, der(tagOID, []byte("\x2a\x03")))
		return der(tagSequence, der(tagSequence, der(tagInteger, []byte{0, 0xff}), oid, name(issuer),
			der(tagSequence, der(tagUTCTime, []byte("200101000000Z")), der(tagUTCTime, []byte("200102235959Z"))), name(subject),
			der(tagSequence, der(tagSequence, der(tagOID, []byte(oidEd))))), oid)
	}
	list := func(certs ...[]byte) []byte {
		var b []byte
		for _, c := range certs {
			b = append(b, vec24(c)...)
		}
		return message(typeCertificate, vec24(b))
	}
	for _, c := range []struct {
		name    string
		msg     []byte
		ordered bool
	}{
		{"ordered", list(cert("b", "a"), cert("c", "b"), cert("c", "c")), true},
		{"not ordered", list(cert("b", "a"), cert("c", "c"), cert("c", "b")), false},
		{"one", list(cert("a", "a")), false},
	} {
		chain, complete := ParseChain(c.msg)
		if chain.Ordered() != c.ordered || !complete {
			t.Errorf("%s: ordered %v, complete %v", c.name, chain.Ordered(), complete)
		}
		for n := range c.msg {
			if _, complete := ParseChain(c.msg[:n]); complete {
				t.Errorf("%s: %d bytes are complete", c.name, n)
			}
		}
	}
	got, ok := ParseCertificate(cert("b", "a"))
	if !ok || string(got.Serial) != "\xff" || got.Version != 1 || got.SelfSigned() || got.ValidityDays() != 1 || got.KeyAlgorithm() != "ed25519" ||
		got.SignatureAlgorithm() != "1.2.3" || string(got.AppendOIDs(nil)) != "550403;550403;" {
		t.Errorf("%+v", got)
	}
	if !got.Expired(got.NotBefore-1) || got.Expired(got.NotAfter) || !got.Expired(got.NotAfter+1) || got.DaysLeft(got.NotAfter+1) != -1 {
		t.Error("validity")
	}
	// Without subjectAltName the common name decides.
	if !got.Matches("A") || got.Matches("b") {
		t.Error("common name")
	}
	if _, ok := ParseCertificate([]byte{0x30, 0x80, 0, 0}); ok {
		t.Error("an indefinite length was read")
	}
}
