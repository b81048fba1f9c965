// Package flow folds packets into bidirectional flows: the key, the two clocks, the table
// with its limits, and why a flow ended. It knows no feature: what a flow remembers is the
// table's type parameter.
//
// Two clocks are in use. The capture clock (Clock) belongs to an input: it never runs
// backward, and timeouts are taken on it. The flow clock (Obs.Time) belongs to a flow: a
// packet's flow time is the greater of its timestamp and the flow time of the packet before.
package flow
