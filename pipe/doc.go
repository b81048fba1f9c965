// Package pipe lets another program on the same machine steer a feed: it asks with frames on one
// pipe and gets packets, as Arrow record batches, and answers on another. The Python package
// stands on it.
//
// A frame has the header of the remote protocol (package remote/wire: length, type, flags), and a
// type from 64 on, which no message of a network may have: what is asked for here, such as a
// file that packets are written to, no client of a server can ask for. Bodies are JSON but for
// SCHEMA and ROWS, which are encapsulated Arrow IPC messages. docs/pipe.md describes all.
package pipe
