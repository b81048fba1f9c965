#!/usr/bin/env bash
# Avahi and pinyon see each other's announcements: avahi-browse finds `pinyon serve --announce` with its address and TXT record,
# `pinyon discover` finds what avahi-publish publishes, and `pinyon connect --discover` gets its packets.
#
#     scripts/mdns.sh ./pinyon testdata/tls12.pcap
#
# Makes two network namespaces with a pair of devices, in one of which Avahi runs with a bus and a /run of its own, and removes them. Needs
# root, ip, and Debian's avahi-daemon, avahi-utils and dbus, and says so where one is missing (status 77).
set -u
pinyon=$(realpath "$1") capture=$(realpath "$2")
for w in ip unshare avahi-daemon avahi-browse avahi-publish dbus-daemon; do
  command -v $w > /dev/null || { echo "skipped: needs $w"; exit 77; }
done
[ "$(id -u)" = 0 ] || { echo "skipped: needs root"; exit 77; }
a=pinyon-mdns-a b=pinyon-mdns-b tmp=$(mktemp -d) bad=0 ours=()
clean() {
  exec 3>&- # Avahi ends
  sleep 0.5
  for p in "${ours[@]}"; do kill "$p" 2> /dev/null; done
  wait 2> /dev/null
  ip netns del $a 2> /dev/null
  ip netns del $b 2> /dev/null
  rm -rf "$tmp"
}
trap clean EXIT
ip netns add $a && ip netns add $b || exit 1
ip -n $a link add v0 type veth peer name v1 netns $b
ip -n $a addr add 192.0.2.1/24 dev v0
ip -n $a addr add 198.51.100.1/24 dev v0
ip -n $a addr add 2001:db8::1/64 dev v0 nodad
ip -n $b addr add 192.0.2.2/24 dev v1
ip -n $b addr add 2001:db8::2/64 dev v1 nodad
for n in $a $b; do ip -n $n link set lo up; done
ip -n $a link set v0 up && ip -n $b link set v1 up

# until WHAT COMMAND... runs the command until it succeeds.
until_() {
  what=$1; shift
  for _ in $(seq 30); do "$@" && return; sleep 0.5; done
  echo "BAD waited in vain for $what"; bad=1; return 1
}
check() { if eval "$2"; then echo "ok  $1"; else echo "BAD $1"; bad=1; fi; }

cat > "$tmp/avahi.conf" <<CONF
[server]
host-name=neighbour
use-ipv4=yes
use-ipv6=yes
[publish]
publish-workstation=no
CONF
# Everything of Avahi in one mount namespace, by a small script that reads commands.
mkfifo "$tmp/do"
ip netns exec $b unshare -m sh -c '
  mount -t tmpfs none /run && mkdir -p /run/dbus /run/avahi-daemon
  dbus-daemon --system --nofork --nopidfile & d=$!
  while [ ! -S /run/dbus/system_bus_socket ]; do sleep 0.1; done
  avahi-daemon -f "$1/avahi.conf" --no-drop-root --no-chroot --no-rlimits > "$1/avahi.log" 2>&1 & v=$!
  while ! avahi-browse -t _none._tcp 2> /dev/null; do sleep 0.2; done
  avahi-publish -s "Lab. sensor" _joyfuljay._tcp 8765 protocol=jj version=0.1.6 tls=0 > "$1/publish.log" 2>&1 & p=$!
  trap "kill $p $v $d; exit" TERM
  touch "$1/up"
  while read -r line; do [ "$line" = browse ] && { avahi-browse -rtpk _pinyon._tcp > "$1/seen.new" 2>&1; mv "$1/seen.new" "$1/seen"; }; done < "$1/do"
  kill $p $v $d; wait' sh "$tmp" 2> "$tmp/bus.log" &
ours+=($!)
exec 3> "$tmp/do"
until_ "Avahi" test -e "$tmp/up" || cat "$tmp"/*.log

PINYON_TOKEN=KJq3dHkFuwUeF1VgVN1Lh9yJZQYJcYQ1p0s3m2b7xSE ip netns exec $a "$pinyon" serve -r "$capture" --host 0.0.0.0 --tls-auto --state-dir "$tmp/state" --announce --announce-name "Roof. sensor" 2> "$tmp/serve.log" &
ours+=($!)
until_ "the server" grep -q announced "$tmp/serve.log" || cat "$tmp/serve.log"
pin=$(grep -o 'pin=sha256:[A-Za-z0-9_-]*' "$tmp/serve.log" | head -1)
seen() { echo browse >&3; sleep 2; grep -q '^=.*IPv4.*8765' "$tmp/seen" 2> /dev/null; }
until_ "avahi-browse to see the server" seen
check "avahi-browse resolves it by IPv4, with its TXT" "grep '^=;v1;IPv4;' $tmp/seen | grep -F 'Roof' | grep -F '\"proto=2\"' | grep -F '\"tls=1\"' | grep -qF '$pin'"
check "and by IPv6" "grep -q '^=;v1;IPv6;' $tmp/seen"

ip netns exec $b "$pinyon" discover --timeout 3 > "$tmp/found"
ip netns exec $b "$pinyon" discover --timeout 3 --json > "$tmp/found.json"
cat "$tmp/found"
check "discover sees ours under its bare name, with its pin" "grep -qF 'Roof. sensor: pinyons://' $tmp/found && grep -qF '$pin' $tmp/found"
check "with all of its addresses" "grep -q 192.0.2.1 $tmp/found.json && grep -q 198.51.100.1 $tmp/found.json && grep -q 2001:db8::1 $tmp/found.json"
ip netns exec $a "$pinyon" discover --timeout 3 > "$tmp/found.a"
check "discover sees what Avahi publishes" "grep -qF 'Lab. sensor: jj://192.0.2.2:8765' $tmp/found.a"
PINYON_TOKEN=KJq3dHkFuwUeF1VgVN1Lh9yJZQYJcYQ1p0s3m2b7xSE ip netns exec $b "$pinyon" connect --discover "Roof. sensor" -o "$tmp/a.csv" --features flow_meta --no-progress 2> "$tmp/connect.log" || cat "$tmp/connect.log"
"$pinyon" extract "$capture" -o "$tmp/b.csv" --features flow_meta --no-progress 2> /dev/null
check "connect --discover gives the rows of extract" "cmp -s $tmp/a.csv $tmp/b.csv"
ip netns exec $b "$pinyon" discover --timeout 1.5 > "$tmp/found"
check "and the server is gone after its farewell" "! grep -q Roof $tmp/found"
exec 3>&-
exit $bad
