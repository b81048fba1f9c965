#!/bin/bash
# Records the captures of this folder from real programs in network namespaces that it makes and removes.
#
#     testdata/record.sh [NAME...]      as root; without names, all of them
#
# Needs iproute2, tcpdump, dumpcap, tshark, python3, ethtool, openssl, nginx, curl, openssh, dnsutils, dnsmasq,
# iperf3, ping, traceroute, zstd, and go for http3. A step that this kernel or machine cannot do prints
# "skip NAME: reason" and leaves the capture of an earlier run alone. Afterwards expect.py writes what
# tshark says of each capture beside it.
set -u
here=$(cd "$(dirname "$0")" && pwd)
tools=$here/tools
tmp=$(mktemp -d /tmp/pinyon-record.XXXXXX)
a=pinyon-a-$$ b=pinyon-b-$$ c=pinyon-c-$$ m=pinyon-m-$$
pids=() # everything started in the background

cleanup() {
	for p in "${pids[@]}"; do kill "$p" 2>/dev/null; done
	for n in $a $b $c $m; do ip netns del $n 2>/dev/null; done
	rm -rf "$tmp"
}
trap cleanup EXIT

in_() { timeout 20 ip netns exec "$@"; }
skip() { echo "skip $name: $*"; return 3; }

# start NS COMMAND... runs a server; waits for its line "ready" if it is one of tools/.
start() {
	local log=$tmp/log.${#pids[@]}
	ip netns exec "$@" >"$log" 2>&1 &
	pids+=($!)
	last=$!
	case "$*" in
	*$tools*) for _ in $(seq 40); do grep -q ready "$log" && return; sleep 0.05; done; cat "$log" >&2; return 1 ;;
	*) sleep 0.4; kill -0 $last 2>/dev/null || { cat "$log" >&2; return 1; } ;;
	esac
}
stop() { kill "$last" 2>/dev/null; wait "$last" 2>/dev/null; return 0; }

# capture NS IFACE FILE [tcpdump options or filter] starts recording; finish ends it.
capture() {
	local ns=$1 iface=$2 out=$3
	shift 3
	ip netns exec "$ns" tcpdump -Z root -i "$iface" --immediate-mode -U -n -w "$tmp/$out" "$@" 2>"$tmp/tcpdump.log" &
	pids+=($!)
	recording+=($! "$out")
	for _ in $(seq 40); do grep -q listening "$tmp/tcpdump.log" && return; sleep 0.05; done
}
finish() {
	sleep 0.3
	local i
	for ((i = 0; i < ${#recording[@]}; i += 2)); do
		kill "${recording[i]}" 2>/dev/null
		wait "${recording[i]}" 2>/dev/null
		mv "$tmp/${recording[i + 1]}" "$here/"
		echo "made ${recording[i + 1]}: $(stat -c %s "$here/${recording[i + 1]}") bytes"
	done
	recording=()
}
abandon() {
	local i
	for ((i = 0; i < ${#recording[@]}; i += 2)); do kill "${recording[i]}" 2>/dev/null; done
	recording=()
}
recording=()

# pair IFACE NS ADDR4 ADDR6 MAC   IFACE NS ADDR4 ADDR6 MAC
pair() {
	ip link add "$1" address "$5" netns "$2" type veth peer name "$6" address "${10}" netns "$7"
	end "$1" "$2" "$3" "$4"
	end "$6" "$7" "$8" "$9"
}
end() {
	in_ "$2" ethtool -K "$1" tx off gso off tso off gro off >/dev/null 2>&1
	in_ "$2" ip link set "$1" up
	[ "$3" = - ] || in_ "$2" ip addr add "$3" dev "$1"
	[ "$4" = - ] || in_ "$2" ip addr add "$4" dev "$1" nodad
}

# a (10.77.0.1) - b (10.77.0.2, 10.78.0.2) - c (10.78.0.3); and a (10.79.0.1) - m, the bad wire - b (10.79.0.2)
net() {
	local n
	for n in $a $b $c $m; do
		ip netns add $n || return 1
		in_ $n sysctl -qw net.ipv6.conf.default.addr_gen_mode=1 net.ipv6.conf.default.router_solicitations=0 \
			net.ipv6.conf.default.accept_dad=0 net.ipv4.tcp_ecn=2 net.ipv4.tcp_no_metrics_save=1 2>/dev/null
		in_ $n ip link set lo up
	done
	pair a0 $a 10.77.0.1/24 fd77::1/64 02:00:00:00:77:01 b0 $b 10.77.0.2/24 fd77::2/64 02:00:00:00:77:02
	pair b1 $b 10.78.0.2/24 fd78::2/64 02:00:00:00:78:02 c0 $c 10.78.0.3/24 fd78::3/64 02:00:00:00:78:03
	pair a1 $a 10.79.0.1/24 - 02:00:00:00:79:01 m0 $m - - 02:00:00:00:79:0a
	pair b2 $b 10.79.0.2/24 - 02:00:00:00:79:02 m1 $m - - 02:00:00:00:79:0b
	in_ $b sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
	in_ $a ip route add 10.78.0.0/24 via 10.77.0.2
	in_ $a ip route add fd78::/64 via fd77::2
	in_ $c ip route add 10.77.0.0/24 via 10.78.0.2
	in_ $c ip route add fd77::/64 via fd78::2
	sleep 2 # multicast reports of new addresses
}

identity() {
	[ -e "$tmp/cert.pem" ] && return
	openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=pinyon.example -addext subjectAltName=DNS:pinyon.example \
		-keyout "$tmp/key.pem" -out "$tmp/cert.pem" 2>/dev/null
}
web() {
	[ -n "${web_up:-}" ] && return
	mkdir -p "$tmp/www"
	head -c 5000 /dev/zero | tr '\0' p >"$tmp/www/page"
	identity || return
	cat >"$tmp/nginx.conf" <<-END
		daemon off; master_process off; pid $tmp/nginx.pid; error_log $tmp/nginx.log;
		events {}
		http {
			access_log off; root $tmp/www;
			client_body_temp_path $tmp; proxy_temp_path $tmp; fastcgi_temp_path $tmp; uwsgi_temp_path $tmp; scgi_temp_path $tmp;
			server { listen 80; listen [::]:80; listen 8080 http2; listen 443 ssl http2; server_name pinyon.example;
				ssl_certificate $tmp/cert.pem; ssl_certificate_key $tmp/key.pem; ssl_protocols TLSv1.2 TLSv1.3; }
		}
	END
	start $b nginx -c "$tmp/nginx.conf" && web_up=1
}
get() { in_ $a curl -sk -m 5 --resolve "pinyon.example:443:10.77.0.2" --resolve "pinyon.example:80:10.77.0.2" "$@" >/dev/null; }

http1() { web && capture $a a0 http1.pcap tcp port 80 && get http://pinyon.example/page http://pinyon.example/none && finish; }
http1_v6() { web && capture $a a0 http1_v6.pcap tcp port 80 && in_ $a curl -s -m 5 -o /dev/null "http://[fd77::2]/page" && finish; }
http2() { web && capture $a a0 http2.pcap tcp port 443 && get --http2 https://pinyon.example/page && finish; }
h2c() { web && capture $a a0 h2c.pcap tcp port 8080 && get -S --http2-prior-knowledge http://10.77.0.2:8080/page && finish; }
tls12() { web && capture $a a0 tls12.pcap tcp port 443 && get --http1.1 --tls-max 1.2 https://pinyon.example/page && finish; }
tls13() { web && capture $a a0 tls13.pcap tcp port 443 && get --http1.1 --tlsv1.3 https://pinyon.example/page && finish; }
# http3 [FILE [serve|retry|hrr]]
http3() {
	identity || return
	mkdir -p "$tmp/http3" && cp "$tools/http3/main.go" "$tmp/http3/"
	(cd "$tmp/http3" && go mod init http3 && go mod tidy && go build -o http3 .) >"$tmp/http3.log" 2>&1 ||
		{ skip "$(tail -1 "$tmp/http3.log")"; return; }
	start $b "$tmp/http3/http3" ${2:-serve} "$tmp/cert.pem" "$tmp/key.pem" 10.77.0.2:443 || return
	capture $a a0 ${1:-http3.pcap} udp port 443 && in_ $a "$tmp/http3/http3" get - - 10.77.0.2:443 && finish
	stop
}
http3_retry() { http3 http3_retry.pcap retry; }
http3_hrr() { http3 http3_hrr.pcap hrr; }
dtls() {
	identity || return
	start $b openssl s_server -dtls1_2 -listen -accept 10.77.0.2:4433 -cert "$tmp/cert.pem" -key "$tmp/key.pem" -alpn webrtc -quiet || return
	capture $a a0 dtls.pcap udp port 4433
	(echo hello; sleep 0.5) | in_ $a openssl s_client -dtls1_2 -connect 10.77.0.2:4433 -servername pinyon.example -alpn webrtc,c-webrtc >/dev/null 2>&1
	finish
	stop
}
ssh() {
	mkdir -p /run/sshd
	ssh-keygen -q -t ed25519 -N '' -C '' -f "$tmp/host_key"
	ssh-keygen -q -t ed25519 -N '' -C '' -f "$tmp/user_key"
	cp "$tmp/user_key.pub" "$tmp/authorized" && chmod 755 "$tmp" && chmod 600 "$tmp/authorized"
	printf '%s\n' "HostKey $tmp/host_key" "AuthorizedKeysFile $tmp/authorized" 'StrictModes no' 'UsePAM no' \
		'PermitRootLogin yes' 'PidFile none' >"$tmp/sshd_config"
	start $b /usr/sbin/sshd -D -e -f "$tmp/sshd_config" || { skip 'sshd does not start'; return; }
	capture $a a0 ssh.pcap tcp port 22
	in_ $a /usr/bin/ssh -F none -i "$tmp/user_key" -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR \
		root@10.77.0.2 echo hello
	finish
	stop
}
dns() {
	start $b dnsmasq -k -C /dev/null --pid-file= --no-resolv --no-hosts --listen-address=10.77.0.2 --bind-interfaces \
		--address=/www.pinyon.example/192.0.2.80 --address=/www.pinyon.example/2001:db8::80 --local=/example/ \
		--mx-host=pinyon.example,mail.pinyon.example,10 --txt-record=long.pinyon.example,"$(printf 'x%.0s' $(seq 200))" \
		--srv-host=_sip._udp.pinyon.example,sip.pinyon.example,5060 || { skip 'dnsmasq does not start'; return; }
	local dig="dig @10.77.0.2 +tries=1 +timeout=2"
	capture $a a0 dns_udp.pcap udp port 53
	in_ $a $dig www.pinyon.example A >/dev/null
	in_ $a $dig www.pinyon.example AAAA >/dev/null
	in_ $a $dig pinyon.example MX >/dev/null
	in_ $a $dig long.pinyon.example TXT >/dev/null
	in_ $a $dig _sip._udp.pinyon.example SRV >/dev/null
	in_ $a $dig none.pinyon.example A >/dev/null
	in_ $a $dig +noedns www.pinyon.example ANY >/dev/null
	finish
	capture $a a0 dns_tcp.pcap tcp port 53
	in_ $a $dig +tcp www.pinyon.example A long.pinyon.example TXT >/dev/null
	finish
	stop
}

ping4() { capture $a a0 ping4.pcap && in_ $a ping -c 3 -i 0.2 10.77.0.2 >/dev/null && finish; }
ping6() { capture $a a0 ping6.pcap && in_ $a ping -c 3 -i 0.2 fd77::2 >/dev/null && finish; }
trace() {
	capture $a a0 trace.pcap
	in_ $a traceroute -n -q 2 -m 3 -w 1 10.78.0.3 >/dev/null # hop limit exceeded, then port unreachable
	in_ $a traceroute -n -q 2 -m 3 -w 1 fd78::3 >/dev/null
	in_ $a traceroute -n -q 1 -m 3 -w 1 -T -p 81 10.78.0.3 >/dev/null
	finish
}
arp() { in_ $a ip neigh flush all; capture $a a0 arp.pcap && in_ $a ping -c 1 10.77.0.2 >/dev/null; finish; }

# talk MODE FILE [PORT [SIZE [ADDR [CAPTURE OPTIONS...]]]]: one exchange of tools/talk.py, recorded at a.
talk() {
	local mode=$1 out=$2 port=${3:-7000} size=${4:-300} addr=${5:-10.77.0.2}
	shift; shift; [ $# -ge 3 ] && shift 3 || shift $#
	start $b python3 "$tools/talk.py" serve "$mode" "$addr" "$port" || { skip "the kernel refuses $mode"; return; }
	capture $a a0 "$out" "$@" && in_ $a python3 "$tools/talk.py" call "$mode" "$addr" "$port" "$size" && finish
	stop
}
halfclose() { talk halfclose halfclose.pcap; }
rst() { talk rst rst.pcap; }
zero_window() { talk zero zero_window.pcap 7000 0 10.77.0.2 -s 128; }
udplite() { talk udplite udplite.pcap; }
ecn() {
	in_ $a sysctl -qw net.ipv4.tcp_ecn=1
	talk echo ecn.pcap
	in_ $a sysctl -qw net.ipv4.tcp_ecn=2
}
mptcp() {
	[ "$(in_ $a sysctl -n net.mptcp.enabled 2>/dev/null)" = 1 ] || { skip 'no net.mptcp.enabled'; return; }
	in_ $a ip addr add 10.77.0.11/24 dev a0
	in_ $a ip mptcp limits set subflows 2 add_addr_accepted 2
	in_ $b ip mptcp limits set subflows 2 add_addr_accepted 2
	in_ $a ip mptcp endpoint add 10.77.0.11 dev a0 subflow
	talk mptcp mptcp.pcap
	in_ $a ip mptcp endpoint flush
	in_ $a ip addr del 10.77.0.11/24 dev a0
}
sctp() {
	in_ $a python3 -c 'import socket; socket.socket(2, 1, 132)' 2>/dev/null || { skip 'no SCTP in this kernel'; return; }
	skip 'no recorder for it'
}
udp_frag4() { talk udp udp_frag4.pcap 7001 5000; }
udp_frag6() { talk udp udp_frag6.pcap 7001 5000 fd77::2; }
ping_frag() { capture $a a0 ping_frag.pcap && in_ $a ping -c 2 -i 0.2 -s 4000 10.77.0.2 >/dev/null && in_ $a ping -c 2 -i 0.2 -s 4000 fd77::2 >/dev/null && finish; }
v6_options() { capture $a a0 v6_options.pcap && in_ $a python3 "$tools/talk.py" call v6opts fd77::2 7002 && finish; }
syn_flood() {
	in_ $a ip neigh replace 10.77.0.99 lladdr 02:00:00:00:77:99 dev a0
	capture $a a0 syn_flood.pcap tcp && in_ $a python3 "$tools/talk.py" call syn 10.77.0.99 80 && finish
}
closed() { capture $a a0 closed.pcap tcp && in_ $a python3 "$tools/talk.py" call closed 10.77.0.2 7100 && finish; }

# One upload over a wire with 10 ms delay, losses and reordering, seen at both ends.
loss() {
	start $m python3 "$tools/wire.py" m0 m1 --delay 10 --loss 0.04 --reorder 0.06 --seed 5 || return
	local wire=$last
	start $b iperf3 -s -1 || return
	capture $a a1 loss_sender.pcap -s 128 tcp and greater 300 or tcp
	capture $b b2 loss_receiver.pcap -s 128 tcp
	in_ $a iperf3 -c 10.79.0.2 -n 90K -l 4K -M 1000 >/dev/null
	finish
	kill $wire
	wait $wire 2>/dev/null
	return 0
}

# tunnel KIND FILE [LOCAL REMOTE]: ping, UDP in fragments and a TCP exchange through tools/wrap.py.
tunnel() {
	local kind=$1 out=$2 l=${3:-10.77.0.1} r=${4:-10.77.0.2} addr=(10.70.0.1/24 10.70.0.2/24) to=10.70.0.2 one two
	[ -c /dev/net/tun ] || { skip 'no /dev/net/tun'; return; }
	[ "$kind" = 6in4 ] && addr=(fd70::1/64 fd70::2/64) to=fd70::2
	export REMOTE_MAC=02:00:00:00:77:02
	start $a python3 "$tools/wrap.py" "$kind" a0 "$l" "$r" "${addr[0]}" || return
	one=$last
	export REMOTE_MAC=02:00:00:00:77:01
	start $b python3 "$tools/wrap.py" "$kind" b0 "$r" "$l" "${addr[1]}" || return
	two=$last
	sleep 1.5
	capture $a a0 "$out" 'not (arp or icmp6 and ip6[40] >= 130)'
	through $to
	finish
	kill $one $two
	wait $one $two 2>/dev/null
	return 0
}
through() {
	in_ $a ping -c 2 -i 0.2 "$1" >/dev/null
	start $b python3 "$tools/talk.py" serve udp "$1" 7003 && in_ $a python3 "$tools/talk.py" call udp "$1" 7003 1800
	stop
	start $b python3 "$tools/talk.py" serve rst "$1" 7004 && in_ $a python3 "$tools/talk.py" call rst "$1" 7004
	stop
}
vlan() { tunnel vlan vlan.pcap; }
qinq() { tunnel qinq qinq.pcap; }
mpls() { tunnel mpls mpls.pcap; }
pppoe() { tunnel pppoe pppoe.pcap; }
ipip() { tunnel ipip ipip.pcap; }
sixin4() { tunnel 6in4 6in4.pcap; }
fourin6() { tunnel 4in6 4in6.pcap fd77::1 fd77::2; }
gre() { tunnel gre gre.pcap; }
grekey() { tunnel grekey grekey.pcap; }
gretap() { tunnel gretap gretap.pcap; }
geneve() { tunnel geneve geneve.pcap; }
gtpu() { tunnel gtpu gtpu.pcap; }
gre_frag() { MTU=2000 tunnel gre gre_frag.pcap; } # the inner datagram of 1828 bytes is whole, the outer is cut
vxlan() {
	local ns l r
	for ns in "$a 1 2 a0" "$b 2 1 b0"; do
		set -- $ns
		in_ $1 ip link add x0 address 02:00:00:00:70:0$2 type vxlan id 42 local 10.77.0.$2 remote 10.77.0.$3 dstport 4789 dev $4 2>"$tmp/err" ||
			{ skip "$(cat "$tmp/err")"; return; }
		in_ $1 ethtool -K x0 tx off gso off tso off gro off >/dev/null 2>&1
		in_ $1 ip link set x0 mtu 1400 up
		in_ $1 ip addr add 10.70.0.$2/24 dev x0
	done
	sleep 1.5
	capture $a a0 vxlan.pcap
	through 10.70.0.2
	finish
	in_ $a ip link del x0
	in_ $b ip link del x0
}

sll() { capture $a any sll.pcap -y LINUX_SLL && in_ $a ping -c 2 -i 0.2 10.77.0.2 >/dev/null && in_ $a ping -c 1 127.0.0.1 >/dev/null && finish; }
sll2() { capture $a any sll2.pcap -y LINUX_SLL2 && in_ $a ping -c 2 -i 0.2 fd77::2 >/dev/null && in_ $a ping -c 1 127.0.0.1 >/dev/null && finish; }
nano() { talk echo nano.pcap 7005 0 10.77.0.2 --time-stamp-precision=nano; }
cut96() { web && capture $a a0 cut96.pcap -s 96 tcp port 80 && get http://pinyon.example/page && finish; }
two_interfaces() {
	ip netns exec $a dumpcap -q -i a0 -i lo -w - >"$tmp/two_interfaces.pcapng" 2>"$tmp/dumpcap.log" &
	local p=$!
	pids+=($p)
	sleep 1
	in_ $a ping -c 2 -i 0.2 10.77.0.2 >/dev/null
	in_ $a ping -c 2 -i 0.2 127.0.0.1 >/dev/null
	sleep 0.5
	kill $p && wait $p
	python3 "$tools/anonymous.py" "$tmp/two_interfaces.pcapng" && mv "$tmp/two_interfaces.pcapng" "$here/" && echo "made two_interfaces.pcapng"
}
packed() {
	[ -f "$here/http1.pcap" ] || { skip 'record http1 first'; return; }
	gzip -9nc "$here/http1.pcap" >"$here/packed_gzip.pcap.gz"
	zstd -q -19 -c "$here/http1.pcap" >"$here/packed_zstd.pcap.zst"
	echo 'made packed_gzip.pcap.gz, packed_zstd.pcap.zst'
}

all='http1 http1_v6 http2 h2c tls12 tls13 http3 http3_retry http3_hrr dtls ssh dns ping4 ping6 arp trace halfclose rst zero_window udplite ecn mptcp sctp
	udp_frag4 udp_frag6 ping_frag v6_options syn_flood closed loss vlan qinq mpls pppoe ipip sixin4 fourin6 gre grekey gretap
	geneve gtpu gre_frag vxlan sll sll2 nano cut96 two_interfaces packed'

[ "$(id -u)" = 0 ] || { echo 'record.sh: needs root for network namespaces' >&2; exit 1; }
net || exit 1
for name in ${*:-$all}; do
	$name
	case $? in
	0) ;;
	3) abandon ;; # skipped, said so
	*) echo "failed $name" >&2; abandon ;;
	esac
done
python3 "$here/expect.py"
