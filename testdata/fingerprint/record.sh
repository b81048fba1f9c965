#!/bin/bash
# Records the captures of this folder: tunnels, cells and DNS over HTTPS between two network namespaces that it
# makes and removes.
#
#     testdata/fingerprint/record.sh [NAME...]      as root; without names, all of them
#
# Needs iproute2, ethtool, tcpdump, openssl, openvpn, wireguard-tools, strongswan-starter, strongswan-charon and
# libcharon-extra-plugins (for ESP without the kernel's), and go, which fetches wireguard-go. A step that the machine cannot do prints
# "skip NAME: reason" and leaves the capture of an earlier run alone.
set -u
. "$(dirname "$0")/namespaces.sh"

net_more() {
	in_ $a ip addr add 10.77.0.1/24 dev a0
	in_ $b ip addr add 10.77.0.2/24 dev b0
}

# through ADDR [FROM]: what goes through a tunnel.
through() {
	in_ $a ping ${2:+-I $2} -c 3 -i 0.2 "$1" >/dev/null || echo "no answer through the tunnel: $name" >&2
	in_ $a ping ${2:+-I $2} -c 4 -i 0.2 -s 1200 "$1" >/dev/null
}

# wireguard PORT
wireguard() {
	[ -x "$tmp/wireguard" ] || GOBIN=$tmp go install golang.zx2c4.com/wireguard@latest >"$tmp/go.log" 2>&1 || { skip "$(tail -1 "$tmp/go.log")"; return; }
	local n one two
	for n in a b; do wg genkey | tee "$tmp/$n.key" | wg pubkey >"$tmp/$n.pub"; done
	WG_PROCESS_FOREGROUND=1 start $a "$tmp/wireguard" wga$1 || { skip 'wireguard-go does not start'; return; }
	one=$last
	WG_PROCESS_FOREGROUND=1 start $b "$tmp/wireguard" wgb$1 || { stop $one; skip 'wireguard-go does not start'; return; }
	two=$last
	in_ $a wg set wga$1 listen-port $1 private-key "$tmp/a.key" peer "$(cat "$tmp/b.pub")" allowed-ips 10.70.0.2/32 endpoint 10.77.0.2:$1
	in_ $b wg set wgb$1 listen-port $1 private-key "$tmp/b.key" peer "$(cat "$tmp/a.pub")" allowed-ips 10.70.0.1/32
	in_ $a ip addr add 10.70.0.1/24 dev wga$1
	in_ $b ip addr add 10.70.0.2/24 dev wgb$1
	in_ $b ip link set wgb$1 up
	capture udp
	in_ $a ip link set wga$1 up
	through 10.70.0.2
	finish
	stop $one $two
}

# openvpn_ PROTO PORT
openvpn_() {
	[ -c /dev/net/tun ] || { skip 'no /dev/net/tun'; return; }
	local common="--dev tun --topology subnet --ca $tmp/cert.pem --cert $tmp/cert.pem --key $tmp/key.pem --verb 3
		--peer-fingerprint $(openssl x509 -in "$tmp/cert.pem" -noout -fingerprint -sha256 | cut -d= -f2) --port $2" one two server=$1 client=$1
	[ $1 = tcp ] && server=tcp-server client=tcp-client
	start $b openvpn $common --dh none --server 10.70.0.0 255.255.255.0 --proto $server || { skip 'openvpn does not start'; return; }
	one=$last
	capture $1 port $2
	start $a openvpn $common --client --proto $client --remote 10.77.0.2 --nobind || { stop $one; skip 'openvpn does not start'; return; }
	two=$last
	sleep 3
	through 10.70.0.1
	stop $two
	finish
	stop $one
}

# charon NS LEFT RIGHT EXTRA: a daemon with a /run and a configuration of its own.
charon() {
	local d=$tmp/$1
	mkdir -p "$d"
	printf 'config setup\nconn t\n type=tunnel\n keyexchange=ikev2\n authby=psk\n left=%s\n right=%s\n leftsubnet=%s\n rightsubnet=%s\n auto=add\n %s\n' "$2" "$3" "$4" "$5" "$6" >"$d/ipsec.conf"
	echo ': PSK "for this run only"' >"$d/ipsec.secrets"
	printf 'charon { plugins { bypass-lan { load = no }\n } }\n' >"$d/strongswan.conf"
	start $1 unshare -m sh -c "mount -t tmpfs none /run && mount --bind $d/ipsec.conf /etc/ipsec.conf && mount --bind $d/ipsec.secrets /etc/ipsec.secrets &&
		STRONGSWAN_CONF=$d/strongswan.conf exec /usr/lib/ipsec/starter --nofork"
}
# ipsec: IKEv2 and ESP in UDP (RFC 3948), which is what charon does without the kernel.
ipsec() {
	[ -e /usr/lib/ipsec/plugins/libstrongswan-kernel-libipsec.so ] || { skip 'no kernel-libipsec'; return; }
	local one two inner
	in_ $a ip addr add 10.70.0.1/32 dev lo
	in_ $b ip addr add 10.70.0.2/32 dev lo
	charon $b 10.77.0.2 10.77.0.1 10.70.0.2/32 10.70.0.1/32 forceencaps=yes || { skip 'charon does not start'; return; }
	one=$last
	charon $a 10.77.0.1 10.77.0.2 10.70.0.1/32 10.70.0.2/32 forceencaps=yes || { stop $one; skip 'charon does not start'; return; }
	two=$last
	sleep 2
	name=ipsec_natt
	capture udp
	inner=$(pgrep -P $two -f starter || echo $two)
	nsenter -t $inner -m -n /usr/sbin/ipsec up t >"$tmp/up.log" 2>&1 || { tail -3 "$tmp/up.log" >&2; stop $recorder $one $two; skip 'no tunnel'; return; }
	through 10.70.0.2 10.70.0.1
	finish
	stop $two $one
	in_ $a ip addr del 10.70.0.1/32 dev lo
	in_ $b ip addr del 10.70.0.2/32 dev lo
}

# peer PORT WORD NAME N LAST [tcpdump options]
peer() {
	if [ ! -x "$tmp/peer/peer" ]; then
		mkdir -p "$tmp/peer" && cp "$here/peer/main.go" "$tmp/peer/"
		(cd "$tmp/peer" && go mod init peer && go build -o peer .) >"$tmp/go.log" 2>&1 || { skip "$(tail -1 "$tmp/go.log")"; return; }
	fi
	start $b "$tmp/peer/peer" serve "$tmp/cert.pem" "$tmp/key.pem" 10.77.0.2:$1 || return
	capture "${@:6}" tcp port $1
	in_ $a "$tmp/peer/peer" $2 10.77.0.2:$1 $3 $4 $5 || echo "failed: $*" >&2
	finish
	stop $last
}

wireguard_51820() { wireguard 51820; }
wireguard_443() { wireguard 443; }
openvpn_udp_1194() { openvpn_ udp 1194; }
openvpn_udp_53000() { openvpn_ udp 53000; }
openvpn_tcp_443() { openvpn_ tcp 443; }
cells_9001() { peer 9001 cells www.pinyon.example 40 0 -s 128; }
cells_443() { peer 443 cells www.pinyon.example 40 0 -s 128; }
cells_slow_9001() { peer 9001 cells www.pinyon.example 40 60 -s 128; }
doh_named() { peer 443 doh cloudflare-dns.com 6 0; }
doh_one() { peer 443 doh doh.pinyon.example 1 0; }
doh_three() { peer 443 doh doh.pinyon.example 3 0; }
doh_many() { peer 443 doh doh.pinyon.example 12 0; }
page_small() { peer 443 page www.pinyon.example 1 400; }
page_large() { peer 443 page www.pinyon.example 1 20000; }
page_many() { peer 443 page www.pinyon.example 8 900; }

all='wireguard_51820 wireguard_443 openvpn_udp_1194 openvpn_udp_53000 openvpn_tcp_443 ipsec cells_9001 cells_443 cells_slow_9001
	doh_named doh_one doh_three doh_many page_small page_large page_many'

record 77 "${*:-$all}"
