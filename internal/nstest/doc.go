// Package nstest gives tests a Linux network namespace of their own: devices, addresses and
// traffic that no other test and not the machine itself sees.
//
//	ns := nstest.New(t)
//	ns.IP("link add v0 type veth peer name v1")
//	ns.IP("link set v0 up")
//	ns.Do(func() {
//		// sockets opened here, and netlink asked here, belong to the namespace
//	})
//
// It needs root and the ip program (iproute2); without them, and on other systems, New
// skips the test and says why.
package nstest
