package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"pinyon"
	"pinyon/account"
	"pinyon/capture"
	"pinyon/remote"
	"pinyon/remote/client"
)

// remoteFlags are the flags of connect beside those of every live run.
type remoteFlags struct {
	tokenFile  string
	trust      remote.Trust
	plaintext  bool
	interfaces []string
	reconnect  int
	once       bool
	noCompress bool
	mergeWait  time.Duration
	discover   string
}

func (a *app) connectCommand() *cobra.Command {
	x := &extraction{app: a}
	l := &liveFlags{}
	r := &remoteFlags{}
	cmd := &cobra.Command{
		Use:   "connect [URL...]",
		Short: "Receive packets from capture servers and write a row for every flow",
		Long: `Receive packets from servers ("pinyon serve") and write a row for every flow as it ends, as
live does. Of several servers the packets are joined by their times.

A URL is pinyons://HOST:PORT, or pinyon:// without TLS; pin=sha256:... is the key of the
server, name=... that of the token. The token comes from --token-file, PINYON_TOKEN or token=
of the URL, which others may see.

A link that was cut is made again. What is missing then is counted and marked; meanwhile no
flow runs out. --filter narrows what the server sends.`,
		Example: `  pinyon connect 'pinyons://sensor:8765?pin=sha256:...' --token-file token -o flows.parquet
  pinyon connect pinyons://a pinyons://b --tls-ca ca.pem --filter 'udp port 53' -f jsonl`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := notEmpty(cmd, "save-pcap", "packets", "token-file", "discover"); err != nil {
				return err
			}
			if len(args) == 0 && r.discover == "" {
				return usage("give the URL of a server, or --discover")
			}
			return x.process(func(cfg *pinyon.Config, sig *interrupt) (*inputs, error) {
				return x.openRemote(args, l, r, cfg, sig)
			})
		},
	}
	x.addFlags(cmd)
	f := cmd.Flags()
	f.StringVar(&r.tokenFile, "token-file", "", "file that holds the token")
	f.StringVar(&r.trust.CA, "tls-ca", "", "certificates of authorities, in place of the system's")
	f.BoolVar(&r.trust.Insecure, "tls-insecure", false, "believe any certificate: the token alone tells the server then")
	f.StringVar(&r.trust.Cert, "tls-cert", "", "certificate of this client, if the server wants one")
	f.StringVar(&r.trust.Key, "tls-key", "", "key of that certificate")
	f.BoolVar(&r.plaintext, "allow-plaintext", false, "consent to packets in the clear from another machine")
	f.StringSliceVar(&r.interfaces, "interface", nil, "interfaces of the server that are wanted; all without it")
	f.IntVar(&r.reconnect, "reconnect", client.DefaultTries, "tries in a row to connect before giving up; 0 is for ever")
	f.BoolVar(&r.once, "no-reconnect", false, "end when the link is cut")
	f.BoolVar(&r.noCompress, "no-compress", false, "have packets sent as they are")
	f.StringVar(&r.discover, "discover", "", "server that announces itself, by its number or name in the list of \"pinyon discover\"")
	f.DurationVar(&r.mergeWait, "merge-wait", client.DefaultWait, "how long a packet of one server waits for earlier ones of others")
	f.StringVarP(&l.duration, "duration", "d", "", "end after so long: seconds, or 90s, 5m, 2h")
	f.Uint64Var(&l.capture.Count, "count", 0, "end after so many packets; 0 is never")
	f.IntVar(&l.capture.Snaplen, "snaplen", capture.DefaultSnaplen, "bytes of a packet that are sent")
	f.BoolVar(&l.failLoss, "fail-on-loss", false, "exit with 3 if packets were lost")
	f.StringVar(&l.stats, "stats-interval", "", "print a line of counts this often: seconds, or 30s, 5m; 10s unless standard error is a terminal")
	l.save.add(cmd)
	return cmd
}

// openRemote connects to the servers and makes them the run's input.
func (x *extraction) openRemote(args []string, l *liveFlags, r *remoteFlags, cfg *pinyon.Config, sig *interrupt) (*inputs, error) {
	forDevices(cfg)
	if err := x.checkLive(l); err != nil {
		return nil, err
	}
	duration, err := parseDuration(l.duration)
	if err != nil {
		return nil, usage("--duration: %w", err)
	}
	if l.capture.Snaplen < 1 {
		return nil, usage("--snaplen: got %d; want 1 or more", l.capture.Snaplen)
	}
	if r.reconnect < 0 || r.mergeWait < 0 {
		return nil, usage("--reconnect and --merge-wait are 0 or more")
	}
	if r.discover != "" {
		all, err := find(2)
		if err != nil {
			return nil, err
		}
		url, err := pickServer(r.discover, all)
		if err != nil {
			return nil, err
		}
		args = append(args, url)
	}
	token, err := r.token()
	if err != nil {
		return nil, err
	}
	o := client.Options{
		Token: token, Trust: r.trust, Plaintext: r.plaintext, Filter: cfg.BPFFilter, Interfaces: r.interfaces, Snaplen: l.capture.Snaplen,
		NoZstd: r.noCompress, Tries: r.reconnect, Version: pinyon.Version, Log: x.log,
	}
	switch {
	case r.once:
		o.Tries = client.Once
	case r.reconnect == 0:
		o.Tries = client.Forever
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	opened := make(chan struct{})
	defer close(opened)
	go func() {
		select {
		case <-sig.ended:
			cancel()
		case <-opened:
		}
	}()
	m := &client.Merged{Wait: r.mergeWait, Count: l.capture.Count}
	m.Failed = func(c *client.Client, err error) {
		x.say("%s: %s: %s; going on with the other servers", x.name, c.Name(), bare(err))
	}
	var all []client.Options
	for _, arg := range args {
		one := o
		if one.Address, err = remote.ParseAddress(arg); err != nil {
			return nil, err
		}
		if one.Token == "" && one.Address.Token != "" {
			x.say("warning: a token in a URL can be read in the list of processes; --token-file keeps it to itself")
		}
		if r.trust.Insecure && one.Address.TLS && one.Address.Pin == nil {
			x.say("warning: --tls-insecure: whoever knows the token can pose as %s", one.Address.HostPort())
		}
		if len(args) > 1 && o.Tries == client.Forever {
			one.First = client.DefaultTries // others do not wait for ever for one that is not there
		}
		all = append(all, one)
	}
	missing, err := x.openServers(ctx, m, all)
	if err != nil {
		m.Close()
		return nil, err
	}
	if duration > 0 {
		time.AfterFunc(duration, m.Stop)
	}
	one := pinyon.Input{Name: m.Name(), Live: true, Mode: account.ModeRemote, Close: m.Close}
	if names := m.Interfaces(); len(names) > 1 {
		one.Interfaces = names
	}
	in, err := x.goLive(m, one, l, sig)
	if err == nil {
		in.live.missing = missing
		x.remote = func() (sum account.Remote) {
			for _, c := range m.Clients() {
				d := c.Detail()
				sum.Reconnects += d.Reconnects
				sum.Gaps += d.LostQueue + d.LostLink
			}
			return sum
		}
	}
	return in, err
}

// openServers connects to all servers at once. Those that cannot be had are told, and are missing,
// unless none can be had.
func (x *extraction) openServers(ctx context.Context, m *client.Merged, all []client.Options) (missing []remoteSummary, err error) {
	clients, errs := make([]*client.Client, len(all)), make([]error, len(all))
	var wg sync.WaitGroup
	for i := range all {
		wg.Go(func() { clients[i], errs[i] = client.Open(ctx, &all[i]) })
	}
	wg.Wait()
	for i, c := range clients {
		if c != nil {
			m.Add(c)
			continue
		}
		missing = append(missing, remoteSummary{Server: all[i].Address.HostPort(), Error: bare(errs[i]), never: true})
		err = errs[i]
	}
	switch {
	case len(missing) == len(all) || ctx.Err() != nil && err != nil:
		for i := range len(missing) - 1 {
			x.say("%s: %s: %s", x.name, missing[i].Server, missing[i].Error)
		}
		return nil, err
	case len(missing) > 0:
		for _, s := range missing {
			x.say("%s: %s: %s; going on with the other servers", x.name, s.Server, s.Error)
		}
	}
	return missing, nil
}

// bare is an error of a server without the words that say what it is an error of.
func bare(err error) string {
	if err == nil {
		return ""
	}
	return strings.TrimPrefix(err.Error(), "capture: read: ")
}

// token is that of the flags or of the environment; "" if it is to come with the URL.
func (r *remoteFlags) token() (string, error) {
	if r.tokenFile == "" {
		return os.Getenv("PINYON_TOKEN"), nil
	}
	t, err := remote.ReadSecret(r.tokenFile)
	if err != nil {
		return "", fmt.Errorf("--token-file: %w", err)
	}
	return t, nil
}

// remoteSummary is what became of the packets of one server.
type remoteSummary struct {
	Server     string `json:"server"`
	Received   uint64 `json:"received"`
	Delivered  uint64 `json:"delivered"`
	LostQueue  uint64 `json:"lost_queue"`
	LostLink   uint64 `json:"lost_link"`
	Unknown    uint64 `json:"gaps_of_unknown_size"`
	Gaps       uint64 `json:"gaps"`
	Reconnects uint64 `json:"reconnects"`
	LinkBytes  uint64 `json:"link_bytes"`
	Offset     int64  `json:"clock_offset_ns"`
	Within     int64  `json:"clock_offset_within_ns"`
	Error      string `json:"error,omitempty"` // why it was not read to its end

	never bool // no connection ever came about
}

// remotes are the servers of a live source that has some.
func remotes(d liveSource) (list []remoteSummary) {
	m, ok := d.(*client.Merged)
	if !ok {
		return nil
	}
	for _, c := range m.Clients() {
		s := c.Detail()
		list = append(list, remoteSummary{c.Name(), s.Received, s.Delivered, s.LostQueue, s.LostLink, s.Unknown, s.Gaps, s.Reconnects, s.LinkBytes, int64(s.Offset), int64(s.Within), bare(s.Err), false})
	}
	return list
}

func (a *app) sayRemotes(list []remoteSummary) {
	for _, r := range list {
		if r.never {
			continue // it was said at the beginning
		}
		a.say("%s: %d packets received; lost: %d in the server's queue, %d with the link, %d times an unknown number; %d gaps, connected again %d times",
			r.Server, r.Received, r.LostQueue, r.LostLink, r.Unknown, r.Gaps, r.Reconnects)
		if r.Error != "" && len(list) > 1 { // of one it is the run's
			a.say("%s: %s: %s", a.name, r.Server, r.Error)
		}
		if off := time.Duration(r.Offset); off.Abs() > time.Duration(r.Within)+time.Second {
			a.say("warning: the clock of %s is %v ahead of this machine's, give or take %v", r.Server, off.Round(time.Millisecond), time.Duration(r.Within).Round(time.Millisecond))
		}
	}
}
