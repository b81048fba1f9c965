package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"pinyon"
	"pinyon/account"
	"pinyon/capture"
	"pinyon/config"
	"pinyon/filter"
	"pinyon/internal/notify"
	"pinyon/netif"
	"pinyon/packet"
	"pinyon/remote"
	capserver "pinyon/remote/server"
	protocol "pinyon/remote/wire"
)

// serving is what the flags of serve say.
type serving struct {
	*app
	live       liveFlags
	file       string
	filter     string
	resolve    bool
	monitoring monitoring

	announced    bool
	announceName string
	host         string
	port         int
	tokenFile    string
	token        string
	printToken   bool
	stateDir     string
	cert, key    string
	clientCA     string
	auto         bool
	plaintext    bool
	clients      int
	bandwidth    string
	queue        string
	policy       string
	noCompress   bool
	self         bool
}

func (a *app) serveCommand() *cobra.Command {
	s := &serving{app: a}
	cmd := &cobra.Command{
		Use:   "serve [INTERFACE...]",
		Short: "Capture from interfaces and send the packets to clients elsewhere",
		Long: `Capture packets from interfaces and send them to clients ("pinyon connect"), which have to
prove that they know a token. The token itself is never sent, and proofs hold for one TLS
connection. Without TLS the server listens at this machine's own addresses only, unless
--allow-plaintext consents.

Without --token-file or PINYON_TOKEN a token is made and kept in the state directory. A file of
several tokens, each with a name, a filter, a rate and more, is described in docs/security.md;
it is read again when it changes, and at a hangup signal. The server's own stream is left out
of the capture.

With -r the packets of a capture are sent instead, as fast as clients take them, once the first
of them is there.`,
		Example: `  pinyon serve eth0 --host 0.0.0.0 --tls-auto
  pinyon serve eth0 --host :: --tls-cert cert.pem --tls-key key.pem --token-file tokens.yaml --filter 'not port 22'
  pinyon serve -r trace.pcapng`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := notEmpty(cmd, "read", "save-pcap", "packets", "user", "token-file", "token", "host", "announce-name"); err != nil {
				return err
			}
			if err := s.whole(cmd, args); err != nil {
				return err
			}
			return s.run(args)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.IntVarP(&s.port, "port", "p", remote.DefaultPort, "port to listen at")
	f.StringVar(&s.host, "host", "127.0.0.1", "address to listen at; 0.0.0.0 and :: are all of this machine")
	f.StringVarP(&s.file, "read", "r", "", "capture to send instead of what passes an interface")
	f.StringVar(&s.filter, "filter", "", "packets that are captured, in the language of pcap-filter(7)")
	f.BoolVar(&s.resolve, "resolve", false, "let names of hosts and networks stand in --filter")
	f.StringVar(&s.tokenFile, "token-file", "", "file that holds one token, or a list of named ones")
	f.StringVar(&s.token, "token", "", "the token; others may read it in the list of processes")
	f.BoolVar(&s.printToken, "print-token", false, "show the token in the URL that is printed")
	f.StringVar(&s.stateDir, "state-dir", "", "directory for what is made: token, certificate; by the system's custom without it")
	f.StringVar(&s.cert, "tls-cert", "", "certificate, in PEM; read again when it changes")
	f.StringVar(&s.key, "tls-key", "", "its key, in PEM")
	f.StringVar(&s.clientCA, "tls-client-ca", "", "want a certificate of every client, signed by one of these authorities")
	f.BoolVar(&s.auto, "tls-auto", false, "use a certificate of one's own making, which clients know by the pin in the URL")
	f.BoolVar(&s.plaintext, "allow-plaintext", false, "consent to packets in the clear to other machines")
	f.IntVar(&s.clients, "max-clients", capserver.DefaultClients, "clients at once; 0 is any number")
	f.StringVar(&s.bandwidth, "max-bandwidth", "", "bytes a second for each client, such as 10M")
	f.StringVar(&s.queue, "client-queue", "32MiB", "bytes that wait for each client at most")
	f.StringVar(&s.policy, "client-policy", "drop-newest", "when its queue is full: drop-newest, drop-oldest or disconnect; with -r also block, which is the default then")
	f.BoolVar(&s.noCompress, "no-compress", false, "send packets as they are")
	f.BoolVar(&s.announced, "announce", false, "tell the local networks of the server by multicast DNS, for \"pinyon discover\"; never the token")
	f.StringVar(&s.announceName, "announce-name", "", "name to announce; Pinyon-HOST-PORT without it")
	f.BoolVar(&s.self, "capture-self", false, "capture the server's own stream too")
	f.Uint64Var(&s.live.capture.Count, "count", 0, "end after so many packets; 0 is never")
	s.live.addCapture(cmd)
	s.live.save.add(cmd)
	s.monitoring.add(cmd)
	f.StringVar(&s.live.user, "user", "", "become this user once the interfaces are open")
	complete(cmd, "client-policy", policies)
	cmd.ValidArgsFunction = func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		names, _ := netif.Names()
		return append(names, capture.Any), cobra.ShellCompDirectiveNoFileComp
	}
	return cmd
}

// policies are the words of --client-policy, in the order of the server's.
var policies = []string{"drop-newest", "drop-oldest", "disconnect", "block"}

// whole checks what a capture file as the source asks for: no interfaces, and no flag of a device.
func (s *serving) whole(cmd *cobra.Command, args []string) error {
	f := cmd.Flags()
	if !f.Changed("read") {
		return nil
	}
	if len(args) > 0 {
		return usage("-r and interfaces say two things")
	}
	for _, name := range append(captureFlags, "count", "resolve", "user", "capture-self") {
		if name != "fail-on-loss" && f.Changed(name) {
			return usage("--%s is of interfaces, and with -r there are none", name)
		}
	}
	if !f.Changed("client-policy") {
		s.policy = policies[capserver.Block]
	}
	return nil
}

// options are those of the server, as far as the flags say them.
func (s *serving) options() (*capserver.Options, error) {
	o := &capserver.Options{Clients: s.clients, NoZstd: s.noCompress, Version: pinyon.Version, Log: s.log}
	if s.clients < 0 {
		return nil, usage("--max-clients: got %d; want 0 or more", s.clients)
	}
	if s.bandwidth != "" {
		rate, err := byteRate(s.bandwidth)
		if err != nil {
			return nil, usage("--max-bandwidth: %w", err)
		}
		o.Rate = rate
	}
	size, err := config.ParseSize(s.queue)
	if err != nil || size < capserver.MinQueue || size > 1<<40 {
		return nil, usage("--client-queue: got %q; want a size of 1MiB or more", s.queue)
	}
	o.Queue = int(size)
	at := slices.Index(policies, s.policy)
	if at < 0 || capserver.Policy(at) == capserver.Block && s.file == "" {
		return nil, usage("--client-policy: got %q; want drop-newest, drop-oldest or disconnect, or with -r block", s.policy)
	}
	if s.file != "" {
		o.Wait = 1
	}
	o.Policy = capserver.Policy(at)
	return o, nil
}

// byteRate reads bytes a second; K, M and G are powers of 1024.
func byteRate(text string) (uint64, error) {
	number, unit := text, uint64(1)
	if n := len(text); n > 1 {
		if shift := strings.IndexByte("KMG", text[n-1]&^0x20); shift >= 0 {
			number, unit = text[:n-1], 1<<(10*(shift+1))
		}
	}
	v, err := strconv.ParseFloat(number, 64)
	if err != nil || v*float64(unit) < 1 || v*float64(unit) > 1<<50 {
		return 0, fmt.Errorf("got %q; want bytes a second such as 500K, 10M, 1G", text)
	}
	return uint64(v * float64(unit)), nil
}

// state is the directory for what the server makes.
func (s *serving) state() (string, error) {
	if s.stateDir != "" {
		return s.stateDir, nil
	}
	if dir, _, _ := strings.Cut(os.Getenv("STATE_DIRECTORY"), ":"); dir != "" {
		return dir, nil // systemd.exec(5)
	}
	dir, err := os.UserConfigDir()
	if err != nil {
		return "", usage("there is no place for the token and the certificate: want --state-dir")
	}
	return filepath.Join(dir, "pinyon"), nil
}

// tokens are those that clients may know. shown is the one to print, if there is one.
func (s *serving) tokens() (ts *remote.Tokens, shown string, err error) {
	secret := s.token
	if secret == "" {
		secret = os.Getenv("PINYON_TOKEN")
	} else {
		s.say("warning: --token can be read in the list of processes; --token-file keeps it to itself")
	}
	path := s.tokenFile
	switch {
	case path != "" && s.token != "":
		return nil, "", usage("--token and --token-file say two things")
	case path == "" && secret != "":
		if ts, err = remote.OneToken(secret); err != nil {
			return nil, "", usage("the token: %w", err)
		}
		return ts, secret, nil
	case path == "":
		dir, err := s.state()
		if err != nil {
			return nil, "", err
		}
		path = filepath.Join(dir, "token")
		if err := makeToken(path); err != nil {
			return nil, "", err
		}
		s.say("token: %s", path)
	}
	if ts, err = remote.OpenTokens(path); err != nil {
		return nil, "", fmt.Errorf("--token-file: %w", err)
	}
	if t := ts.Find(remote.DefaultToken, time.Now()); t != nil {
		shown = t.Secret
	}
	return ts, shown, nil
}

// makeToken makes a file with a new token, unless it is there.
func makeToken(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, os.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(f, remote.NewSecret())
	return errors.Join(err, f.Close())
}

// security is the TLS that the flags ask for; nil for none.
func (s *serving) security() (*tls.Config, remote.Pin, error) {
	var c *remote.Certificate
	var err error
	switch {
	case s.auto && s.cert+s.key != "":
		return nil, nil, usage("--tls-auto and --tls-cert say two things")
	case (s.cert == "") != (s.key == ""):
		return nil, nil, usage("--tls-cert and --tls-key go together")
	case s.auto:
		dir, err := s.state()
		if err != nil {
			return nil, nil, err
		}
		host, _ := os.Hostname()
		if c, err = remote.AutoCertificate(dir, []string{host, "localhost"}); err != nil {
			return nil, nil, fmt.Errorf("--tls-auto: %w", err)
		}
	case s.cert != "":
		if c, err = remote.OpenCertificate(s.cert, s.key); err != nil {
			return nil, nil, fmt.Errorf("--tls-cert: %w", err)
		}
	case s.clientCA != "":
		return nil, nil, usage("--tls-client-ca needs TLS: want --tls-cert and --tls-key, or --tls-auto")
	default:
		return nil, nil, nil
	}
	t, err := c.Server(s.clientCA)
	if err != nil {
		return nil, nil, fmt.Errorf("--tls-client-ca: %w", err)
	}
	return t, c.Pin(), nil
}

func (s *serving) run(args []string) error {
	o, err := s.options()
	if err != nil {
		return err
	}
	co, err := s.live.options(args, s.filter, s.resolve)
	if err != nil {
		return err
	}
	if err := s.live.save.check(); err != nil {
		return err
	}
	if s.port < 0 || s.port > 1<<16-1 {
		return usage("--port: got %d; want 0 to 65535", s.port)
	}
	security, pin, err := s.security()
	if err != nil {
		return err
	}
	if ip, err := netip.ParseAddr(s.host); security == nil && !s.plaintext && (err != nil || !ip.IsLoopback()) && s.host != "localhost" {
		return usage("without TLS everybody on the way can read the packets: want --tls-auto, --tls-cert and --tls-key, or --allow-plaintext to consent")
	}
	if ip, err := netip.ParseAddr(s.host); s.announced && (s.host == "localhost" || err == nil && ip.IsLoopback()) {
		return usage("--announce: nobody else can reach %s; want --host 0.0.0.0, :: or an address of the network", s.host)
	}
	var shown string
	if o.Tokens, shown, err = s.tokens(); err != nil {
		return err
	}
	who, err := findUser(s.live.user)
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", net.JoinHostPort(s.host, strconv.Itoa(s.port)))
	if err != nil {
		return err
	}
	defer l.Close()
	d, faces, err := s.open(args, co, l.Addr(), o)
	if err != nil {
		return err
	}
	defer d.Close()
	if err := who.become(); err != nil {
		return fmt.Errorf("--user %s: %w", s.live.user, err)
	}
	in := &liveInput{dev: d, flags: &s.live, stop: make(chan struct{})}
	s.live.save.out = s.out
	s.live.save.failed = in.saveFailed(s.app)
	if in.save, err = s.live.save.open(d.Interfaces(), d.LinkTypes(), d.Snaplen()); err != nil {
		return err
	}
	if in.save != nil {
		o.Tap = func(f *packet.Frame) error {
			if f == nil {
				return in.save.Idle()
			}
			return in.save.Write(f)
		}
	}
	o.Source, o.Interfaces = d, faces
	srv, err := capserver.New(o)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	stopped := make(chan struct{})
	var working atomic.Bool
	if err := s.monitoring.start(s.app, accountOf(d.Name(), srv), func() bool { return working.Load() && ctx.Err() == nil }); err != nil {
		return err
	}
	s.say("capturing from %s", d.Name())
	s.urls(l.Addr(), security != nil, pin, shown)
	status, unwatch := s.signals(func() {
		close(stopped)
		cancel()
		d.Stop()
	}, srv)
	defer unwatch()
	defer s.monitoring.close(stopped)
	if s.announced {
		end, err := s.announce(l.Addr(), security != nil, pin)
		if err != nil {
			return err
		}
		defer end()
	}
	working.Store(true)
	notify.Send("READY=1")
	err = srv.Run(ctx, l, security)
	working.Store(false)
	notify.Send("STOPPING=1")
	return s.end(in, srv, status(), err)
}

// accountOf gives a function that tells what a server has counted, for metrics.
func accountOf(name string, srv *capserver.Server) func() account.Snapshot {
	return func() account.Snapshot {
		var a account.Snapshot
		st, _ := srv.Stats()
		a.Source, a.Records = st, st.Captured
		a.Origins = []account.Origin{{Name: name, Stats: st}}
		clients, sums := srv.Served()
		a.Remote.Clients = clients
		for _, s := range sums {
			a.Remote.Served = append(a.Remote.Served, account.Served{Client: s.Token, Packets: s.Packets, Dropped: s.Dropped, Bytes: s.Bytes})
		}
		return a
	}
}

// open opens what the server sends: devices, of which its own stream is left out, or a file.
func (s *serving) open(args []string, co capture.Options, at net.Addr, o *capserver.Options) (liveSource, []protocol.Interface, error) {
	if s.file != "" {
		f, err := capserver.OpenFile(s.file, s.filter)
		if err != nil {
			return nil, nil, s.badExpr(err)
		}
		return f, f.Wire(), nil
	}
	own := &ownStream{expr: s.filter, port: netip.MustParseAddrPort(at.String()).Port()}
	if !s.self {
		own.add(boundTo(at)...)
		co.Filter = own.filter()
	}
	d, err := capture.Open(co)
	if err != nil {
		return nil, nil, notThere(args, s.badExpr(err))
	}
	if !s.self {
		own.dev = d
		o.Local = own.local
	}
	var faces []protocol.Interface
	for i, name := range d.Interfaces() {
		faces = append(faces, protocol.Interface{Name: name, Link: d.LinkTypes()[i], Snaplen: uint32(d.Snaplen())})
	}
	return d, faces, nil
}

// badExpr is the error of a filter as the user reads it, and any other as it is.
func (s *serving) badExpr(err error) error {
	var fe *filter.Error
	if errors.As(err, &fe) {
		return badFilter(s.filter, fe)
	}
	return err
}

// signals has the first signal end the capture, another one the process, and a hangup read the
// tokens again. status is what was asked for so far; unwatch ends that.
func (s *serving) signals(stop func(), srv *capserver.Server) (status func() int, unwatch func()) {
	c := make(chan os.Signal, 4)
	signal.Notify(c, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	done := make(chan struct{})
	var asked atomic.Int32
	go func() {
		for {
			select {
			case sig := <-c:
				switch {
				case sig == syscall.SIGHUP:
					notify.Reloading()
					srv.Reload()
					notify.Send("READY=1")
				case asked.Load() != exitOK:
					os.Exit(int(asked.Load()))
				default:
					asked.Store(exitInterrupt)
					if sig == syscall.SIGTERM {
						asked.Store(exitTerminate)
					}
					s.say("stopping; signal again to abort")
					stop()
				}
			case <-done:
				return
			}
		}
	}()
	return func() int { return int(asked.Load()) }, func() {
		signal.Stop(c)
		close(done)
	}
}

// end tells what became of the packets.
func (s *serving) end(in *liveInput, srv *capserver.Server, status int, err error) error {
	closed := in.close()
	src, sums := srv.Stats()
	s.sayCaptured(in.dev.Interfaces(), &src, "")
	s.say("clients: %d, %d packets for them, %d sent, %d lost in their queues, %d bytes", sums.Clients, sums.Packets, sums.Sent, sums.Dropped, sums.Bytes)
	for _, name := range in.save.Names() {
		s.say("frames -> %s", name)
	}
	if err := errors.Join(err, closed); err != nil {
		return err
	}
	loss := exitOK
	if s.live.failLoss && src.Lost()+sums.Dropped > 0 || in.failed {
		loss = exitIncomplete
	}
	if status = endStatus(exitOK, loss, status); status != exitOK {
		return &exit{status: status}
	}
	return nil
}

// urls prints how clients reach the server.
func (s *serving) urls(at net.Addr, secure bool, pin remote.Pin, token string) {
	port := netip.MustParseAddrPort(at.String()).Port()
	for _, host := range boundTo(at) {
		a := &remote.Address{Host: host.String(), Port: port, TLS: secure, Name: remote.DefaultToken}
		if s.auto {
			a.Pin = pin
		}
		if s.printToken {
			a.Token = token
		}
		s.say("clients: %s", a.WithToken())
	}
}

// boundTo are the addresses of this machine that a listener answers at.
func boundTo(at net.Addr) (all []netip.Addr) {
	ip := netip.MustParseAddrPort(at.String()).Addr()
	if !ip.IsUnspecified() {
		return []netip.Addr{ip.Unmap()}
	}
	list, err := netif.List()
	if err != nil {
		return nil
	}
	for _, d := range list {
		for _, a := range d.Addrs {
			if addr := a.Prefix.Addr().WithZone(""); !addr.IsLinkLocalUnicast() && (ip.Is6() || addr.Is4()) {
				all = append(all, addr)
			}
		}
	}
	return all
}

// ownStream leaves the server's own connections out of the capture.
type ownStream struct {
	expr string
	port uint16
	dev  *capture.Device
	mu   sync.Mutex
	own  []netip.Addr
}

func (o *ownStream) add(addrs ...netip.Addr) (more bool) {
	for _, a := range addrs {
		if !slices.Contains(o.own, a) {
			o.own = append(o.own, a)
			more = true
		}
	}
	return more
}

// filter is what is wanted without the server's own.
func (o *ownStream) filter() string {
	var hosts []string
	for _, a := range o.own {
		hosts = append(hosts, "host "+a.String())
	}
	own := fmt.Sprintf("not (tcp port %d and (%s))", o.port, strings.Join(hosts, " or "))
	switch {
	case hosts == nil:
		return o.expr
	case o.expr == "":
		return own
	}
	return own + " and (" + o.expr + ")"
}

// local is told of an address that a client came to: one that is new since the beginning is left
// out from now on.
func (o *ownStream) local(at netip.AddrPort) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.add(at.Addr().WithZone("")) {
		o.dev.SetFilter(o.filter())
	}
}
