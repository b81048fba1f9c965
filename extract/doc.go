// Package extract says which columns there are (All, Groups) and takes further ones of the
// user's own: a Custom is a group of columns that an Accumulator computes, one a flow, from the
// packets of the flow.
//
// How the built-in columns are computed is not in this package: package internal/groups has a
// file for every group of them. What each column means is in docs/features.md.
package extract
