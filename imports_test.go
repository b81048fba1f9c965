package pinyon_test

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// rules say what a package (or tree, with /...) of the module may not import, and why.
var rules = []struct{ who, not, why string }{
	{"./packet", "pinyon/", "decoding stands on nothing of the module"},
	{"./feature", "pinyon/", "a description of a column knows nothing else"},
	{"./column", "pinyon/flow", "columns know no flow"},
	{"./column", "pinyon/packet", "columns know no packet"},
	{"./column", "github.com/", "columns are Pinyon's own, whatever the sinks use"},
	{"./capture", "pinyon/flow", "a source knows frames only"},
	{"./source", "pinyon/pcap", "what a source is depends on no kind of source"},
	{"./source", "pinyon/capture", "what a source is depends on no kind of source"},
	{"./source", "pinyon/filter", "what a source is depends on no filter"},
	{"./source", "pinyon/flow", "a source knows frames only"},
	{"./source", "pinyon/internal/", "of the module a source needs packets alone"},
	{"./source", "github.com/", "what a source is needs no library"},
	{"./source", "pinyon/source/", "the seam of sources knows no kind of source"},
	{"./source/file", "pinyon/capture", "files are read where no device can be opened"},
	{"./source/merged", "pinyon/pcap", "what merges captures depends on no kind of source"},
	{"./source/...", "pinyon/flow", "a source knows frames only"},
	{"./source/...", "pinyon/sink", "a source knows no output"},
	{"./source/gate", "pinyon/capture", "who keeps packets out does so of any source"},
	{"./source/gate", "github.com/", "lists of addresses are looked up by hand"},
	{".", "pinyon/source/all", "the library lists no sources: whoever opens some by address does"},
	{"./pcap", "pinyon/capture", "a file reader knows frames only"},
	{"./pcap", "pinyon/flow", "a file reader knows frames only"},
	{"./pcap", "pinyon/column", "a file reader knows frames only"},
	{"./feed", "pinyon/flow", "a feed knows frames only"},
	{"./flow", "pinyon/internal/groups", "the table does not know what a flow remembers"},
	{"./flow", "pinyon/column", "the table does not know what a flow remembers"},
	{"./flow", "github.com/", "the table is written by hand"},
	{"./extract", "pinyon/sink", "columns are declared for no format"},
	{"./extract", "pinyon/pcap", "columns are computed from packets, whatever their source"},
	{"./extract", "pinyon/internal/engine", "columns are declared without a run"},
	{"./internal/dispatch", "pinyon/internal/groups", "who offers bytes to parsers knows no column"},
	{"./internal/dispatch", "pinyon/feature", "who offers bytes to parsers knows no column"},
	{"./internal/groups", "pinyon/extract", "what computes columns stands below what users see of them"},
	{"./internal/groups", "pinyon/sink", "columns are computed for no format"},
	{"./internal/groups", "pinyon/source", "columns are computed from packets, whatever their source"},
	{"./internal/groups", "pinyon/pcap", "columns are computed from packets, whatever their source"},
	{"./internal/groups", "pinyon/internal/engine", "a group does not know in which run it is"},
	{"./internal/groups", "pinyon/config", "a group knows its own options and no configuration file"},
	{"./internal/engine", "pinyon/extract", "a run needs the columns as a plan, not as users declare them"},
	{"./internal/engine", "pinyon/config", "a run knows its own options and no configuration file"},
	{"./internal/engine", "pinyon/sink", "a run yields batches, whoever takes them"},
	{"./packetstore", "pinyon/flow", "rows of packets know no flow"},
	{"./packetstore", "pinyon/internal/groups", "rows of packets know no flow"},
	{"./listen", "github.com/apache/arrow-go", "a table of packets needs no format, whoever writes it"},
	{"./listen", "pinyon/flow", "rows of packets know no flow"},
	{"./listen", "pinyon/sink", "a table of packets knows no output"},
	{"./packetstore/expr", "github.com/", "conditions are read without any format"},
	{"./packetstore", "google.golang.org/grpc", "who writes files serves no RPC"},
	{"./capture", "github.com/apache/arrow-go", "capturing pulls in no format"},
	{"./capture/settings", "pinyon/capture/", "what a file tells a capture is known without one"},
	{"./capture/settings", "github.com/", "settings are read by one library of YAML"},
	{"./capture", "pinyon/capture/session", "a device knows nobody who runs callbacks over it"},
	{"./capture/session", "pinyon/flow", "a capture that runs knows frames only"},
	{"./capture/session", "pinyon/sink", "a capture that runs knows frames only"},
	{"./logging", "pinyon/", "a log knows nobody who tells it something"},
	{"./logging", "github.com/", "lines are written by the standard library"},
	{"./capture/plan", "pinyon/flow", "what settings come to is said of packets, not of flows"},
	{"./capture/plan", "pinyon/sink/sql", "who plans a capture writes no rows of flows"},
	{"./feed", "pinyon/capture/session", "a feed is read, not run"},
	{"./filter", "pinyon/flow", "a filter sees frames only"},
	{"./filter", "pinyon/capture", "a filter sees frames only"},
	{"./capture", "pinyon/internal/groups", "a source knows frames only"},
	{"./capture/process", "pinyon/capture", "whose a packet is does not depend on what captured it"},
	{"./capture/process", "pinyon/flow", "whose a packet is, is known packet by packet"},
	{"./capture/process", "github.com/", "sockets are listed by hand, whoever tells of them beside"},
	{"./capture", "github.com/gopacket", "capture is written by hand"},
	{"./filter", "github.com/", "the compiler is written by hand"},
	{"./netif", "pinyon/capture", "the inventory captures nothing"},
	{"./netif", "pinyon/pcap", "the inventory knows no files"},
	{"./netif", "pinyon/filter", "the inventory knows no filters"},
	{"./netif", "pinyon/flow", "the inventory knows no flows"},
	{"./netif", "pinyon/internal/", "of the module the inventory needs link types alone"},
	{"./netif", "github.com/", "netlink is spoken by hand"},
	{"./proto/...", "pinyon/flow", "a parser sees bytes, never a flow"},
	{"./proto/...", "pinyon/packet", "a parser sees bytes, never a packet"},
	{"./proto/...", "github.com/", "parsers are written by hand"},
	{"./sink/...", "pinyon/flow", "sinks see columns, never a flow"},
	{"./sink/...", "pinyon/packet", "sinks see columns, never a packet"},
	{"./sink/...", "pinyon/internal/groups", "sinks see columns, never how they are computed"},
	{"./sink", "github.com/", "the seam of sinks pulls in no format"},
	{"./sink", "pinyon/sink/", "the seam of sinks knows no sink"},
	{"./sink/sql", "github.com/", "what databases share pulls in no driver"},
	{"./sink/sql", "modernc.org/", "what databases share pulls in no driver"},
	{"./sink/sql/sqlite", "github.com/jackc", "one database pulls in no other's driver"},
	{"./sink/sql/postgres", "modernc.org/", "one database pulls in no other's driver"},
	{"./sink/files", "github.com/", "files of every format need none of them"},
	{"./sink/csv", "github.com/", "text is written by hand"},
	{"./sink/json", "github.com/", "text is written by hand"},
	{"./capinfo", "pinyon/flow", "a capture is described frame by frame"},
	{"./schema", "github.com/apache/arrow-go", "the schema is exported without any format"},
	{"./schema", "pinyon/internal/engine", "columns are described without a run"},
	{"./account", "pinyon/internal/", "what is counted is public, and knows nobody who counts"},
	{"./account", "pinyon/sink", "an account knows no sink, only what all of them count"},
	{"./account/output", "pinyon", "what sinks count needs nothing"},
	{"./account", "pinyon/source/", "an account knows no kind of source"},
	{"./account", "github.com/", "an account needs no library, whoever shows it"},
	{"./provenance", "pinyon/internal/engine", "what a run was is told without running one"},
	{"./config", "pinyon/internal/engine", "a configuration runs nothing"},
	{"./config", "pinyon/sink", "a configuration knows no output"},
	{"./provenance", "pinyon/sink/", "what a run was is told without any format"},
	{"./pipe", "pinyon/flow", "who steers a feed knows frames only"},
	{"./savefile", "pinyon/flow", "who writes frames knows no flow"},
	{"./savefile", "pinyon/internal/groups", "who writes frames knows no column of flows"},
	{"./dataset", "pinyon/sink/", "tables are read back by other means than they are written"},
	{"./dataset", "pinyon/pcap", "tables are described without captures"},
	{"./label", "pinyon/flow", "labels know the addresses, ports and times of a flow, never the flow"},
	{"./label", "pinyon/sink", "labels know no output"},
	{"./label", "github.com/", "text is read by the standard library, and Parquet by a package of its own"},
	{"./remote/wire", "pinyon/source", "a protocol is bytes, whoever sends them"},
	{"./remote/server", "pinyon/flow", "a server knows frames only"},
	{"./remote/server", "pinyon/capture", "a server sends what any source gives"},
	{"./remote/client", "pinyon/flow", "a source knows frames only"},
	{"./remote/client", "pinyon/remote/server", "a client knows its server by the protocol alone"},
	{"./remote/wire", "pinyon/filter", "a protocol is bytes, whatever they ask for"},
	{"./discover", "pinyon/", "who finds servers knows no protocol of theirs"},
	{".", "pinyon/remote", "importing the library pulls in no network"},
	{"./watch", "github.com/apache/arrow-go", "who does files pulls in no format"},
	{"./internal/sdnotify", "pinyon", "a service manager is told words"},
	{".", "pinyon/sink/", "importing the library pulls in no format"},
	{".", "github.com/apache/arrow-go", "importing the library pulls in no Arrow"},
	{".", "github.com/prometheus", "the library counts, and leaves it to others to show the counts"},
	{"./dashboard", "github.com/", "boards and rules are text"},
	{"./dashboard", "pinyon/", "boards and rules know metrics by their names"},
	{"./metrics", "pinyon/internal/", "metrics are those of an account, whoever counts"},
	{"./metrics", "pinyon/sink", "metrics know no output, only what all of them count"},
	{".", "github.com/spf13/cobra", "the library has no command line"},
	{"./cmd/pinyon", "google.golang.org/grpc", "a command that writes files serves no RPC"},
}

// floors are the packages of the module from the command down: each imports those of lower floors
// only. So no import runs back up, and a packet on its way to a file of rows goes down once
// (docs/design.md draws it). A name that ends in /... is all packages below it that no other line
// names. A new package gets its place here.
var floors = []string{
	"./cmd/pinyon",
	"./watch ./edges",
	". ./sink/all ./source/all ./pipe ./capture/plan",
	"./source/server ./metrics ./dashboard ./packetlist ./provenance ./savefile ./label/parquet ./sink/kafka ./sink/sql/sqlite ./sink/sql/postgres ./spool",
	"./config ./schema ./dataset ./packetstore ./stats ./source/device ./source/file ./source/merged ./feed ./capture/session ./listen ./capture/capturetest ./capinfo ./replay ./remote/...",
	"./remote ./internal/engine ./extract ./capture ./capture/process ./packetstore/expr ./sink/...",
	"./sink/files ./sink/internal/out ./discover",
	"./account ./capture/settings ./source/gate ./sink ./sink/internal/... ./internal/groups ./capture/afpacket ./capture/libpcap ./pcap ./view",
	"./internal/dispatch",
	"./source ./column ./flow ./filter ./netif ./internal/graph ./internal/nstest ./internal/vectors ./internal/gen/main ./proto/...",
	"./remote/wire ./label",
	"./packet ./feature ./logging ./account/output ./proto ./proto/http2/fields ./proto/openvpn ./sink/internal/par ./internal/...",
	"./testdata/...",
}

// imports are the packages of the module with what each imports, tests left out.
func imports(t *testing.T) map[string][]string {
	t.Helper()
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("no go command:", err)
	}
	out, err := exec.Command("go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}} {{join .Imports \" \"}}{{end}}", "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	of := map[string][]string{}
	for line := range strings.Lines(string(out)) {
		if f := strings.Fields(line); len(f) > 0 {
			of[f[0]] = f[1:]
		}
	}
	return of
}

// full is the import path of ./name.
func full(name string) string {
	if name == "." {
		return "pinyon"
	}
	return "pinyon" + strings.TrimPrefix(name, ".")
}

// holds reports whether a package is one of those that name stands for.
func holds(name, pkg string) bool {
	tree, ok := strings.CutSuffix(full(name), "/...")
	return pkg == tree || ok && strings.HasPrefix(pkg, tree+"/")
}

// TestImports: nobody depends on what his rules forbid, however many packages lie between.
func TestImports(t *testing.T) {
	of := imports(t)
	for _, r := range rules {
		used := false
		for pkg := range of {
			if !holds(r.who, pkg) {
				continue
			}
			used = true
			seen := map[string]bool{}
			var visit func(p string)
			visit = func(p string) {
				if seen[p] {
					return
				}
				seen[p] = true
				if p != pkg && strings.HasPrefix(p, r.not) && !holds(r.who, p) {
					t.Errorf("%s depends on %s: %s", pkg, p, r.why)
				}
				for _, q := range of[p] {
					visit(q)
				}
			}
			visit(pkg)
		}
		if !used {
			t.Errorf("%s: there is no such package: its rule is out of date", r.who)
		}
	}
}

// TestFloors: every import leads to a lower floor.
func TestFloors(t *testing.T) {
	of := imports(t)
	floor := func(pkg string) int {
		at, most := -1, 0 // the longest name holds the package most closely
		for i, names := range floors {
			for _, name := range strings.Fields(names) {
				if full(name) == pkg {
					return i
				}
				if holds(name, pkg) && len(name) > most {
					at, most = i, len(name)
				}
			}
		}
		return at
	}
	for pkg, list := range of {
		if !holds("./...", pkg) {
			continue
		}
		from := floor(pkg)
		if from < 0 {
			t.Errorf("%s stands on no floor: give it one in floors", pkg)
		}
		for _, q := range list {
			if to := floor(q); holds("./...", q) && from >= 0 && to >= 0 && to <= from {
				t.Errorf("%s, floor %d, imports %s, floor %d: imports lead down", pkg, len(floors)-from, q, len(floors)-to)
			}
		}
	}
}

// TestHPACK: one package alone knows golang.org/x/net, and of it the decoder of HPACK; another one,
// which joins multicast groups, the options of IP sockets.
func TestHPACK(t *testing.T) {
	found := false
	for who, list := range imports(t) {
		for _, p := range list {
			if !strings.HasPrefix(p, "golang.org/x/net") || !holds("./...", who) {
				continue
			}
			if who == "pinyon/discover" && (p == "golang.org/x/net/ipv4" || p == "golang.org/x/net/ipv6") {
				continue
			}
			found = true
			if who != "pinyon/proto/http2/fields" || p != "golang.org/x/net/http2/hpack" {
				t.Errorf("%s imports %s: header blocks alone are decoded by others", who, p)
			}
		}
	}
	if !found {
		t.Error("nothing imports HPACK: the rule is out of date")
	}
}

// TestAllocsPerRun: tests count allocations by internal/allocs, as a plain count fails at random
// under the race detector.
func TestAllocsPerRun(t *testing.T) {
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || filepath.Dir(path) == filepath.Join("internal", "allocs") {
			return err
		}
		text, err := os.ReadFile(path)
		if bytes.Contains(text, []byte("testing.Allocs"+"PerRun(")) {
			t.Errorf("%s calls testing.Allocs"+"PerRun: call allocs.PerRun", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}
