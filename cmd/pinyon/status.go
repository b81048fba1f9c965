package main

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"

	"github.com/spf13/cobra"

	"pinyon"
	"pinyon/extract"
	"pinyon/internal/plain"
	"pinyon/netif"
)

// systemStatus is what this machine and this build can do.
type systemStatus struct {
	Version    string            `json:"version"`
	Commit     string            `json:"commit,omitempty"`
	Go         string            `json:"go"`
	Platform   string            `json:"platform"`
	Release    string            `json:"release,omitempty"`
	CPUs       int               `json:"cpus"`
	Privileges privileges        `json:"privileges"`
	Files      bool              `json:"file_processing"`
	Live       bool              `json:"live_capture"`
	LiveReason string            `json:"live_capture_reason,omitempty"` // why not
	BPF        bpfStatus         `json:"bpf"`
	Formats    []string          `json:"formats"`
	Groups     []string          `json:"groups"`
	Interfaces []interfaceStatus `json:"interfaces"`
}

type privileges struct {
	UID          int      `json:"uid"`
	Root         bool     `json:"root"`
	Capabilities []string `json:"capabilities"` // effective ones that capture needs
}

// bpfStatus is what the system's packet filter can do.
type bpfStatus struct {
	Available bool   `json:"available"`     // takes filters as classic BPF
	JIT       *bool  `json:"jit,omitempty"` // compiles them to machine code; absent if that is not told
	Reason    string `json:"reason,omitempty"`
}

func (a *app) statusCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Print version, privileges, interfaces and what this build can do",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			s, err := status()
			if err != nil {
				return err
			}
			if asJSON {
				return a.printJSON(s)
			}
			return a.writeResult("-", []byte(s.text()))
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func status() (*systemStatus, error) {
	s := &systemStatus{
		Version: pinyon.Version, Commit: pinyon.Commit(), Go: runtime.Version(),
		Platform: runtime.GOOS + "/" + runtime.GOARCH, CPUs: runtime.NumCPU(), Release: kernelRelease(),
		Privileges: privileges{UID: os.Getuid(), Root: os.Geteuid() == 0, Capabilities: captureCapabilities()},
		Files:      true, BPF: bpf(), Formats: sinks.Names(), Groups: extract.Groups(),
		Interfaces: []interfaceStatus{},
	}
	s.LiveReason = liveReason()
	s.Live = s.LiveReason == ""
	devices, err := netif.List()
	if err != nil {
		return nil, err
	}
	for _, d := range devices {
		s.Interfaces = append(s.Interfaces, statusOfInterface(d))
	}
	return s, nil
}

// liveReason says what stands in the way of live capture, if anything does.
func liveReason() string {
	if runtime.GOOS != "linux" {
		return "not in this build"
	}
	err := netif.Permitted()
	switch {
	case err == nil:
		return ""
	case errors.Is(err, netif.ErrPermission):
		return "needs root or CAP_NET_RAW: sudo setcap cap_net_raw,cap_net_admin+ep $(command -v pinyon)"
	}
	return err.Error()
}

func (s *systemStatus) text() string {
	var b strings.Builder
	line := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "%-16s %s\n", name, fmt.Sprintf(format, args...))
	}
	line("version", "%s", version())
	line("platform", "%s %s, %s, %d CPUs", s.Platform, s.Release, s.Go, s.CPUs)
	who := fmt.Sprintf("uid %d", s.Privileges.UID)
	if s.Privileges.Root {
		who += ", root"
	}
	if c := s.Privileges.Capabilities; len(c) > 0 {
		who += ", " + strings.Join(c, ", ")
	}
	line("privileges", "%s", who)
	line("file processing", "OK")
	if s.Live {
		line("live capture", "OK")
	} else {
		line("live capture", "WARNING: %s", s.LiveReason)
	}
	line("bpf", "%s", s.BPF.text())
	line("formats", "%s", strings.Join(s.Formats, ", "))
	line("groups", "%s", strings.Join(s.Groups, ", "))
	line("interfaces", "%d", len(s.Interfaces))
	for _, i := range s.Interfaces {
		about := i.Description
		if about == "" {
			about = i.Kind
		}
		words := append([]string{i.Kind}, i.Flags...)
		words = append(words, fmt.Sprintf("%s (%d)", i.LinkName, i.LinkType), fmt.Sprintf("MTU %d", i.MTU))
		fmt.Fprintf(&b, "- %s (%s): %s\n", plain.Text(i.Name), plain.Text(about), strings.Join(append(words, i.Addresses...), ", "))
	}
	return b.String()
}

func (s *bpfStatus) text() string {
	switch {
	case !s.Available:
		return "WARNING: " + s.Reason
	case s.JIT == nil:
		return "OK"
	case *s.JIT:
		return "OK, compiled to machine code"
	}
	return "OK, interpreted"
}

// kernelRelease is the running kernel's release where the system tells it in a file.
func kernelRelease() string {
	b, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}

// captureCapabilities are the process's effective capabilities that concern capture, as
// Linux tells them in /proc/self/status (capabilities(7)).
func captureCapabilities() []string {
	names := []string{}
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return names
	}
	for line := range strings.Lines(string(b)) {
		var set uint64
		if n, _ := fmt.Sscanf(line, "CapEff: %x", &set); n != 1 {
			continue
		}
		for _, c := range []struct {
			bit  int
			name string
		}{{12, "CAP_NET_ADMIN"}, {13, "CAP_NET_RAW"}, {39, "CAP_BPF"}} {
			if set>>c.bit&1 != 0 {
				names = append(names, c.name)
			}
		}
	}
	return names
}
