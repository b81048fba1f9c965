// Package filter compiles the language of pcap-filter(7) to classic BPF and runs it on
// frames, without libpcap.
//
//	expression -> words -> tree -> tests -> decision graph -> rearranged, shortened -> instructions
//
// A program is for one link type, and for one place: a file, a live device read by this
// process, or the kernel. Verdicts are those of libpcap 1.10: a load behind the captured
// bytes refuses the packet, even under "not", while len, less and greater use the length
// on the wire; vlan, mpls, pppoes and geneve move the offsets of all that is written after
// them, across "or" too; "and" and "or" bind equally, to the left.
//
// Optimizing changes verdicts on frames that are cut within a header, as libpcap's does:
// "ip or not ip" matches frames too short to tell, for a test that decides nothing goes
// with its load, and "host A or host B" tests both sources first. It repeats what libpcap
// does to the order of tests, so verdicts are those of tcpdump -r, and with NoOptimize
// those of tcpdump -O: in both ways 0 of 19.5 million differ (TestOracle, with libpcap
// 1.10.3). Programs of more than 10,000 tests, and those that would take it much longer
// than a third of a second, have the verdicts of tcpdump -O either way.
//
// The package differs where libpcap reads registers that nothing has set, or that
// something else has: "byte 0 & 1" reads the byte, 802.11 headers are measured before
// pppoes and geneve too, and a test of computed numbers does not disturb that. Two slips
// of its optimizer up to 1.10.6 are not repeated: "ip[12:4] & 0xffffffff = 0" can be true,
// and division by a computed zero, or a shift by more than 31, is no error but refuses the
// packet, or gives 0. protochain steps over an authentication header by its length, and
// gateway works with IPv6 compiled in, given a Resolver. In files a BSD loopback header
// may be of either byte order.
//
// Raw ATM, SS7, ARCnet and the log of OpenBSD's packet filter are not supported; on a link
// type that is not known link[...] and the length can be tested, and nothing else.
package filter
