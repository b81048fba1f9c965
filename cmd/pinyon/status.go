package main

import (
	"fmt"
	"net"
	"os"
	"runtime"
	"strings"

	"github.com/spf13/cobra"

	"pinyon"
	"pinyon/extract"
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
	Formats    []string          `json:"formats"`
	Groups     []string          `json:"groups"`
	Interfaces []interfaceStatus `json:"interfaces"`
}

type privileges struct {
	UID          int      `json:"uid"`
	Root         bool     `json:"root"`
	Capabilities []string `json:"capabilities"` // effective ones that capture needs
}

type interfaceStatus struct {
	Name      string   `json:"name"`
	Index     int      `json:"index"`
	Flags     []string `json:"flags"`
	MTU       int      `json:"mtu"`
	MAC       string   `json:"mac,omitempty"`
	Addresses []string `json:"addresses"`
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
		Files:      true, Formats: formatNames(), Groups: extract.Groups(),
		Interfaces: []interfaceStatus{},
	}
	devices, err := net.Interfaces()
	if err != nil {
		return nil, err
	}
	for _, d := range devices {
		i := interfaceStatus{Name: d.Name, Index: d.Index, MTU: d.MTU, MAC: d.HardwareAddr.String(), Flags: []string{}, Addresses: []string{}}
		if d.Flags != 0 {
			i.Flags = strings.Split(d.Flags.String(), "|")
		}
		addrs, err := d.Addrs()
		if err != nil {
			return nil, err
		}
		for _, addr := range addrs {
			i.Addresses = append(i.Addresses, addr.String())
		}
		s.Interfaces = append(s.Interfaces, i)
	}
	return s, nil
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
	line("live capture", "not in this build")
	line("formats", "%s", strings.Join(s.Formats, ", "))
	line("groups", "%s", strings.Join(s.Groups, ", "))
	line("interfaces", "%d", len(s.Interfaces))
	for _, i := range s.Interfaces {
		fmt.Fprintf(&b, "- %s (%s)", i.Name, strings.Join(i.Flags, ", "))
		for _, addr := range i.Addresses {
			b.WriteString(" " + addr)
		}
		b.WriteByte('\n')
	}
	return b.String()
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
