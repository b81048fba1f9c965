//go:build !unix

package main

// An identity is a user that the process can become; not on this system.
type identity struct{}

func findUser(name string) (*identity, error) {
	if name != "" {
		return nil, usage("--user is not available on this system")
	}
	return nil, nil
}

func (*identity) become() error { return nil }
