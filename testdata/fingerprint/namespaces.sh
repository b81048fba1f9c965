# What the scripts that record the captures of this folder share: two network namespaces, the client's $a and the server's $b, joined
# by a veth pair; programs that run in them; a recording at the client's end; and the steps of a run. A script sources this file,
# defines net_more (addresses), may define clean_more, and calls record with the names of its steps, each a function of that name.
# The recording of a step is $name.pcap, which a step may rename by setting name before it records.
here=$(cd "$(dirname "$0")" && pwd)
tmp=$(mktemp -d /tmp/pinyon-record.XXXXXX)
a=pinyon-a-$$ b=pinyon-b-$$
pids=()

cleanup() {
	for p in "${pids[@]}"; do kill "$p" 2>/dev/null; done
	wait 2>/dev/null
	for n in $a $b; do ip netns del $n 2>/dev/null; done
	clean_more
	rm -rf "$tmp"
}
clean_more() { :; }

in_() { timeout 40 ip netns exec "$@"; }
skip() { echo "skip $name: $*"; return 3; }
start() { # NS COMMAND...
	local log=$tmp/log.${#pids[@]}
	ip netns exec "$@" >"$log" 2>&1 &
	last=$!
	pids+=($last)
	sleep 0.7
	kill -0 $last 2>/dev/null || { tail -3 "$log" >&2; return 1; }
}
stop() {
	local p
	for p in "$@"; do kill "$p" 2>/dev/null; wait "$p" 2>/dev/null; done
	return 0
}
capture() { # FILTER or options of tcpdump...
	ip netns exec $a tcpdump -Z root -i a0 --immediate-mode -U -n -w "$tmp/$name.pcap" "$@" 2>"$tmp/tcpdump.log" &
	recorder=$!
	pids+=($recorder)
	for _ in $(seq 40); do grep -q listening "$tmp/tcpdump.log" && return; sleep 0.05; done
}
finish() {
	sleep 0.5
	stop $recorder
	mv "$tmp/$name.pcap" "$here/" && echo "made $name.pcap: $(stat -c %s "$here/$name.pcap") bytes"
}

net() { # BYTE of the devices' addresses
	ip netns add $a && ip netns add $b || return 1
	ip link add a0 address 02:00:00:00:$1:01 netns $a type veth peer name b0 address 02:00:00:00:$1:02 netns $b
	local n
	for n in "$a a0" "$b b0"; do
		set -- $n
		in_ $1 sysctl -qw net.ipv6.conf.all.disable_ipv6=1
		in_ $1 ethtool -K $2 tx off gso off tso off gro off >/dev/null 2>&1
		in_ $1 ip link set lo up
		in_ $1 ip link set $2 up
	done
	net_more
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=pinyon.example \
		-keyout "$tmp/key.pem" -out "$tmp/cert.pem" 2>/dev/null
}

record() { # BYTE NAMES: all steps, and those that are wanted
	[ "$(id -u)" = 0 ] || { echo "$(basename "$0"): needs root for network namespaces" >&2; exit 1; }
	trap cleanup EXIT
	net $1 || exit 1
	for name in $2; do
		$name || [ $? = 3 ] || echo "failed $name" >&2
	done
}
