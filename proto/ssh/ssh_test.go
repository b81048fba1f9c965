package ssh

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
)

// msg is a binary packet with the given payload, padded to eight bytes.
func msg(payload ...byte) []byte {
	pad := 8 - (5+len(payload))%8
	if pad < 4 {
		pad += 8
	}
	b := binary.BigEndian.AppendUint32(nil, uint32(1+len(payload)+pad))
	b = append(append(b, byte(pad)), payload...)
	return append(b, make([]byte, pad)...)
}

func str(b, s []byte) []byte { return append(binary.BigEndian.AppendUint32(b, uint32(len(s))), s...) }

func kexinit(lists ...string) []byte {
	b := append([]byte{msgKexInit}, make([]byte, cookieLen)...)
	for _, l := range lists {
		b = str(b, []byte(l))
	}
	return msg(append(b, 0, 0, 0, 0, 0)...)
}

func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

var (
	newKeys = msg(msgNewKeys)
	key     = []byte("\x00\x00\x00\x0bssh-ed25519\x00\x00\x00\x01k")

	clientInit = kexinit("ext-info-c,kex-strict-c-v00@openssh.com,mlkem768x25519-sha256,curve25519-sha256", "ssh-ed25519,rsa-sha2-512",
		"chacha20-poly1305@openssh.com,aes128-ctr", "aes256-ctr", "umac-64@openssh.com,hmac-sha2-256", "hmac-sha1", "none,zlib", "zlib", "", "")
	serverInit = kexinit("curve25519-sha256,ext-info-c,mlkem768x25519-sha256,kex-strict-s-v00@openssh.com", "rsa-sha2-512",
		"aes128-ctr", "aes256-ctr,aes128-ctr", "hmac-sha2-256", "hmac-sha2-512", "none", "zlib@openssh.com", "", "")
)

// facts prints every column.
func facts(s *Session) string {
	var b strings.Builder
	for _, c := range []struct {
		name string
		f    func([]byte) []byte
	}{
		{"version", s.AppendVersion}, {"cver", s.AppendClientVersion}, {"sver", s.AppendServerVersion},
		{"csoft", s.AppendClientSoftware}, {"ssoft", s.AppendServerSoftware}, {"cbanner", s.AppendClientBanner},
		{"sbanner", s.AppendServerBanner}, {"hassh", s.AppendHASSH}, {"hasshs", s.AppendHASSHServer},
		{"hasshstr", s.AppendHASSHString}, {"hasshsstr", s.AppendHASSHServerString}, {"kex", s.AppendKexAlg},
		{"hostkey", s.AppendHostKeyAlg}, {"cipher", s.AppendCipherAlg}, {"mac", s.AppendMACAlg},
		{"comp", s.AppendCompressionAlg}, {"key", s.AppendHostKeySHA256},
	} {
		fmt.Fprintf(&b, "%s=%s ", c.name, c.f(nil))
	}
	for i := range lists {
		fmt.Fprintf(&b, "%s|%s ", s.AppendClientList(nil, i), s.AppendServerList(nil, i))
	}
	fmt.Fprintln(&b, s.Detected(), s.KexPackets(), s.EncryptedPackets(), s.ServerPrebannerLines(), s.StrictKex(), s.PQKex(),
		s.FirstKexFollows(), s.AuthSuccess(), s.AuthAttempts(), s.Client(), s.SegMode(0), s.SegMode(1), s.BareACKs)
	return b.String()
}

func text(f func([]byte) []byte) string { return string(f(nil)) }

// TestHASSHOfPublishedStrings: the examples of github.com/salesforce/hassh, Cyberduck 6.7.1
// and OpenSSH 5.3.
func TestHASSHOfPublishedStrings(t *testing.T) {
	for _, c := range []struct{ kex, enc, mac, comp, want string }{
		{"curve25519-sha256@libssh.org,diffie-hellman-group-exchange-sha256,ecdh-sha2-nistp521,ecdh-sha2-nistp384,ecdh-sha2-nistp256,diffie-hellman-group-exchange-sha1,diffie-hellman-group1-sha1,diffie-hellman-group14-sha1,diffie-hellman-group14-sha256,diffie-hellman-group15-sha512,diffie-hellman-group16-sha512,diffie-hellman-group17-sha512,diffie-hellman-group18-sha512,diffie-hellman-group14-sha256@ssh.com,diffie-hellman-group15-sha256,diffie-hellman-group15-sha256@ssh.com,diffie-hellman-group15-sha384@ssh.com,diffie-hellman-group16-sha256,diffie-hellman-group16-sha384@ssh.com,diffie-hellman-group16-sha512@ssh.com,diffie-hellman-group18-sha512@ssh.com",
			"aes128-cbc,aes128-ctr,aes192-cbc,aes192-ctr,aes256-cbc,aes256-ctr,blowfish-cbc,blowfish-ctr,cast128-cbc,cast128-ctr,idea-cbc,idea-ctr,serpent128-cbc,serpent128-ctr,serpent192-cbc,serpent192-ctr,serpent256-cbc,serpent256-ctr,3des-cbc,3des-ctr,twofish128-cbc,twofish128-ctr,twofish192-cbc,twofish192-ctr,twofish256-cbc,twofish256-ctr,twofish-cbc,arcfour,arcfour128,arcfour256",
			"hmac-sha1,hmac-sha1-96,hmac-md5,hmac-md5-96,hmac-sha2-256,hmac-sha2-512", "zlib@openssh.com,zlib,none", "8a8ae540028bf433cd68356c1b9e8d5b"},
		{"diffie-hellman-group-exchange-sha256,diffie-hellman-group-exchange-sha1,diffie-hellman-group14-sha1,diffie-hellman-group1-sha1",
			"aes128-ctr,aes192-ctr,aes256-ctr,arcfour256,arcfour128,aes128-cbc,3des-cbc,blowfish-cbc,cast128-cbc,aes192-cbc,aes256-cbc,arcfour,rijndael-cbc@lysator.liu.se",
			"hmac-md5,hmac-sha1,umac-64@openssh.com,hmac-ripemd160,hmac-ripemd160@openssh.com,hmac-sha1-96,hmac-md5-96", "none,zlib@openssh.com", "b1c6c0d56317555b85c7005a3de29325"},
	} {
		sum := HASSH(AppendHASSHString(nil, []byte(c.kex), []byte(c.enc), []byte(c.mac), []byte(c.comp)))
		if got := hex.EncodeToString(sum[:]); got != c.want {
			t.Errorf("got %s, want %s", got, c.want)
		}
	}
}

// session is a whole handshake, the banner and what follows in one segment a direction.
func session(s *Session) {
	s.SYN(0)
	ch := join([]byte("SSH-2.0-OpenSSH_8.9p1 Ubuntu-3\r\n"), clientInit, msg(msgKexRequest, 0, 0, 0, 1, 9), newKeys)
	sv := join([]byte("hello\r\nthere\nSSH-1.99-srv_1\n"), serverInit, msg(append([]byte{msgKexReply}, str(nil, key)...)...), newKeys)
	for dir, b := range [][]byte{ch, sv} {
		s.Feed(dir, b)
		s.Segment(dir, int64(len(b)), len(b))
	}
	at := [2]int64{int64(len(ch)), int64(len(sv))}
	for _, g := range []struct{ dir, size int }{{0, 44}, {1, 44}, {0, 60}, {1, 900}, {1, 52}, {0, 148}, {1, 52}, {0, 148}, {1, 28}, {1, 28}} {
		at[g.dir] += int64(g.size)
		s.Segment(g.dir, at[g.dir], g.size)
	}
}

func TestSession(t *testing.T) {
	var s Session
	session(&s)
	sum := sha256.Sum256(key)
	for name, c := range map[string]struct{ got, want string }{
		"version":       {text(s.AppendVersion), "2.0"},
		"server":        {text(s.AppendServerVersion), "1.99"},
		"software":      {text(s.AppendClientSoftware), "OpenSSH_8.9p1"},
		"server soft":   {text(s.AppendServerSoftware), "srv_1"},
		"banner":        {text(s.AppendClientBanner), `SSH-2.0-OpenSSH_8.9p1\x20Ubuntu-3`},
		"hassh string":  {text(s.AppendHASSHString), "ext-info-c,kex-strict-c-v00@openssh.com,mlkem768x25519-sha256,curve25519-sha256;chacha20-poly1305@openssh.com,aes128-ctr;umac-64@openssh.com,hmac-sha2-256;none,zlib"},
		"server string": {text(s.AppendHASSHServerString), "curve25519-sha256,ext-info-c,mlkem768x25519-sha256,kex-strict-s-v00@openssh.com;aes256-ctr,aes128-ctr;hmac-sha2-512;zlib@openssh.com"},
		"kex":           {text(s.AppendKexAlg), "mlkem768x25519-sha256"},
		"host key":      {text(s.AppendHostKeyAlg), "rsa-sha2-512"},
		"cipher":        {text(s.AppendCipherAlg), "aes128-ctr"},
		"mac":           {text(s.AppendMACAlg), "hmac-sha2-256"},
		"compression":   {text(s.AppendCompressionAlg), "none"},
		"key":           {text(s.AppendHostKeySHA256), "SHA256:" + base64.RawStdEncoding.EncodeToString(sum[:])},
		"numbers": {fmt.Sprint(s.KexPackets(), s.EncryptedPackets(), s.ServerPrebannerLines(), s.StrictKex(), s.PQKex(), s.AuthSuccess(), s.AuthAttempts()),
			fmt.Sprint(6, 10, 2, true, true, 1, 2)},
	} {
		if c.got != c.want {
			t.Errorf("%s: got %q, want %q", name, c.got, c.want)
		}
	}
}

func TestIdentification(t *testing.T) {
	long := strings.Repeat("x", 300)
	for _, c := range []struct {
		name, server, client string
		want                 string // detected, client and server software, version, lines
	}{
		{"blank software", "SSH-2.0- \r\n", "", "true   2.0 0"},
		{"no blank", "SSH-2.0-\n", "", "true   2.0 0"},
		{"lines before", "Hi\r\n\r\nSSH-2.0-a\r\n", "SSH-2.0-b c\r\n", "true b a 2.0 2"},
		{"client may send none", "", "Hi\r\nSSH-2.0-a\r\n", "false    0"},
		{"50 lines", strings.Repeat("a\n", 50) + "SSH-2.0-a\n", "", "true  a 2.0 50"},
		{"51 lines", strings.Repeat("a\n", 51) + "SSH-2.0-a\n", "", "false    0"},
		{"8 KiB", strings.Repeat(long+"\n", 28) + "SSH-2.0-a\n", "", "false    0"},
		{"255 bytes", "SSH-2.0-" + long[:245] + "\r\n", "", "true  " + long[:245] + " 2.0 0"},
		{"256 bytes", "SSH-2.0-" + long[:246] + "\r\n", "", "false    0"},
		{"no version", "SSH-2-a\r\n", "", "false    0"},
		{"no software part", "SSH-2.0\r\n", "", "false    0"},
		{"binary", "ab\x00\nSSH-2.0-a\r\n", "", "false    0"},
		{"mid-stream text", "", "x SSH-2.0-a\r\n", "false    0"},
		{"client's version first", "SSH-1.99-s\r\n", "SSH-2.0-c\r\n", "true c s 2.0 0"},
		{"escaped", "SSH-2.0-\xff\\\r\n", "", `true  \xff\x5c 2.0 0`},
		{"no line end", "SSH-2.0-a", "", "false    0"},
	} {
		var s Session
		s.SYN(0)
		s.Feed(0, []byte(c.client))
		s.Feed(1, []byte(c.server))
		got := fmt.Sprint(s.Detected(), " ", text(s.AppendClientSoftware), " ", text(s.AppendServerSoftware), " ", text(s.AppendVersion), " ", s.ServerPrebannerLines())
		if got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

func TestRoles(t *testing.T) {
	hello := func(name string) []byte { return []byte("SSH-2.0-" + name + "\r\n") }
	var s Session
	s.Feed(0, hello("a"))
	s.Feed(1, hello("b"))
	if s.Client() != 0 || text(s.AppendClientSoftware) != "a" {
		t.Error("the initiator is not the client")
	}
	s.Feed(1, join(clientInit, msg(msgGexRequest)))
	if s.Client() != 1 || text(s.AppendClientSoftware) != "b" {
		t.Error("the sender of message 34 is not the client")
	}
	if s.Reset(); s.Client() != 0 || s.Detected() {
		t.Error("Reset keeps facts")
	}
	s.SYN(1)
	s.Feed(0, join(hello("a"), msg(msgKexRequest)))
	if s.Client() != 1 || text(s.AppendServerSoftware) != "a" {
		t.Error("the sender of the SYN is not the client")
	}
	s.Reset()
	s.Feed(0, join(hello("a"), clientInit, msg(msgKexReply)))
	if s.Client() != 1 || text(s.AppendServerSoftware) != "a" || text(s.AppendClientSoftware) != "" {
		t.Error("the sender of message 31 is not the server")
	}
}

func TestKexEdges(t *testing.T) {
	id := []byte("SSH-2.0-a\r\n")
	feed := func(server bool, parts ...[]byte) *Session {
		s := new(Session)
		s.SYN(0)
		dir := 0
		if server {
			dir = 1
		}
		s.Feed(dir, join(parts...))
		return s
	}
	cut := clientInit[:bytes.Index(clientInit, []byte("none,zlib"))+len("none,zlib")]
	for _, c := range []struct {
		name string
		s    *Session
		want string // hassh or not, kex packets
	}{
		{"seven lists of a cut packet", feed(false, id, cut), "true 0"},
		{"six and a half", feed(false, id, cut[:len(cut)-1]), "false 0"},
		{"length 4", feed(false, id, []byte{0, 0, 0, 4, 0, 20, 0, 0}, clientInit), "false 0"},
		{"length 35001", feed(false, id, []byte{0, 0, 0x88, 0xb9, 4, 20}, clientInit), "false 0"},
		{"padding not below length", feed(false, id, []byte{0, 0, 0, 5, 5, 20, 0, 0, 0}, clientInit), "false 0"},
		{"empty payload", feed(false, id, []byte{0, 0, 0, 5, 4, 20, 0, 0, 0}, clientInit), "true 1"},
		{"several in a segment, NEWKEYS last", feed(false, id, clientInit, msg(30), msg(21), msg(20)), "true 3"},
		{"not key exchange", feed(false, id, msg(2), msg(50), msg(49), msg(19)), "false 1"},
		{"second KEXINIT counts only", feed(false, id, clientInit, serverInit), "true 2"},
		{"protocol 1.5", feed(false, []byte("SSH-1.5-a\n"), clientInit), "false 0"},
		{"protocol 1.99", feed(false, []byte("SSH-1.99-a\n"), clientInit), "true 1"},
		{"no identification", feed(false, clientInit), "false 0"},
		{"list longer than the packet", feed(false, id, msg(append(append([]byte{20}, make([]byte, 16)...), 0xff, 0xff, 0xff, 0xff)...)), "false 1"},
	} {
		if got := fmt.Sprint(text(c.s.AppendHASSH) != "", c.s.KexPackets()); got != c.want {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
	}
	s := feed(true, []byte("SSH-1.99-s\n"), serverInit)
	s.Feed(0, []byte("SSH-1.5-c\n"))
	if s.KexPackets() != 0 || text(s.AppendHASSHServer) != "" {
		t.Error("a session of SSH-1 has key exchange messages of SSH-2")
	}
}

// TestGroupExchange: with a group exchange message 31 is the group and 33 holds the key.
func TestGroupExchange(t *testing.T) {
	var s Session
	s.SYN(0)
	s.Feed(0, join([]byte("SSH-2.0-a\r\n"), msg(msgGexRequest), msg(msgGexInit)))
	s.Feed(1, join([]byte("SSH-2.0-b\r\n"), msg(append([]byte{31}, str(nil, []byte("prime"))...)...)))
	if got := text(s.AppendHostKeySHA256); got != "" {
		t.Errorf("the group's prime is taken for a key: %s", got)
	}
	s.Feed(1, msg(append([]byte{33}, str(nil, key)...)...))
	if sum := sha256.Sum256(key); text(s.AppendHostKeySHA256) != "SHA256:"+base64.RawStdEncoding.EncodeToString(sum[:]) {
		t.Errorf("got %s", text(s.AppendHostKeySHA256))
	}
}

func TestEncryptedSegments(t *testing.T) {
	var s Session
	b := join([]byte("SSH-2.0-a\r\n"), newKeys)
	s.Feed(0, b)
	end := int64(len(b))
	s.Segment(0, end, len(b)) // ends with NEWKEYS
	s.Segment(0, end+1, 1)    // one byte behind it
	s.Segment(1, 900, 900)    // the other direction has no keys
	s.Segment(0, 1<<20, 1460) // far beyond what Feed reads
	if got := s.EncryptedPackets(); got != 2 {
		t.Errorf("got %d encrypted segments, want 2", got)
	}
}

func TestAuth(t *testing.T) {
	for _, c := range []struct {
		name          string
		sizes         []int // of the server, after the client's first
		success, want int64
	}{
		{"quiet", nil, -1, 0},
		{"accepted only", []int{44}, -1, 0},
		{"at once", []int{44, 28}, 1, 1},
		{"none, then in", []int{44, 52, 28, 28}, 1, 1},
		{"banner, none, two failures", []int{44, 600, 52, 52, 52}, 0, 2},
		{"second long one is the failure", []int{44, 600, 600, 600}, 0, 1},
		{"none only", []int{44, 52, 100}, -1, 0},
	} {
		a := auth{}
		a.segment(false, 44) // before the client
		a.segment(true, 60)
		for _, n := range c.sizes {
			a.segment(false, n)
		}
		success := int64(-1)
		if a.won {
			success = 1
		} else if a.failed {
			success = 0
		}
		if success != c.success || a.attempts != c.want {
			t.Errorf("%s: got %d after %d, want %d after %d", c.name, success, a.attempts, c.success, c.want)
		}
	}
}

func TestSegMode(t *testing.T) {
	var s Session
	for _, n := range []int{100, 52, 52, 100, 0, 7} {
		s.Packet(1, n, n == 0)
	}
	if s.SegMode(1) != 52 || s.SegMode(0) != 0 || s.BareACKs != [2]int64{0, 1} {
		t.Errorf("got %d and %d, ACKs %v", s.SegMode(0), s.SegMode(1), s.BareACKs)
	}
	for n := range 70000 {
		s.Packet(0, 1+n%65535, false)
	}
	if len(s.sizes[0].slots) > 2*histogramMax {
		t.Errorf("%d slots", len(s.sizes[0].slots))
	}
}

// TestPostQuantum takes the names that OpenSSH, TinySSH, AWS and Open Quantum Safe have given
// to methods.
func TestPostQuantum(t *testing.T) {
	for _, name := range []string{
		"sntrup761x25519-sha512", "sntrup761x25519-sha512@openssh.com", "sntrup4591761x25519-sha512@tinyssh.org",
		"mlkem768x25519-sha256", "mlkem768nistp256-sha256", "mlkem1024nistp384-sha384", "ML-KEM-768-sha256",
		"x25519-kyber-512r3-sha256-d00@amazon.com", "ecdh-nistp256-kyber-512r3-sha256-d00@openquantumsafe.org",
		"ecdh-nistp521-classic-mceliece-8192128-sha512@openquantumsafe.org", "mceliece6688128x25519-sha512@lib.mceliece.org",
		"frodokem-640-aes-sha256@openquantumsafe.org", "ecdh-nistp256-bike1-l1-cpa-sha512", "hqc-128-sha256", "saber-lightsaber-sha256",
		"ecdh-nistp384-newhope-512-sha384", "ntru-hps2048509-sha512", "ntrulpr761x25519-sha512@example.org",
	} {
		if !isPostQuantum([]byte(name)) {
			t.Errorf("%s is post-quantum", name)
		}
	}
	for _, name := range []string{
		"", "curve25519-sha256", "curve25519-sha256@libssh.org", "ecdh-sha2-nistp256", "diffie-hellman-group14-sha256",
		"diffie-hellman-group-exchange-sha256", "sm2-sha2-nistp256", "gss-group14-sha256-toWM5Slw5Ew8Mqkay+al2g==",
		"curve25519-sha256@mlkem.example", "curve448-sha512", "rsa2048-sha256", "sike-p434-sha256@openquantumsafe.org",
	} {
		if isPostQuantum([]byte(name)) {
			t.Errorf("%s is not post-quantum", name)
		}
	}
}
