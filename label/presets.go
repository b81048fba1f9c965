package label

import (
	"strings"
	"time"
)

// presets are the layouts of published data sets.
var presets = map[string]func() *Mapping{
	"cic-ids2017": cicIDS2017,
	"unsw-nb15":   unswNB15,
}

// cicIDS2017 is the layout of the files GeneratedLabelledFlows (TrafficLabelling) of CIC-IDS2017
// (Sharafaldin, Habibi Lashkari and Ghorbani, ICISSP 2018). Times are those of New Brunswick in July,
// 3 hours behind UTC, on a clock of 12 hours without AM or PM; the captures begin before 9 and end
// after 17 o'clock. The file of Monday has seconds, the others minutes. Durations are microseconds.
// Names of columns begin with a blank, and one file has lines without any text.
func cicIDS2017() *Mapping {
	return &Mapping{
		Label: "Label", Src: "Source IP", SrcPort: "Source Port", Dst: "Destination IP", DstPort: "Destination Port",
		Protocol: "Protocol", From: "Timestamp", Duration: "Flow Duration", Unit: time.Microsecond,
		Layouts: []string{"2/1/2006 15:04:05", "2/1/2006 15:04"}, Location: time.FixedZone("ADT", -3*3600),
		Afternoon: 8, Resolution: time.Minute, Tolerance: time.Second,
	}
}

// unswNB15 is the layout of the files UNSW-NB15_1.csv to UNSW-NB15_4.csv (Moustafa and Slay, MilCIS
// 2015), which have no header; their names of columns stand in NUSW-NB15_features.csv. Times are
// seconds since the Unix epoch. The class is attack_cat, which normal flows leave blank. Ports may be
// hexadecimal, and some protocols are no IP protocols; their records are left out.
func unswNB15() *Mapping {
	return &Mapping{
		Header: strings.Fields(`srcip sport dstip dsport proto state dur sbytes dbytes sttl dttl sloss dloss service Sload Dload
			Spkts Dpkts swin dwin stcpb dtcpb smeansz dmeansz trans_depth res_bdy_len Sjit Djit Stime Ltime Sintpkt Dintpkt
			tcprtt synack ackdat is_sm_ips_ports ct_state_ttl ct_flw_http_mthd is_ftp_login ct_ftp_cmd ct_srv_src ct_srv_dst
			ct_dst_ltm ct_src_ltm ct_src_dport_ltm ct_dst_sport_ltm ct_dst_src_ltm attack_cat Label`),
		Label: "attack_cat", Src: "srcip", SrcPort: "sport", Dst: "dstip", DstPort: "dsport", Protocol: "proto",
		From: "Stime", To: "Ltime", Resolution: time.Second, Tolerance: time.Second,
		Blank: "Normal", Rename: map[string]string{"Backdoor": "Backdoors"}, Skip: true,
	}
}
