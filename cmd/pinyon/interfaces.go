package main

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"pinyon/internal/plain"
	"pinyon/netif"
)

// interfaceStatus is a network device.
type interfaceStatus struct {
	Name          string        `json:"name"`
	Index         int           `json:"index"`
	Description   string        `json:"description,omitempty"`
	Alias         string        `json:"alias,omitempty"`
	AltNames      []string      `json:"altnames,omitempty"`
	Kind          string        `json:"kind"`
	KernelKind    string        `json:"kernel_kind,omitempty"`
	Driver        string        `json:"driver,omitempty"`
	Flags         []string      `json:"flags"`
	Connection    string        `json:"connection"`
	HardwareType  uint16        `json:"hardware_type"`
	LinkType      uint16        `json:"link_type"`
	LinkName      string        `json:"link_name"`
	MTU           int           `json:"mtu"`
	MAC           string        `json:"mac,omitempty"`
	Addresses     []string      `json:"addresses"`
	AddrInfo      []addressInfo `json:"addr_info"`
	Default       bool          `json:"default,omitempty"`
	DefaultReason string        `json:"default_reason,omitempty"`
}

// addressInfo is one of Addresses in parts.
type addressInfo struct {
	Address   string `json:"address"`
	PrefixLen int    `json:"prefix_length"`
	Network   string `json:"network"`
	Broadcast string `json:"broadcast,omitempty"`
	Peer      string `json:"peer,omitempty"`
	Scope     string `json:"scope"`
}

func statusOfInterface(d netif.Device) interfaceStatus {
	s := interfaceStatus{
		Name: d.Name, Index: d.Index, Description: d.Description, Alias: d.Alias, AltNames: d.AltNames, Kind: d.Kind.String(), KernelKind: d.KernelKind,
		Driver: d.Driver, Flags: d.Flags.Strings(), Connection: d.Flags.Connection().String(), HardwareType: d.HardwareType,
		LinkType: d.LinkType, LinkName: linkName(d.LinkType), MTU: d.MTU, MAC: d.MAC.String(), Addresses: []string{}, AddrInfo: []addressInfo{},
	}
	for _, a := range d.Addrs {
		i := addressInfo{Address: a.Prefix.Addr().String(), PrefixLen: a.PrefixLen(), Network: a.Network().String(), Scope: a.Scope.String()}
		if a.Broadcast.IsValid() {
			i.Broadcast = a.Broadcast.String()
		}
		if a.Peer.IsValid() {
			i.Peer = a.Peer.String()
		}
		s.Addresses, s.AddrInfo = append(s.Addresses, a.String()), append(s.AddrInfo, i)
	}
	return s
}

func (a *app) interfacesCommand() *cobra.Command {
	var asJSON bool
	var kind string
	cmd := &cobra.Command{
		Use:   "interfaces [NAME...]",
		Short: "List network devices and which one is the default",
		Long: `List network devices: kind, state, the link type of a capture, MTU and addresses. A star
marks the one that is meant when none is named: that of the default route, else the first
that is up and has an address. NAME is a name, an index, an alias or a description.`,
		RunE: func(_ *cobra.Command, args []string) error { return a.interfaces(args, kind, asJSON) },
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.Flags().StringVar(&kind, "type", "", "only devices of a kind, such as ethernet, wireless, bridge or vpn")
	return cmd
}

func (a *app) interfaces(names []string, kind string, asJSON bool) error {
	fits := func(netif.Device) bool { return true }
	if kind != "" {
		k, err := netif.ParseKind(strings.ToLower(kind))
		if err != nil {
			return &exit{exitUsage, err}
		}
		fits = func(d netif.Device) bool { return d.Kind.Is(k) }
	}
	devices, err := pick(names)
	if err != nil {
		return err
	}
	usual, reason, err := netif.Default()
	if err != nil && !errors.Is(err, netif.ErrNotFound) {
		return err
	}
	list := []interfaceStatus{}
	for _, d := range devices {
		if !fits(d) {
			continue
		}
		s := statusOfInterface(d)
		if err == nil && d.Index == usual.Index {
			s.Default, s.DefaultReason = true, reason
		}
		list = append(list, s)
	}
	if asJSON {
		return a.printJSON(list)
	}
	if len(list) == 0 {
		a.say("no such devices")
	}
	return a.writeResult("-", []byte(interfaceTable(list)))
}

// pick returns the devices named, each once, or all.
func pick(names []string) ([]netif.Device, error) {
	if len(names) == 0 {
		return netif.List()
	}
	var devices []netif.Device
	for _, name := range names {
		d, err := netif.Find(name)
		if err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(devices, func(o netif.Device) bool { return o.Index == d.Index }) {
			devices = append(devices, d)
		}
	}
	return devices, nil
}

// interfaceTable is one line a device, further addresses on lines of their own, and why the
// default is the default.
func interfaceTable(list []interfaceStatus) string {
	rows := [][]string{{"", "NAME", "INDEX", "KIND", "FLAGS", "LINK", "MTU", "MAC", "ADDRESSES"}}
	note := ""
	for _, i := range list {
		star := ""
		if i.Default {
			star = "*"
			note = fmt.Sprintf("* default: %s\n", i.DefaultReason)
		}
		first, more := "", i.Addresses
		if len(more) > 0 {
			first, more = more[0], more[1:]
		}
		rows = append(rows, []string{star, plain.Text(i.Name), strconv.Itoa(i.Index), i.Kind, strings.Join(i.Flags, ","),
			fmt.Sprintf("%s (%d)", i.LinkName, i.LinkType), strconv.Itoa(i.MTU), i.MAC, first})
		for _, addr := range more {
			rows = append(rows, []string{"", "", "", "", "", "", "", "", addr})
		}
	}
	return alignColumns(rows) + note
}

// alignColumns pads every column to its widest cell.
func alignColumns(rows [][]string) string {
	width := make([]int, len(rows[0]))
	for _, r := range rows {
		for i, cell := range r {
			width[i] = max(width[i], utf8.RuneCountInString(cell))
		}
	}
	var b strings.Builder
	for _, r := range rows {
		var line strings.Builder
		for i, cell := range r {
			line.WriteString(cell)
			if width[i] > 0 {
				line.WriteString(strings.Repeat(" ", width[i]-utf8.RuneCountInString(cell)+2))
			}
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	return b.String()
}
