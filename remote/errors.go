package remote

import (
	"errors"
	"fmt"
)

// ErrServerFull: the server has as many clients as it takes.
var ErrServerFull = errors.New("the server has as many clients as it takes")

// An AuthError says that one side does not accept the other: a token, a proof, a certificate.
// Trying again does not help.
type AuthError struct{ Err error }

// A DialError says that no connection came about, after so many tries.
type DialError struct {
	Address string // HOST:PORT
	Tries   int
	Err     error
}

// A URLError says what is wrong with the address of a server. Token is never part of it.
type URLError struct{ Err error }

// A ProtocolError says that the other side does not keep to the protocol, or ended the connection
// with an error.
type ProtocolError struct{ Err error }

// Error says what was refused.
func (e *AuthError) Error() string { return "not admitted: " + e.Err.Error() }

// Unwrap gives Err.
func (e *AuthError) Unwrap() error { return e.Err }

// Error names the server and the number of tries.
func (e *DialError) Error() string {
	if e.Tries == 1 {
		return fmt.Sprintf("%s: %v", e.Address, e.Err)
	}
	return fmt.Sprintf("%s: %v (%d tries)", e.Address, e.Err, e.Tries)
}

// Unwrap gives Err.
func (e *DialError) Unwrap() error { return e.Err }

// Error says what is wrong.
func (e *URLError) Error() string { return "address of a server: " + e.Err.Error() }

// Unwrap gives Err.
func (e *URLError) Unwrap() error { return e.Err }

// Error says what happened.
func (e *ProtocolError) Error() string { return "remote: " + e.Err.Error() }

// Unwrap gives Err.
func (e *ProtocolError) Unwrap() error { return e.Err }
