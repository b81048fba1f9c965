// Package remote is what a capture server and its clients have in common: addresses of servers,
// tokens, certificates, and errors. Package server sends packets, package client is a source of
// them, package wire is the protocol between both.
package remote
