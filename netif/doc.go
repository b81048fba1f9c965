// Package netif is the inventory of network devices: names, kinds, flags, addresses,
// counters, and which device is the useful default. It captures nothing.
//
// On Linux everything comes over netlink, in the network namespace of the calling thread,
// and needs no privilege. Elsewhere the standard library answers, which knows less: no
// descriptions, aliases, peers, scopes and counters, no state of the connection, the kind
// from flags and name alone, the link type from the kind, and Permitted cannot tell.
//
// A Device is a snapshot: it stays as it was until Refresh asks again.
package netif
