package main

import (
	"encoding/json"
	"net"
	"strings"
	"testing"
)

func TestInterfaces(t *testing.T) {
	devices, err := net.Interfaces()
	if err != nil || len(devices) == 0 {
		t.Skip("no devices: ", err)
	}
	out := want(t, 0, "", "interfaces")
	var list []interfaceStatus
	if err := json.Unmarshal([]byte(want(t, 0, "", "interfaces", "--json")), &list); err != nil {
		t.Fatal(err)
	}
	if len(list) != len(devices) {
		t.Errorf("%d devices, want %d", len(list), len(devices))
	}
	for _, d := range devices {
		if !strings.Contains(out, d.Name) {
			t.Errorf("no %s in\n%s", d.Name, out)
		}
	}
	marked := ""
	for _, i := range list {
		if len(i.Addresses) != len(i.AddrInfo) || i.Flags == nil || i.Kind == "" {
			t.Errorf("%+v", i)
		}
		if i.Default {
			marked += i.Name
			if i.DefaultReason == "" || !strings.Contains(out, "* default: "+i.DefaultReason) {
				t.Errorf("%q is no reason in\n%s", i.DefaultReason, out)
			}
		}
	}
	if (marked == "") != !strings.Contains(out, "* default: ") {
		t.Errorf("JSON marks %q, the table is\n%s", marked, out)
	}
	name := devices[0].Name
	if out := want(t, 0, "", "interfaces", name, name); strings.Count(out, "\n"+name) > 1 || !strings.Contains(out, name) {
		t.Error(out)
	}
	var one []interfaceStatus
	if err := json.Unmarshal([]byte(want(t, 0, "", "interfaces", "--type", list[0].Kind, name, "--json")), &one); err != nil || len(one) != 1 || one[0].Name != name {
		t.Errorf("%+v, %v", one, err)
	}
	if out := want(t, 0, "no such devices", "interfaces", "--type", "can", name); strings.Contains(out, name) {
		t.Error(out)
	}
	want(t, exitDevice, "pinyon: find no-such-device: no such device", "interfaces", name, "no-such-device")
	want(t, exitUsage, "want one of unknown, loopback", "interfaces", "--type", "bogus")
}

func TestInterfaceTable(t *testing.T) {
	list := []interfaceStatus{
		{Name: "lo", Index: 1, Kind: "loopback", Flags: []string{"Up", "Running"}, LinkName: "EN10MB", LinkType: 1, MTU: 65536, Addresses: []string{"127.0.0.1/8", "::1/128"}},
		{Name: "e\x1b[1m", Index: 12, Kind: "ethernet", LinkName: "EN10MB", LinkType: 1, MTU: 1500, MAC: "02:00:00:00:00:01", Default: true, DefaultReason: "IPv4 default route"},
	}
	const table = `   NAME        INDEX  KIND      FLAGS       LINK        MTU    MAC                ADDRESSES
   lo          1      loopback  Up,Running  EN10MB (1)  65536                     127.0.0.1/8
                                                                                  ::1/128
*  "e\x1b[1m"  12     ethernet              EN10MB (1)  1500   02:00:00:00:00:01
* default: IPv4 default route
`
	if got := interfaceTable(list); got != table {
		t.Errorf("got\n%s\nwant\n%s", got, table)
	}
}
