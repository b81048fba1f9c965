// Package tls reads TLS and DTLS as a bystander on the path sees them: the start of a
// conversation, records, the handshake messages in clear, what they name, and the
// fingerprints taken from them (JA3, JA3S, JA4, NPF).
//
//	bytes → Start → Stream: records, messages, alerts → ParseClientHello, ParseServerHello …
//	                   └→ Session: both directions of one conversation and what they agreed on
//
// Bytes may end at any point and come in any pieces; what was read from a prefix stays
// true of the whole. Nothing is decrypted, no certificate is verified, and the package
// knows neither packets nor flows: where bytes came from is the caller's Mark, which is
// handed back.
package tls
