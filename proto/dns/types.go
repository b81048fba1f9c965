package dns

import "strconv"

// Types that the package reads itself.
const (
	typeA     = 1
	typeNS    = 2
	typeCNAME = 5
	typePTR   = 12
	typeMX    = 15
	typeTXT   = 16
	typeSIG   = 24
	typeAAAA  = 28
	typeDNAME = 39
	typeOPT   = 41
	typeSVCB  = 64
	typeHTTPS = 65
	typeTSIG  = 250
	typeIXFR  = 251
	typeANY   = 255
)

// appendType appends the IANA mnemonic of a record type, else TYPEn (RFC 3597).
func appendType(dst []byte, t uint16) []byte {
	if s := typeName(t); s != "" {
		return append(dst, s...)
	}
	return strconv.AppendUint(append(dst, "TYPE"...), uint64(t), 10)
}

func typeName(t uint16) string {
	switch {
	case int(t) < len(lowTypes):
		return lowTypes[t]
	case t >= 249 && int(t) < 249+len(highTypes):
		return highTypes[t-249]
	}
	return ""
}

var highTypes = [...]string{"TKEY", "TSIG", "IXFR", "AXFR", "MAILB", "MAILA", "ANY", "URI", "CAA"}

var lowTypes = [...]string{
	1: "A", 2: "NS", 5: "CNAME", 6: "SOA", 10: "NULL", 12: "PTR", 13: "HINFO", 15: "MX",
	16: "TXT", 17: "RP", 18: "AFSDB", 24: "SIG", 25: "KEY", 28: "AAAA", 29: "LOC",
	33: "SRV", 35: "NAPTR", 36: "KX", 37: "CERT", 39: "DNAME", 41: "OPT", 42: "APL",
	43: "DS", 44: "SSHFP", 45: "IPSECKEY", 46: "RRSIG", 47: "NSEC", 48: "DNSKEY",
	49: "DHCID", 50: "NSEC3", 51: "NSEC3PARAM", 52: "TLSA", 53: "SMIMEA", 55: "HIP",
	59: "CDS", 60: "CDNSKEY", 61: "OPENPGPKEY", 62: "CSYNC", 63: "ZONEMD", 64: "SVCB",
	65: "HTTPS", 99: "SPF", 108: "EUI48", 109: "EUI64",
}

// codes are the IANA names of response codes.
var codes = [...]string{
	0: "NOERROR", 1: "FORMERR", 2: "SERVFAIL", 3: "NXDOMAIN", 4: "NOTIMP", 5: "REFUSED",
	6: "YXDOMAIN", 7: "YXRRSET", 8: "NXRRSET", 9: "NOTAUTH", 10: "NOTZONE", 11: "DSOTYPENI",
	16: "BADVERS", 17: "BADKEY", 18: "BADTIME", 19: "BADMODE", 20: "BADNAME", 21: "BADALG",
	22: "BADTRUNC", 23: "BADCOOKIE",
}

// appendCode appends the name of a response code, else RCODEn.
func appendCode(dst []byte, code int64) []byte {
	if code < int64(len(codes)) && codes[code] != "" {
		return append(dst, codes[code]...)
	}
	return strconv.AppendInt(append(dst, "RCODE"...), code, 10)
}
