package quic

import (
	"bytes"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/hex"
	"testing"
)

const vectorID = "\x83\x94\xc8\xf0\x3e\x51\x57\x08"

// TestKeys: RFC 9001 appendix A.1 and RFC 9369 appendix A.1.
func TestKeys(t *testing.T) {
	for _, v := range []struct {
		version     uint32
		side        string
		key, iv, hp string
	}{
		{Version1, "client in", "1f369613dd76d5467730efcbe3b1a22d", "fa044b2f42a3fd3b46fb255c", "9f50449e04a0e810283a1e9933adedd2"},
		{Version1, "server in", "cf3a5331653c364c88f0f379b6067e37", "0ac1493ca1905853b0bba03e", "c206b8d9b9f0f37644430b490eeaa314"},
		{Version2, "client in", "8b1a0bc121284290a29e0971b5cd045d", "91f73e2351d8fa91660e909f", "45b95e15235d6f45a6b19cbcb0294ba9"},
		{Version2, "server in", "82db637861d55e1d011f19ea71d5d2a7", "dd13c276499c0249d3310652", "edf6d05c83121201b436e16877593c3a"},
	} {
		k := newKeys(v.version, suiteOf(v.version), []byte(vectorID))
		secret, prefix := expand(k.secret, "", v.side, 32), "quic "
		if v.version == Version2 {
			prefix = "quicv2 "
		}
		for label, want := range map[string]string{"key": v.key, "iv": v.iv, "hp": v.hp} {
			n := len(want) / 2
			if got := expand(secret, prefix, label, uint16(n)); hex.EncodeToString(got[:n]) != want {
				t.Errorf("%x %s %s: got %x, want %s", v.version, v.side, label, got[:n], want)
			}
		}
		if p := k.of(v.side == "server in"); hex.EncodeToString(p.iv[:]) != v.iv {
			t.Errorf("%x %s: iv %x", v.version, v.side, p.iv)
		}
	}
}

// TestMAC: the same as the standard library.
func TestMAC(t *testing.T) {
	for n := range 65 {
		key, msg := bytes.Repeat([]byte{byte(n)}, n), bytes.Repeat([]byte{7}, n/2)
		want, err := hkdf.Extract(sha256.New, msg, key)
		if got := mac(key, msg); err != nil || !bytes.Equal(got[:], want) {
			t.Errorf("%d bytes: got %x, want %x, %v", n, got, want, err)
		}
	}
}

// clientFrames are those of the client's Initial in both appendices, less PADDING.
const clientFrames = `060040f1010000ed0303ebf8fa56f12939b9584a3896472ec40bb863cfd3e868
	04fe3a47f06a2b69484c00000413011302010000c000000010000e00000b6578
	616d706c652e636f6dff01000100000a00080006001d00170018001000070005
	04616c706e000500050100000000003300260024001d00209370b2c9caa47fba
	baf4559fedba753de171fa71f50f1ce15d43e994ec74d748002b000302030400
	0d0010000e0403050306030203080408050806002d00020101001c0002400100
	3900320408ffffffffffffffff05048000ffff07048000ffff08011001048000
	75300901100f088394c8f03e51570806048000ffff`

const serverHello = `020000560303eefce7f7b37ba1d1632e96677825ddf73988cfc79825df566dc5
	430b9a045a1200130100002e00330024001d00209d3c940d89690b84d08a6099
	3c144eca684d1081287c834d5311bcf32bb9da1a002b00020304`

// TestVectors: the packets of RFC 9001 appendix A.2 to A.4 and RFC 9369 appendix A.2 to A.4.
// The client's are built here; their last 16 bytes are the tag over all the others.
func TestVectors(t *testing.T) {
	for _, v := range []struct {
		version                         uint32
		start, end, server, retry, name string
	}{{
		Version1, "c000000001088394c8f03e5157080000449e7b9aec34d1b1c98dd7689fb8ec11", "e221af44860018ab0856972e194cd934",
		`cf000000010008f067a5502a4262b5004075c0d95a482cd0991cd25b0aac406a
		5816b6394100f37a1c69797554780bb38cc5a99f5ede4cf73c3ec2493a1839b3
		dbcba3f6ea46c5b7684df3548e7ddeb9c3bf9c73cc3f3bded74b562bfb19fb84
		022f8ef4cdd93795d77d06edbb7aaf2f58891850abbdca3d20398c276456cbc4
		2158407dd074ee`,
		"ff000000010008f067a5502a4262b5746f6b656e04a265ba2eff4d829058fb3f0f2496ba", "QUIC v1",
	}, {
		Version2, "d76b3343cf088394c8f03e5157080000449ea0c95e82ffe67b6abcdb4298b485", "a18b2faa745b6fe189cf772a9f84cbfc",
		`dc6b3343cf0008f067a5502a4262b5004075d92faaf16f05d8a4398c47089698
		baeea26b91eb761d9b89237bbf87263017915358230035f7fd3945d88965cf17
		f9af6e16886c61bfc703106fbaf3cb4cfa52382dd16a393e42757507698075b2
		c984c707f0a0812d8cd5a6881eaf21ceda98f4bd23f6fe1a3e2c43edd9ce7ca8
		4bed8521e2e140`,
		"cf6b3343cf0008f067a5502a4262b5746f6b656ec8646ce8bfe33952d955543665dcc7b6", "QUIC v2",
	}} {
		t.Run(v.name, func(t *testing.T) {
			client := long{version: v.version, dcid: vectorID, number: 2, numberLen: 4, frames: unhex(clientFrames), size: 1200}.bytes()
			if !bytes.HasPrefix(client, unhex(v.start)) || !bytes.HasSuffix(client, unhex(v.end)) || len(client) != 1200 {
				t.Fatalf("built %d bytes %x ... %x", len(client), client[:32], client[len(client)-16:])
			}
			var w wire
			if !Looks(client) || !Looks(unhex(v.server)) || !Looks(unhex(v.retry)) {
				t.Error("does not look like QUIC")
			}
			w.send(0, client)
			w.send(1, unhex(v.server))
			w.send(1, unhex(v.retry))
			if got := w.Crypto(0); !bytes.Equal(got, unhex(clientFrames)[4:]) {
				t.Errorf("client %x", got)
			}
			if got := w.Crypto(1); !bytes.Equal(got, unhex(serverHello)) {
				t.Errorf("server %x", got)
			}
			token, ok := w.Retry()
			if !ok || token != len("token") || w.letters() != "ISisr" || w.Client() != 0 {
				t.Errorf("history %s, client %d, token %d %v", w.letters(), w.Client(), token, ok)
			}
			if string(AppendVersion(nil, w.Version())) != v.name || w.DCIDLen() != 8 || w.SCIDLen() != 0 || w.PacketNumberLen() != 4 {
				t.Errorf("version %x, ids %d %d, number %d", w.Version(), w.DCIDLen(), w.SCIDLen(), w.PacketNumberLen())
			}
		})
	}
}

func TestVersions(t *testing.T) {
	for v, want := range map[uint32]string{
		0: "", 1: "QUIC v1", 0x6b3343cf: "QUIC v2", 0x709a50c4: "QUIC v2 (draft)", 0xff00001d: "QUIC draft-29", 0xff0000ff: "QUIC draft-255",
		0xfaceb001: "mvfst-22", 0xfaceb002: "mvfst-27", 0xfaceb00e: "mvfst-exp", 0xfaceb010: "Unknown (0xfaceb010)",
		0x51303436: "gQUIC Q046", 0x54303531: "gQUIC T051", 0x51313030: "gQUIC Q100", 0x51303a36: "Unknown (0x51303a36)",
		0xbabababa: "GREASE", 0x1a2a3a4a: "GREASE", 2: "Unknown (0x00000002)",
	} {
		if got := string(AppendVersion(nil, v)); got != want {
			t.Errorf("%x: got %q, want %q", v, got, want)
		}
	}
	for v, want := range map[uint32]suite{
		1: suite1, 0xff000022: suite1, 0xff000021: suite1, 0xfacefeed: suite1, 0x3a4a5a6a: suite1,
		0xff000020: suite29, 0xff00001d: suite29, 0xff00001c: suite23, 0xff000017: suite23, 0xfaceb002: suite23,
		0xfaceb00e: suite23, 0xfaceb010: suite23, 0xfaceb013: suite23, 0xff000016: suite22, 0xfaceb001: suite22,
		0x6b3343cf: suite2, 0x709a50c4: suite2Draft,
		0: suiteUnknown, 2: suiteUnknown, 0xff000015: suiteUnknown, 0xff000023: suiteUnknown, 0xfaceb014: suiteUnknown, 0x51303436: suiteUnknown,
	} {
		if got := suiteOf(v); got != want {
			t.Errorf("%x: got row %d, want %d", v, got, want)
		}
	}
}
