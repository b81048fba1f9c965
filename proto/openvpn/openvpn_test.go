package openvpn_test

import (
	"testing"

	"pinyon/proto/openvpn"
)

// TestKnown: of the 32 opcodes the nine that are declared are known, whatever key they name.
func TestKnown(t *testing.T) {
	known := map[openvpn.Opcode]bool{
		openvpn.ResetClient1: true, openvpn.ResetServer1: true, openvpn.Control: true, openvpn.Ack: true, openvpn.ResetClient2: true,
		openvpn.ResetServer2: true, openvpn.Data2: true, openvpn.ResetClient3: true, openvpn.ControlKey: true,
	}
	for first := range 256 {
		o := openvpn.OpcodeOf(byte(first))
		if int(o) != first/8 || o.Known() != known[o] {
			t.Errorf("first byte %02x: opcode %d, known %t", first, o, o.Known())
		}
	}
}
