#!/bin/bash
# Records connections of a private network of three directory authorities, three relays and a client, all tor(1) on the
# loopback of a network namespace that the script makes and removes.
#
#     testdata/fingerprint/tor.sh NAME N [VERSION]      as root; needs tor (with tor-gencert), tcpdump, tshark, iproute2
#
# Into NAME.pcap it writes the first 24 packets of each of the first N connections over which TLS was spoken; they are not chosen by
# anything else. VERSION is the newest that OpenSSL lets tor speak: TLSv1.2 for tor_tls12. The captures here were made by
# "tor_tls13 14" and "tor_tls12 12 TLSv1.2", after the rules were written. tor_private is older: six connections of at most 25 packets.
set -u
name=${1:?a name for the capture} count=${2:?how many connections}
here=$(cd "$(dirname "$0")" && pwd)
d=$(mktemp -d /tmp/pinyon-tor.XXXXXX)
ns=pinyon-tor-$$
pids=()
cleanup() {
	for p in "${pids[@]}"; do kill "$p" 2>/dev/null; done
	wait 2>/dev/null
	ip netns del $ns 2>/dev/null
	rm -rf "$d"
}
trap cleanup EXIT
printf 'openssl_conf = c\n[c]\nssl_conf = s\n[s]\nsystem_default = d\n[d]\n%s\n' "${3:+MaxProtocol = $3}" >"$d/openssl.cnf"
export OPENSSL_CONF=$d/openssl.cnf
ip netns add $ns && ip netns exec $ns ip link set lo up || exit 1

authorities=
for i in 0 1 2; do
	n=$d/a$i
	mkdir -p "$n/keys"
	tor-gencert --create-identity-key -m 12 -a 127.0.0.1:700$i -i "$n/keys/authority_identity_key" -s "$n/keys/authority_signing_key" \
		-c "$n/keys/authority_certificate" --passphrase-fd 3 3<<<pp >/dev/null 2>&1
	own=$(tor --list-fingerprint --ignore-missing-torrc -f /dev/null --orport 500$i --datadirectory "$n" --nickname a$i \
		--dirserver "x 127.0.0.1:1 ffffffffffffffffffffffffffffffffffffffff" 2>/dev/null | tail -1 | cut -d' ' -f2- | tr -d ' ')
	v3=$(awk '/^fingerprint/ {print $2}' "$n/keys/authority_certificate")
	authorities+="DirAuthority a$i orport=500$i no-v2 v3ident=$v3 127.0.0.1:700$i $own"$'\n'
done
node() { # NAME LINES
	mkdir -p "$d/$1"
	printf '%s\n' "TestingTorNetwork 1" "DataDirectory $d/$1" "Nickname $1" "Log notice file $d/$1.log" "ShutdownWaitLength 0" "AssumeReachable 1" \
		"PathsNeededToBuildCircuits 0.25" "Address 127.0.0.1" "ContactInfo t@example.com" "$authorities" "${@:2}" >"$d/$1.rc"
	ip netns exec $ns tor -f "$d/$1.rc" >/dev/null 2>&1 &
	pids+=($!)
}
ip netns exec $ns tcpdump -Z root -i lo -n -U -w "$d/all.pcap" 'tcp portrange 5000-5012' 2>/dev/null &
pids+=($!)
for i in 0 1 2; do
	node a$i "AuthoritativeDirectory 1" "V3AuthoritativeDirectory 1" "OrPort 500$i" "DirPort 700$i" "SocksPort 0" "ExitRelay 1" "ExitPolicy accept *:*" \
		"TestingV3AuthInitialVotingInterval 20" "TestingV3AuthInitialVoteDelay 4" "TestingV3AuthInitialDistDelay 4" "V3AuthVotingInterval 20" \
		"V3AuthVoteDelay 4" "V3AuthDistDelay 4" "TestingDirAuthVoteGuard *" "TestingDirAuthVoteExit *" "TestingMinExitFlagThreshold 0"
	node r$i "OrPort 501$i" "SocksPort 0" "ExitRelay 1" "ExitPolicy accept *:*"
done
node c0 "SocksPort 9050"
for _ in $(seq 60); do
	sleep 2
	grep -q 'Bootstrapped 100' "$d/c0.log" 2>/dev/null && break
done
sleep 3
kept=$(tshark -r "$d/all.pcap" -T fields -e tcp.stream -Y 'tls.handshake.type == 2' 2>/dev/null | sort -nu | head -$count | tr '\n' ' ')
frames=$(tshark -r "$d/all.pcap" -T fields -e frame.number -e tcp.stream 2>/dev/null |
	awk -v kept="$kept" 'BEGIN {split(kept, k); for (i in k) want[k[i]] = 1} want[$2] && n[$2]++ < 24 {printf "%s%s", s, $1; s = ","}')
tshark -r "$d/all.pcap" -Y "frame.number in {$frames}" -F pcap -w "$here/$name.pcap" 2>/dev/null && echo "made $name.pcap: $(stat -c %s "$here/$name.pcap") bytes"
