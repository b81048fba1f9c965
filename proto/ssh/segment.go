package ssh

// Segment tells that a TCP segment of size payload bytes delivered at least one new byte,
// and that end is the stream offset behind its last. It is called after Feed has been
// given what the segment delivered, and goes on beyond Limit, where Feed reads nothing,
// until a hole. Segments that deliver nothing new are not told.
func (s *Session) Segment(dir int, end int64, size int) {
	d := &s.sides[dir]
	if d.state != atCipher || end <= d.keysAt {
		return
	}
	d.sealed++
	s.auth.segment(dir == s.Client(), size)
}

// Packet tells of any TCP packet, data or not, retransmitted or not; bareACK if its flags
// are exactly ACK. It serves the columns of SegMode and BareACKs only.
func (s *Session) Packet(dir, size int, bareACK bool) {
	if size > 0 {
		s.sizes[dir].add(uint32(size))
	} else if bareACK {
		s.BareACKs[dir]++
	}
}

// SegMode is ssh_seg_mode_fwd and _bwd: the most frequent payload length in bytes of the
// direction's data segments, the smallest of several; 0 without any.
func (s *Session) SegMode(dir int) int64 { return int64(s.sizes[dir].mode()) }

// An auth guesses the outcome of user authentication (RFC 4252) from the sizes of the
// server's encrypted segments after the client's first: padding makes SERVICE_ACCEPT 16
// bytes longer than USERAUTH_SUCCESS, and all USERAUTH_FAILURE equally long.
type auth struct {
	step     authStep
	banner   bool // a long segment was passed over
	failed   bool
	won      bool
	accept   int
	failure  int
	attempts int64
}

type authStep uint8

const (
	authQuiet  authStep = iota // no encrypted client segment yet
	authAccept                 // the next is SERVICE_ACCEPT
	authNone                   // the next answers method none
	authTries
	authDone
)

func (a *auth) segment(client bool, size int) {
	if client {
		if a.step == authQuiet {
			a.step = authAccept
		}
		return
	}
	switch {
	case a.step == authAccept:
		a.accept, a.step = size, authNone
	case a.step != authNone && a.step != authTries:
	case size == a.accept-16:
		a.won, a.step = true, authDone
		a.attempts++
	case a.step == authNone && size > a.accept+256 && !a.banner:
		a.banner = true
	case a.step == authNone:
		a.failure, a.step = size, authTries
	case size == a.failure:
		a.failed = true
		a.attempts++
	}
}

// AuthSuccess is ssh_auth_success, a guess: 1 yes, 0 failures only, -1 unknown.
func (s *Session) AuthSuccess() int64 {
	switch {
	case !s.guesses():
	case s.auth.won:
		return 1
	case s.auth.failed:
		return 0
	}
	return -1
}

// AuthAttempts is ssh_auth_attempts, a guess too.
func (s *Session) AuthAttempts() int64 {
	if !s.guesses() {
		return 0
	}
	return s.auth.attempts
}

func (s *Session) guesses() bool {
	c, v := s.client(), s.server()
	return c.speaks2(v) && v.speaks2(c)
}
