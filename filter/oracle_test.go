package filter

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// An oracle is tcpdump, which compiles with libpcap. A file of a link type without packets
// makes it compile as for files of that type.
type oracle struct {
	path string
	dir  string
}

func newOracle(t testing.TB) *oracle {
	path, err := exec.LookPath("tcpdump")
	if err != nil {
		t.Skip("no tcpdump to compare with:", err)
	}
	return &oracle{path: path, dir: t.TempDir()}
}

// errRefused is what libpcap says of an expression it does not compile.
var errRefused = errors.New("refused")

// file gives libpcap's program for an expression on files of a link type. Of one that
// rejects everything it is a single return.
func (o *oracle) file(expr string, link uint16, optimize bool) ([]Instruction, error) {
	file := filepath.Join(o.dir, fmt.Sprint(link, ".pcap"))
	if _, err := os.Stat(file); err != nil {
		var b [24]byte
		binary.LittleEndian.PutUint32(b[0:], 0xa1b2c3d4)
		binary.LittleEndian.PutUint16(b[4:], 2)
		binary.LittleEndian.PutUint16(b[6:], 4)
		binary.LittleEndian.PutUint32(b[16:], DefaultSnaplen)
		binary.LittleEndian.PutUint32(b[20:], uint32(link))
		if err := os.WriteFile(file, b[:], 0o644); err != nil {
			return nil, err
		}
	}
	args := []string{"-r", file, "-ddd"}
	if !optimize {
		args = append(args, "-O")
	}
	return o.run(append(args, "--", expr)...)
}

// run reads the program that tcpdump prints.
func (o *oracle) run(args ...string) ([]Instruction, error) {
	var out, errs bytes.Buffer
	cmd := exec.Command(o.path, args...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			return nil, err
		}
		if strings.Contains(errs.String(), "expression rejects all packets") {
			return []Instruction{{Op: classRET}}, nil
		}
		return nil, fmt.Errorf("%w: %s", errRefused, errs.String())
	}
	var n int
	if _, err := fmt.Fscan(&out, &n); err != nil {
		return nil, err
	}
	code := make([]Instruction, n)
	for i := range code {
		in := &code[i]
		if _, err := fmt.Fscan(&out, &in.Op, &in.Jt, &in.Jf, &in.K); err != nil {
			return nil, err
		}
	}
	return code, nil
}
