// Package oracle reads capture files with libpcap, for tests that compare with it. It is
// empty without the build tag libpcap, which takes cgo and libpcap's headers.
package oracle
