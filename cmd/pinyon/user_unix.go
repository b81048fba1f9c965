//go:build unix

package main

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"strconv"
	"syscall"
)

// An identity is a user that the process can become.
type identity struct {
	uid, gid int
	groups   []int
}

// findUser looks a user up; "" is nobody to become.
func findUser(name string) (*identity, error) {
	if name == "" {
		return nil, nil
	}
	u, err := user.Lookup(name)
	if err != nil {
		if _, e := strconv.Atoi(name); e == nil {
			u, err = user.LookupId(name)
		}
		var byName user.UnknownUserError
		var byID user.UnknownUserIdError
		switch {
		case errors.As(err, &byName), errors.As(err, &byID):
			return nil, usage("--user: there is no user %s", name)
		case err != nil:
			return nil, usage("--user: %w", err)
		}
	}
	id := &identity{}
	if id.uid, err = strconv.Atoi(u.Uid); err == nil {
		id.gid, err = strconv.Atoi(u.Gid)
	}
	if err != nil {
		return nil, usage("--user %s: %w", name, err)
	}
	ids, err := u.GroupIds()
	if err != nil {
		return nil, fmt.Errorf("--user %s: %w", name, err)
	}
	for _, s := range ids {
		if g, err := strconv.Atoi(s); err == nil {
			id.groups = append(id.groups, g)
		}
	}
	return id, nil
}

// become gives up the process's privileges for the identity's, in all threads.
func (id *identity) become() error {
	if id == nil {
		return nil
	}
	if err := syscall.Setgroups(id.groups); err != nil {
		return os.NewSyscallError("setgroups", err)
	}
	if err := syscall.Setgid(id.gid); err != nil {
		return os.NewSyscallError("setgid", err)
	}
	if err := syscall.Setuid(id.uid); err != nil {
		return os.NewSyscallError("setuid", err)
	}
	if id.uid != 0 && syscall.Setuid(0) == nil {
		return fmt.Errorf("privileges came back")
	}
	return nil
}
