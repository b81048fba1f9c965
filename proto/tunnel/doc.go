// Package tunnel recognizes the messages of virtual private networks by their form: WireGuard,
// OpenVPN, IKE and ESP in UDP, L2TP, PPTP, tinc, SoftEther and Tailscale. It looks at no port.
//
// It names a protocol once what it saw fits that protocol alone: a length that a header repeats,
// an identifier that the other side returns, a counter that goes up over several messages. A
// form that other protocols may have too is a hint. The package does not read what the tunnels
// carry, keeps no bytes, and cannot see a tunnel inside TLS.
package tunnel
