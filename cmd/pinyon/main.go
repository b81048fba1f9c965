// Command pinyon reads packet captures and writes flows as columns.
//
// Results go to standard output, everything else to standard error. A subcommand is a file
// of its own; sinks.go lists the formats. What a flow and a column are is the library's
// matter, not the command's.
package main

import (
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"pinyon/internal/crash"

	"github.com/spf13/cobra"
)

func main() {
	// A reader that went away is an error of the sink, which removes what is half written;
	// left alone the runtime would kill the process.
	signal.Ignore(syscall.SIGPIPE)
	crash.Tell()
	os.Exit(run(os.Args, os.Stdin, os.Stdout, os.Stderr))
}

// run is the whole program. It returns the exit status.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	a := newApp(args[0], stdin, stdout, stderr)
	a.args = args[1:]
	root := a.root()
	if len(args) > 1 && strings.HasPrefix(args[1], cobra.ShellCompRequestCmd) {
		offerWords(root)
	}
	root.SetArgs(args[1:])
	cmd, err := root.ExecuteC()
	defer a.closeLog()
	return a.finish(cmd, err)
}
