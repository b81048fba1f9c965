package groups

// services are the ports with a name of their own; the transport protocol is not looked at.
var services = map[uint16]string{
	20: "ftp-data", 21: "ftp", 22: "ssh", 23: "telnet", 25: "smtp", 53: "dns", 67: "dhcp", 68: "dhcp", 69: "tftp",
	80: "http", 110: "pop3", 119: "nntp", 123: "ntp", 143: "imap", 161: "snmp", 162: "snmp-trap", 443: "https",
	445: "smb", 465: "smtps", 514: "syslog", 587: "smtp-submission", 636: "ldaps", 853: "dns-over-tls", 993: "imaps",
	995:  "pop3s",
	1080: "socks", 1194: "openvpn", 1433: "mssql", 1521: "oracle", 1723: "pptp", 3306: "mysql", 3389: "rdp",
	5060: "sip", 5061: "sips", 5222: "xmpp", 5432: "postgresql", 5900: "vnc", 6379: "redis", 6667: "irc",
	8080: "http-alt", 8443: "https-alt", 8888: "http-alt", 9000: "php-fpm", 9200: "elasticsearch", 27017: "mongodb",
}

// PortClass is the service name of a port, or the name of its range (RFC 6335: system,
// registered for user ports, dynamic), and the range's number: 1, 2, 3.
func PortClass(port uint16) (name string, class int) {
	name, class = "dynamic", 3
	switch {
	case port < 1024:
		name, class = "system", 1
	case port < 49152:
		name, class = "registered", 2
	}
	if s, ok := services[port]; ok {
		name = s
	}
	return name, class
}
