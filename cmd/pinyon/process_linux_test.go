package main

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"pinyon/internal/nstest"
)

// TestLiveProcess: a process that does not run is wrong usage; the end of the process ends the
// capture, of its own accord and with status 0.
func TestLiveProcess(t *testing.T) {
	for message, args := range map[string]string{
		"no such process: 1073741824":            "--pid 1073741824",
		"no such process: [\"no such program\"]": "--process no.such.program",
		"the name is empty":                      "--process=",
		"want 1 or more":                         "--pid 0",
		"whose?":                                 "--children",
	} {
		want(t, exitUsage, strings.Replace(message, "no such program", "no.such.program", 1), append([]string{"live", "lo", "-o", "-"}, strings.Fields(args)...)...)
	}
	sleep := exec.Command("sleep", "1000")
	if err := sleep.Start(); err != nil {
		t.Skip(err)
	}
	defer sleep.Process.Kill()
	ns := nstest.New(t)
	r := startLive(t, ns, "lo", "--pid", fmt.Sprint(sleep.Process.Pid), "--children", "--linger", "0s", "-o", "-", "-f", "jsonl")
	sleep.Process.Kill()
	sleep.Wait()
	if status, said := r.end(t); status != exitOK || !strings.Contains(said, "no process that is wanted runs") {
		t.Errorf("status %d: %s", status, said)
	}
}
