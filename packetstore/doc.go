// Package packetstore keeps packets as rows of a Parquet file, one for every frame, in one
// fixed schema (Columns): time, device, lengths, addresses, ports, TCP and ICMP fields, and
// part of the payload if it is asked for. pandas, DuckDB and Spark read it as it is.
//
// A Writer is a capture's output (session.FrameWriter). Package savefile makes one by the name
// of a file.
package packetstore
