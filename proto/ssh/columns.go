package ssh

// The methods of this file are the columns of the group ssh, named after them. Append
// methods append the column's text and nothing if it is missing.

// Detected is ssh_detected: a side sent an identification line.
func (s *Session) Detected() bool { return s.client() != nil || s.server() != nil }

// AppendVersion is ssh_version: the client's protocol version, else the server's.
func (s *Session) AppendVersion(dst []byte) []byte {
	if s.client() != nil {
		return s.AppendClientVersion(dst)
	}
	return s.AppendServerVersion(dst)
}

// AppendClientVersion is ssh_client_version, as 2.0 or 1.99.
func (s *Session) AppendClientVersion(dst []byte) []byte {
	if d := s.client(); d != nil {
		return append(dst, d.protocol()...)
	}
	return dst
}

// AppendServerVersion is ssh_server_version.
func (s *Session) AppendServerVersion(dst []byte) []byte {
	if d := s.server(); d != nil {
		return append(dst, d.protocol()...)
	}
	return dst
}

// AppendClientSoftware is ssh_client_software: the first word behind the version.
func (s *Session) AppendClientSoftware(dst []byte) []byte {
	if d := s.client(); d != nil {
		return appendText(dst, d.software())
	}
	return dst
}

// AppendServerSoftware is ssh_server_software.
func (s *Session) AppendServerSoftware(dst []byte) []byte {
	if d := s.server(); d != nil {
		return appendText(dst, d.software())
	}
	return dst
}

// AppendHASSH is ssh_hassh, of the client's first KEXINIT.
func (s *Session) AppendHASSH(dst []byte) []byte {
	if k := s.clientInit(); k != nil {
		return k.appendHASSH(dst, 0)
	}
	return dst
}

// AppendHASSHServer is ssh_hassh_server, of the server's.
func (s *Session) AppendHASSHServer(dst []byte) []byte {
	if k := s.serverInit(); k != nil {
		return k.appendHASSH(dst, 1)
	}
	return dst
}

// KexPackets is ssh_kex_packets: messages 20-49 of both directions, up to and with each
// direction's first NEWKEYS.
func (s *Session) KexPackets() int64 { return s.sum(func(d *side) int64 { return d.kex }) }

// EncryptedPackets is ssh_encrypted_packets: segments of both directions that delivered
// new bytes behind NEWKEYS, as told to Segment.
func (s *Session) EncryptedPackets() int64 { return s.sum(func(d *side) int64 { return d.sealed }) }

// sum adds up over the sides that speak SSH-2; of a session of SSH-1 there are none.
func (s *Session) sum(f func(*side) int64) (n int64) {
	c, v := s.client(), s.server()
	if c.speaks2(v) {
		n += f(c)
	}
	if v.speaks2(c) {
		n += f(v)
	}
	return n
}

func (s *Session) clientInit() *kexInit {
	if c := s.client(); c.speaks2(s.server()) {
		return &c.init
	}
	return nil
}

func (s *Session) serverInit() *kexInit {
	if v := s.server(); v.speaks2(s.client()) {
		return &v.init
	}
	return nil
}
