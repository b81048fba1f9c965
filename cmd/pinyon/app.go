package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"pinyon"
)

// app is what every subcommand shares: the streams, and how talkative to be.
type app struct {
	name    string
	in      io.Reader
	out     io.Writer
	err     io.Writer
	args    []string // the command line, which may name files
	lost    bool     // whoever read standard output has gone
	started bool     // the command line was understood and a command runs

	verbose   int
	control   bool // standard input is open for as long as whoever started the command wants it to run
	logFormat string
	log       *slog.Logger
	said      *saidLog // by settings; nil without
}

func newApp(argv0 string, in io.Reader, out, err io.Writer) *app {
	a := &app{name: "pinyon", in: in, err: err, logFormat: "text"}
	if strings.TrimSuffix(filepath.Base(argv0), ".exe") == "jj" {
		a.name = "jj"
	}
	a.out = &stdout{w: out, app: a, tty: isTerminal(out)}
	a.log = slog.New(slog.NewTextHandler(err, &slog.HandlerOptions{Level: slog.LevelWarn}))
	return a
}

// stdout notes when its reader has gone, which is no reason to complain.
type stdout struct {
	w   io.Writer
	app *app
	tty bool // a terminal, whose reader hangs up
}

func (s *stdout) Write(p []byte) (int, error) {
	n, err := s.w.Write(p)
	if errors.Is(err, syscall.EPIPE) || s.tty && errors.Is(err, syscall.EIO) {
		s.app.lost = true
	}
	return n, err
}

// isTerminal reports whether w, one of the app's streams, is a terminal.
func isTerminal(w any) bool {
	if s, ok := w.(*stdout); ok {
		w = s.w
	}
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// root is the command tree.
func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   a.name,
		Short: "Turn packet captures into flow features",
		Long: `Turn packet captures into flow features: one row a bidirectional flow, columns that can
be trusted, the same bytes for the same input.

Results go to standard output, everything else to standard error.

Exit status: 0 success; 1 error; 2 wrong usage, unknown feature or filter; 3 finished, but
some inputs failed or were damaged, frames to send were refused, or packets were lost and
--fail-on-loss was given; 4 permission denied; 5 no such interface; 6 a server
or client was refused; 129, 130 and 143 hung
up, interrupted or terminated, files finished; 131 quit, unfinished files removed; 134 the
program itself failed (out of memory, or a fault in it), unfinished files left.`,
		Version:       version(),
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.NoArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			if err := notEmpty(cmd, "output", "write"); err != nil {
				return err
			}
			return a.start()
		},
	}
	root.SetIn(a.in)
	root.SetOut(a.out)
	root.SetErr(a.err)
	root.SetVersionTemplate(a.name + ", version {{.Version}}\n")
	root.Flags().Bool("version", false, "print version and commit")
	root.CompletionOptions.SetDefaultShellCompDirective(cobra.ShellCompDirectiveDefault)
	p := root.PersistentFlags()
	p.CountVarP(&a.verbose, "verbose", "v", "say more on standard error; twice for debugging")
	p.StringVar(&a.logFormat, "log-format", "text", "form of log lines: text or json")
	p.BoolVar(&a.control, "control", false, "stop as after an interrupt once standard input ends")
	p.Lookup("control").Hidden = true
	help := root.HelpFunc()
	root.SetHelpFunc(func(cmd *cobra.Command, args []string) {
		if cmd == root && isTerminal(a.out) {
			fmt.Fprint(a.out, banner)
		}
		help(cmd, args)
	})
	commands := []*cobra.Command{a.extractCommand(), a.planCommand(), a.stitchCommand(), a.convertCommand(), a.infoCommand(), a.schemaCommand(), a.explainCommand(), a.featuresCommand(), a.profilesCommand(), a.configCommand(),
		a.validateCommand(), a.statusCommand(), a.citeCommand(), a.dashboardCommand(), hidden(a.exportCommand("export-dashboard")),
		a.liveCommand(), a.serveCommand(), a.connectCommand(), a.discoverCommand(), a.watchCommand(), a.filterCommand(), a.dumpCommand(), a.packetsCommand(), a.listenCommand(), a.replayCommand(), a.interfacesCommand(), a.pipeCommand()}
	root.AddCommand(commands...)
	a.mark(root)
	speak(root)
	return root
}

// mark has every command note that it runs: until then an error is one of usage.
func (a *app) mark(cmd *cobra.Command) {
	if run := cmd.RunE; run != nil {
		cmd.RunE = func(cmd *cobra.Command, args []string) error {
			a.started = true
			return run(cmd, args)
		}
	}
	for _, c := range cmd.Commands() {
		a.mark(c)
	}
}

const banner = `
    /\     pinyon
   /##\    packets in, columns out
  /####\
    ||

`

func version() string {
	if c := pinyon.Commit(); c != "" {
		return pinyon.Version + " (" + c[:min(len(c), 12)] + ")"
	}
	return pinyon.Version
}

// start sets up the log once the command line is understood.
func (a *app) start() error {
	level := slog.LevelWarn
	switch {
	case a.verbose == 1:
		level = slog.LevelInfo
	case a.verbose > 1:
		level = slog.LevelDebug
	}
	o := &slog.HandlerOptions{Level: level}
	switch a.logFormat {
	case "text":
		a.log = slog.New(slog.NewTextHandler(a.err, o))
	case "json":
		a.log = slog.New(slog.NewJSONHandler(jsonLines{a.err}, o))
	default:
		return fmt.Errorf("unknown log format %q; want text or json", a.logFormat)
	}
	return nil
}

// say prints a line for the user on standard error; under --log-format json as an object, with
// the level that its first word asks for. Texts and errors among args are shown so that a
// terminal shows them, whatever they hold.
func (a *app) say(format string, args ...any) {
	a.sayText(fmt.Sprintf(format, a.readable(args)...))
}

// sayText is say of a text that is fit for a terminal; it may have several lines.
func (a *app) sayText(text string) {
	if a.said.take(a, text) {
		return
	}
	if a.logFormat != "json" {
		fmt.Fprintln(a.err, a.said.colour(a, text))
		return
	}
	level, text := a.levelOf(text)
	slog.New(slog.NewJSONHandler(jsonLines{a.err}, nil)).Log(context.Background(), level, text)
}
