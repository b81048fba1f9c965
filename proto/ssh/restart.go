package ssh

// Restart forgets what direction dir told, because another stream starts there: that within a
// tunnel. What Packet counted stays.
func (s *Session) Restart(dir int) {
	d := &s.sides[dir]
	*d = side{init: kexInit{body: d.init.body[:0]}, partial: d.partial[:0]}
}
