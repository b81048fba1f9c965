// Package openvpn names the parts of OpenVPN's messages that all who read them share: package carrier,
// which takes TLS out of the control channel, and package tunnel, which tells by their form that there is
// a tunnel. It parses nothing.
//
// The high five bits of a message's first byte are the opcode, the low three the number of the key
// (OpenVPN's protocol description, section "Network protocol"). Messages of the control channel go on with
// the sender's session id of 8 bytes. Over TCP two bytes of length stand ahead of each message.
package openvpn

// An Opcode says what a message is.
type Opcode uint8

// The opcodes that are read; 3 and 6 are soft resets and data of the first version of the data channel.
const (
	ResetClient1 Opcode = 1
	ResetServer1 Opcode = 2
	Control      Opcode = 4 // a piece of TLS
	Ack          Opcode = 5 // acknowledgements alone
	ResetClient2 Opcode = 7
	ResetServer2 Opcode = 8
	Data2        Opcode = 9  // then the peer's number, 3 bytes; with an AEAD cipher a counter of 4
	ResetClient3 Opcode = 10 // with the client's key wrapped behind it (tls-crypt-v2)
	ControlKey   Opcode = 11 // a piece of TLS with that key behind it
)

// opcodes is the set of all of them, a bit each.
const opcodes = 1<<ResetClient1 | 1<<ResetServer1 | 1<<Control | 1<<Ack | 1<<ResetClient2 | 1<<ResetServer2 |
	1<<Data2 | 1<<ResetClient3 | 1<<ControlKey

// Known reports whether o is one of the opcodes above: most other datagrams are told by it.
func (o Opcode) Known() bool { return opcodes>>o&1 != 0 }

// OpcodeOf is the opcode in a message's first byte.
func OpcodeOf(first byte) Opcode { return Opcode(first >> 3) }

// Lengths of messages of the control channel, in bytes.
const (
	Least = 14   // a reset: opcode, session, no acknowledgement, message number
	Most  = 2048 // the longest that are read; OpenVPN's own are bounded by the link
)
