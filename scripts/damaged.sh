#!/usr/bin/env bash
# Reads back damaged feature files of every format (Arrow, Parquet, npy, CSV, JSON): bytes changed,
# cut, spliced, and lengths set to extremes. Each part runs in a process of its own whose address
# space is limited, as a limit on Go's heap would not stop an allocation.
#
#   scripts/damaged.sh [FILES [SEED]]
set -euo pipefail
cd "$(dirname "$0")/.."
files=${1:-1000000}
seed=${2:-1}
part=20000
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
go test -c -o "$dir/test" ./dataset
cd dataset
ulimit -v $((3 << 20)) # KiB
for ((done = 0; done < files; done += part)); do
	n=$((files - done < part ? files - done : part))
	if ! PINYON_DAMAGED=$n PINYON_DAMAGED_SEED=$seed PINYON_DAMAGED_FILE=$dir/x "$dir/test" -test.run 'TestDamagedMany$' -test.v -test.timeout 30m >"$dir/log" 2>&1; then
		grep -v '^	/' "$dir/log" | head -40
		kept=$(mktemp --suffix .damaged)
		cp "$dir/x" "$kept"
		echo "seed $seed: failed with the file $kept, after $done files"
		exit 1
	fi
	grep -h 'files; ' "$dir/log" | sed "s/^.*: /seed $seed: /"
	seed=$((seed + 1))
done
echo "$files damaged files: none ended in a panic, none took more memory than allowed"
