package nstest

import (
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

func names(t *testing.T) []string {
	t.Helper()
	list, err := net.Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, d := range list {
		names = append(names, d.Name)
	}
	return names
}

func TestNamespace(t *testing.T) {
	ns := New(t)
	ns.IP("link add pinyon0 type veth peer name pinyon1")
	var in []string
	ns.Do(func() { in = names(t) })
	slices.Sort(in)
	if want := []string{"lo", "pinyon0", "pinyon1"}; !slices.Equal(in, want) {
		t.Errorf("inside: %v, want %v", in, want)
	}
	if out := names(t); slices.Contains(out, "pinyon0") {
		t.Errorf("outside: %v", out)
	}
	if out := ns.Run("ip", "-o", "link"); !strings.Contains(out, "pinyon1") {
		t.Errorf("ip link: %s", out)
	}
	if err := ns.TryIP("link set nothing up"); err == nil || !strings.Contains(err.Error(), "nothing") {
		t.Errorf("error %v", err)
	}
}

// TestQuiet: a device made afterwards has no IPv6 to talk with.
func TestQuiet(t *testing.T) {
	ns := New(t)
	ns.Quiet()
	ns.IP("link add pinyon0 type veth peer name pinyon1")
	ns.IP("link set pinyon0 up")
	if out := ns.Run("ip", "-6", "addr", "show", "dev", "pinyon0"); out != "" {
		t.Error(out)
	}
}

// TestReady: what is sent once both ends of a pair are ready arrives.
func TestReady(t *testing.T) {
	ns := New(t)
	ns.Quiet()
	ns.IP("link add pinyon0 type veth peer name pinyon1")
	ns.IP("addr add 192.0.2.1/24 dev pinyon0")
	ns.IP("link set pinyon0 up")
	ns.IP("link set pinyon1 up")
	ns.Ready("pinyon0", "pinyon1")
	ns.IP("neigh add 192.0.2.2 lladdr 02:00:00:00:00:01 dev pinyon0")
	ns.Do(func() {
		c, err := net.Dial("udp", "192.0.2.2:9")
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if _, err := c.Write([]byte("x")); err != nil {
			t.Fatal(err)
		}
	})
	// RX: bytes packets
	lines := strings.Split(ns.Run("ip", "-s", "link", "show", "pinyon1"), "\n")
	if len(lines) < 4 || !strings.HasPrefix(strings.TrimSpace(lines[3]), "43 ") {
		t.Errorf("%q", lines)
	}
}

// TestGone: nothing is left behind, even if a test ends inside Do.
func TestGone(t *testing.T) {
	var name string
	t.Run("skipped", func(t *testing.T) {
		ns := New(t)
		name = ns.Name
		ns.Do(func() { t.Skip("as meant") })
		t.Error("Do returned from a skipped test")
	})
	if name == "" {
		t.Skip("no namespace was made")
	}
	if _, err := os.Stat("/run/netns/" + name); !os.IsNotExist(err) {
		out, _ := exec.Command("ip", "netns", "list").Output()
		t.Errorf("%v; left are %s", err, out)
	}
}
