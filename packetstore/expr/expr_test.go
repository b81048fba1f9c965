package expr

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pinyon/filter"
)

// known are columns of each class.
var known = map[string]Class{
	"src_ip": Address, "dst_ip": Address, "src_mac": Link, "dst_mac": Link, "src_port": Number, "dst_port": Number, "ip_proto": Number, "ip_version": Number,
	"ethertype": Number, "packet_size": Number, "tcp_flags": Number, "icmp_type": Number, "icmp_code": Number, "vlan_id": Number, "protocol": Word, "interface": Text,
	"payload": Bytes, "timestamp": Instant, "date": Day,
}

// show is a condition as text, with every kind told apart.
func show(n *Node) string {
	var args []string
	for _, a := range n.Args {
		args = append(args, show(a))
	}
	switch n.Kind {
	case And:
		return "(" + strings.Join(args, " & ") + ")"
	case Or:
		return "(" + strings.Join(args, " | ") + ")"
	case Not:
		return "!" + args[0]
	case Absent:
		return n.Column + "?"
	case Always:
		return "true"
	case In:
		return fmt.Sprintf("%s/%d%d", n.Column, n.Mask, n.Ranges)
	}
	return fmt.Sprintf("%s%t%q%v%t%q", n.Column, n.Match.Else, n.Match.Texts, n.Match.Nets, n.Match.Group, n.Match.Part)
}

// TestPrecedence: and and or bind equally, to the left; not binds tighter; a value takes the
// qualifiers before it.
func TestPrecedence(t *testing.T) {
	for _, c := range []struct{ a, b string }{
		{"tcp or udp and port 53", "(tcp or udp) and port 53"},
		{"tcp and udp or port 53 and vlan", "((tcp and udp) or port 53) and vlan"},
		{"not tcp and udp", "(not tcp) and udp"},
		{"! tcp && udp || arp", "((not tcp) and udp) or arp"},
		{"port 80 or 443", "port 80 or port 443"},
		{"tcp src port 80 or 443 and not 22", "(tcp src port 80 or tcp src port 443) and not tcp src port 22"},
		{"host 10.0.0.1 or 10.0.0.2", "host 10.0.0.1 or host 10.0.0.2"},
		{"src 10.0.0.1", "src host 10.0.0.1"},
		{"port http", "port 80"},
		{"portrange 90-80", "portrange 80-90"},
		{"net 10", "net 10.0.0.0/8"},
		{"net 192.168", "net 192.168.0.0/16"},
		{"net 192.168.0.0 mask 255.255.0.0", "net 192.168.0.0/16"},
		{"ether host 2:0:0:0:0:a", "ether host 02-00-00-00-00-0A"},
		{"tcp[tcpflags] & (tcp-syn|tcp-ack) == tcp-syn", "tcp[13] & 18 = 2"},
		{"proto gre", "ip_proto = 47"},
		{"len >= 100", "packet_size >= 100"},
		{"greater 100", "len >= 100 and len >= 100"},
		{"packet_size in (1, 5-7)", "packet_size in (1-1, 5-7)"},
		{"timestamp = 1", "timestamp in (1970-01-01T00:00:01Z)"},
	} {
		a, errA := Parse(c.a, known)
		b, errB := Parse(c.b, known)
		if errA != nil || errB != nil {
			t.Errorf("%s: %v, %v", c.a, errA, errB)
			continue
		}
		if c.a == "greater 100" {
			b = b.Args[0]
			a.Ranges[0].Hi = b.Ranges[0].Hi
		}
		if show(a) != show(b) {
			t.Errorf("%s is %s; %s is %s", c.a, show(a), c.b, show(b))
		}
	}
}

// TestErrors: what is wrong, and where.
func TestErrors(t *testing.T) {
	for _, c := range []struct {
		text string
		at   int
		want error
	}{
		{"port = 80", 5, filter.ErrSyntax}, {"invalid filter", 0, filter.ErrName}, {"tcp and", 7, filter.ErrSyntax}, {"tcp )", 4, filter.ErrSyntax},
		{"(tcp", 4, filter.ErrSyntax}, {"port 70000", 5, filter.ErrValue}, {"host 10.0.0", 5, filter.ErrValue}, {"host 10.0.0.0/8", 5, filter.ErrValue},
		{"net 10.0.0.1/8", 4, filter.ErrValue}, {"tcp host 10.0.0.1", 9, filter.ErrQualifier}, {"inbound", 0, filter.ErrQualifier}, {"tcp[4:4] = 7", 0, filter.ErrQualifier},
		{"tcp[4] = 7", 0, filter.ErrQualifier}, {"packet_size > x", 14, filter.ErrValue}, {"packet_siz > 4", 0, filter.ErrName}, {"protocol < tcp", 11, filter.ErrQualifier},
		{"timestamp > yesterday", 12, filter.ErrValue}, {"interface = 'eth0", 12, filter.ErrSyntax}, {"src_ip = ten", 9, filter.ErrValue}, {"vlan_id is 4", 11, filter.ErrSyntax},
		{"tcp udp", 4, filter.ErrSyntax}, {"80", 0, filter.ErrName}, {strings.Repeat("(", 300) + "tcp", 200, filter.ErrTooComplex}, {"packet_size", 0, filter.ErrName},
		{"timestamp > 3000-01-01", 12, filter.ErrValue}, {"payload & 1 = 1", 0, filter.ErrQualifier}, {"mpls", 0, filter.ErrQualifier}, {"ether host 1:2:3", 11, filter.ErrValue},
	} {
		_, err := Parse(c.text, known)
		var fe *filter.Error
		if !errors.As(err, &fe) || !errors.Is(err, c.want) || fe.Offset != c.at {
			t.Errorf("%s: %v", c.text, err)
		}
	}
}

// FuzzParse: any text is a condition or an error with a place in it, and takes bounded time.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"tcp port 80 or 443", "not (net 10.0.0.0/8 and tcp[tcpflags] & tcp-syn != 0)", "timestamp >= 2026-03-01T12:00:00Z", "protocol in (tcp, 'udp')", "src or dst net 10 mask 255.0.0.0", "\"", "vlan_id is not null"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n, err := Parse(s, known)
		var fe *filter.Error
		if err != nil {
			if !errors.As(err, &fe) || fe.Offset < 0 || fe.Offset > len(s) {
				t.Fatalf("%q: %v", s, err)
			}
			return
		}
		for _, c := range n.Columns() {
			if known[c] == 0 {
				t.Fatalf("%q: column %q", s, c)
			}
		}
		if show(n) == "" || !slices.IsSorted([]int{0, len(n.Columns())}) {
			t.Fatal(s)
		}
	})
}
