// Package listen collects the packets of a device as rows of a table, which whoever wants them
// drains while the capture goes on: everything since the last time, in one fixed set of columns.
//
//	l, err := listen.Open(ctx, "eth0", "tcp", "port", "443")
//	...
//	t, err := l.Drain(ctx) // every few seconds
//
// How many rows wait is bounded; what happens beyond that is a Policy, and counted. Files of
// packets, with more columns, are package packetstore's.
package listen
