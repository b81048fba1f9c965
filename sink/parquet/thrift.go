package parquet

import "encoding/binary"

// Types of the Thrift compact protocol.
const (
	thriftTrue   = 1
	thriftFalse  = 2
	thriftI16    = 4
	thriftI32    = 5
	thriftI64    = 6
	thriftBinary = 8
	thriftList   = 9
	thriftStruct = 12
)

// thrift encodes the structs of parquet.thrift in the compact protocol: a field is a byte
// with its type and the distance to the field before, then its value; a zero byte ends a
// struct. Fields are written in ascending order.
type thrift struct {
	b     []byte
	last  int
	outer []int // last of the enclosing structs
}

func (t *thrift) field(id, kind int) {
	t.b = append(t.b, byte((id-t.last)<<4|kind))
	t.last = id
}

func (t *thrift) i16(id int, v int16) {
	t.field(id, thriftI16)
	t.b = binary.AppendVarint(t.b, int64(v))
}

func (t *thrift) i32(id int, v int32) {
	t.field(id, thriftI32)
	t.b = binary.AppendVarint(t.b, int64(v))
}

func (t *thrift) i64(id int, v int64) {
	t.field(id, thriftI64)
	t.b = binary.AppendVarint(t.b, v)
}

func (t *thrift) bool(id int, v bool) {
	if v {
		t.field(id, thriftTrue)
	} else {
		t.field(id, thriftFalse)
	}
}

func (t *thrift) text(id int, s string) {
	t.field(id, thriftBinary)
	t.element(s)
}

// element is a text in a list.
func (t *thrift) element(s string) {
	t.b = binary.AppendUvarint(t.b, uint64(len(s)))
	t.b = append(t.b, s...)
}

// list opens a list of n elements, which follow.
func (t *thrift) list(id, kind, n int) {
	t.field(id, thriftList)
	if n < 15 {
		t.b = append(t.b, byte(n<<4|kind))
		return
	}
	t.b = append(t.b, byte(15<<4|kind))
	t.b = binary.AppendUvarint(t.b, uint64(n))
}

// begin opens a struct in field id; in a list, id is 0.
func (t *thrift) begin(id int) {
	if id > 0 {
		t.field(id, thriftStruct)
	}
	t.outer = append(t.outer, t.last)
	t.last = 0
}

func (t *thrift) end() {
	t.b = append(t.b, 0)
	if n := len(t.outer); n > 0 {
		t.last, t.outer = t.outer[n-1], t.outer[:n-1]
	}
}

// empty is a struct without fields, as unions have them.
func (t *thrift) empty(id int) {
	t.begin(id)
	t.end()
}
