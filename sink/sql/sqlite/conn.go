package sqlite

import (
	"context"
	"fmt"
	"time"
	"unsafe"

	"modernc.org/libc"
	lib "modernc.org/sqlite/lib"
)

// A conn is a connection to SQLite by its own calls. Rows of 400 columns go in four times as
// fast as through database/sql, which would make an interface value of each.
type conn struct {
	tls  *libc.TLS
	db   uintptr
	made *uintptr // where calls leave what they make; in the heap, which does not move
}

// An Error is what SQLite says went wrong, with its extended result code.
type Error struct {
	Code int
	Text string
}

// Error is the message.
func (e *Error) Error() string { return fmt.Sprintf("sqlite: %s (%d)", e.Text, e.Code) }

// openConn opens a database by the name that SQLite has for it. The connection is for one
// goroutine at a time, so that it needs no locks.
func openConn(name string) (*conn, error) {
	c := &conn{tls: libc.NewTLS(), made: new(uintptr)}
	text, err := libc.CString(name)
	if err != nil {
		return nil, err
	}
	defer libc.Xfree(c.tls, text)
	rc := lib.Xsqlite3_open_v2(c.tls, text, c.slot(), lib.SQLITE_OPEN_READWRITE|lib.SQLITE_OPEN_CREATE|lib.SQLITE_OPEN_NOMUTEX, 0)
	c.db = *c.made
	if rc != lib.SQLITE_OK {
		err := c.fail(rc)
		c.close()
		return nil, err
	}
	return c, nil
}

func (c *conn) slot() uintptr { return uintptr(unsafe.Pointer(c.made)) }

// fail is the error of a call that returned rc.
func (c *conn) fail(rc int32) error {
	if rc == lib.SQLITE_OK {
		return nil
	}
	e := &Error{Code: int(rc), Text: libc.GoString(lib.Xsqlite3_errstr(c.tls, rc))}
	if c.db != 0 {
		if code := lib.Xsqlite3_extended_errcode(c.tls, c.db); code&0xff == rc&0xff {
			e.Code, e.Text = int(code), libc.GoString(lib.Xsqlite3_errmsg(c.tls, c.db))
		}
	}
	return e
}

// prepare compiles a statement, which the caller finalizes.
func (c *conn) prepare(statement string) (uintptr, error) {
	text, err := libc.CString(statement)
	if err != nil {
		return 0, err
	}
	defer libc.Xfree(c.tls, text)
	if rc := lib.Xsqlite3_prepare_v2(c.tls, c.db, text, -1, c.slot(), 0); rc != lib.SQLITE_OK {
		return 0, c.fail(rc)
	}
	return *c.made, nil
}

func (c *conn) finalize(stmt uintptr) { lib.Xsqlite3_finalize(c.tls, stmt) }

// bind sets argument i, from 1, to an int64 or a string.
func (c *conn) bind(stmt uintptr, i int, v any) error {
	switch v := v.(type) {
	case int64:
		return c.fail(lib.Xsqlite3_bind_int64(c.tls, stmt, int32(i), v))
	case string:
		return c.bindText(stmt, int32(i), []byte(v))
	}
	panic(fmt.Sprintf("BUG: sqlite: argument of type %T", v))
}

// bindText sets argument i to text, which SQLite copies.
func (c *conn) bindText(stmt uintptr, i int32, v []byte) error {
	const transient = ^uintptr(0) // SQLITE_TRANSIENT
	var p uintptr
	if len(v) > 0 {
		p = uintptr(unsafe.Pointer(&v[0]))
	} else {
		p = c.slot() // a null pointer would be NULL
	}
	rc := lib.Xsqlite3_bind_text(c.tls, stmt, i, p, int32(len(v)), transient)
	if rc != lib.SQLITE_OK {
		return c.fail(rc)
	}
	return nil
}

// patience is how long another process may hold the database.
const patience = 30 * time.Second

// step runs a statement to its next row; false at its end. A database that another process is
// writing is asked again, for a while.
func (c *conn) step(ctx context.Context, stmt uintptr) (row bool, err error) {
	end := time.Now().Add(patience)
	for {
		switch rc := lib.Xsqlite3_step(c.tls, stmt); {
		case rc == lib.SQLITE_ROW:
			return true, nil
		case rc == lib.SQLITE_DONE:
			return false, nil
		case rc&0xff == lib.SQLITE_BUSY && time.Now().Before(end):
			lib.Xsqlite3_reset(c.tls, stmt)
			select {
			case <-ctx.Done():
				return false, ctx.Err()
			case <-time.After(5 * time.Millisecond):
			}
		default:
			return false, c.fail(rc)
		}
	}
}

// query runs a statement and calls each for every row.
func (c *conn) query(ctx context.Context, statement string, args []any, each func(stmt uintptr)) error {
	stmt, err := c.prepare(statement)
	if err != nil {
		return err
	}
	defer c.finalize(stmt)
	for i, v := range args {
		if err := c.bind(stmt, i+1, v); err != nil {
			return err
		}
	}
	for {
		row, err := c.step(ctx, stmt)
		if err != nil || !row {
			return err
		}
		each(stmt)
	}
}

// text is column i, from 0, of the row of a statement.
func (c *conn) text(stmt uintptr, i int) string {
	return libc.GoString(lib.Xsqlite3_column_text(c.tls, stmt, int32(i)))
}

func (c *conn) int(stmt uintptr, i int) int64 {
	return lib.Xsqlite3_column_int64(c.tls, stmt, int32(i))
}

// inTransaction reports whether one is open.
func (c *conn) inTransaction() bool { return lib.Xsqlite3_get_autocommit(c.tls, c.db) == 0 }

func (c *conn) changes() int64 { return lib.Xsqlite3_changes64(c.tls, c.db) }

func (c *conn) close() error {
	if c.tls == nil {
		return nil
	}
	var err error
	if c.db != 0 {
		if rc := lib.Xsqlite3_close_v2(c.tls, c.db); rc != lib.SQLITE_OK {
			err = c.fail(rc)
		}
	}
	c.tls.Close()
	c.tls = nil
	return err
}
