#!/usr/bin/env bash
# Runs `timeout 2 pinyon live` again and again over loopback traffic and counts the runs whose
# file has rows under its final name. timeout signals its child and then its group.
#
#   scripts/timeouts.sh PINYON [RUNS]
set -euo pipefail
pinyon=$(realpath "$1")
runs=${2:-50}
dir=$(mktemp -d)
ns=timeouts$$
ip netns add "$ns"
trap 'kill $traffic 2>/dev/null; ip netns del "$ns"; rm -rf "$dir"' EXIT
ip -n "$ns" link set lo up
(i=0; while sleep 0.1; do i=$((i % 250 + 1)); ip netns exec "$ns" ping -c 2 -i 0.01 127.0.1.$i >/dev/null 2>&1; done) &
traffic=$!
for ((i = 1; i <= runs; i++)); do
	ip netns exec "$ns" timeout 2 "$pinyon" live lo --timeout 0.2 --no-progress -o "$dir/$i.csv" 2>"$dir/$i.err" &
	((i % 5)) || sleep 2.5
done
sleep 4
good=0
for ((i = 1; i <= runs; i++)); do
	if [ "$(wc -l <"$dir/$i.csv" 2>/dev/null || echo 0)" -gt 1 ]; then good=$((good + 1)); else cat "$dir/$i.err"; fi
done
echo "$good of $runs runs have rows"
[ "$good" = "$runs" ]
