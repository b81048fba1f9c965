// Package pcap reads and writes capture files: classic pcap in both byte orders, with
// microseconds or nanoseconds and with the longer records of Kuznetsov's patch, and pcapng
// with any number of sections and interfaces. gzip and zstd around either are seen by
// content. A Reader streams: files, pipes and standard input are read the same way, in
// large blocks that the frames borrow.
//
//	bytes → (gzip, zstd) → blocks of 512 KiB → records → packet.Frame
//
// The package neither decodes frames nor merges, sorts or filters files, and it does not
// read what pcapng says beside packets (names, keys, statistics, comments).
package pcap
