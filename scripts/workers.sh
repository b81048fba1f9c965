#!/bin/bash
# The same bytes from 1, 2 and 8 workers: CSV and Parquet of every capture of the corpus and of a benchmark capture.
#
#     scripts/workers.sh [BENCHMARK CAPTURE...]
#
# PINYON is the command (default ./pinyon), CORPUS the folder of captures (default ../shared/corpus), ONLY a part of the
# captures' paths, FORMATS what is written (default "csv parquet"). Without an argument the benchmark capture is made by
# internal/gen: 20,000 flows, all open at once. Output name and options are the same for every worker count, so
# embedded provenance must be the same too. Exit status 1 if anything differs.
set -u
pinyon=$(realpath "${PINYON:-./pinyon}") || exit 2
[ -x "$pinyon" ] || { echo "workers.sh: no command at $pinyon" >&2; exit 2; }
corpus=$(realpath "${CORPUS:-${PINYON_CORPUS:-../shared/corpus}}" 2>/dev/null)
repo=$(cd "$(dirname "$0")/.." && pwd)
tmp=$(mktemp -d /tmp/pinyon-workers.XXXXXX)
trap 'rm -rf "$tmp"' EXIT

if [ $# = 0 ]; then
	(cd "$repo" && go run ./internal/gen/main -kind roundrobin -flows 20000 -payload 64 -o "$tmp/roundrobin.pcap") || exit 2
	(cd "$repo" && go run ./internal/gen/main -kind jumps -flows 2000 -payload 64 -o "$tmp/jumps.pcap") || exit 2
	set -- "$tmp/roundrobin.pcap" "$tmp/jumps.pcap"
fi
captures=0 outputs=0 different=0 failed=0
one() {
	local in=$1 f n first sum
	captures=$((captures + 1))
	for f in ${FORMATS:-csv parquet}; do
		first=
		for n in 1 2 8; do
			mkdir -p "$tmp/$n"
			rm -f "$tmp/$n"/*
			(cd "$tmp/$n" && "$pinyon" extract "$in" --workers $n --no-progress -f $f -o out.$f >log 2>&1)
			local rc=$?
			if [ ! -f "$tmp/$n/out.$f" ]; then
				sum="none, exit $rc"
				[ $n = 1 ] && failed=$((failed + 1))
			else
				sum="$(sha256sum <"$tmp/$n/out.$f") exit $rc"
			fi
			outputs=$((outputs + 1))
			[ -z "$first" ] && first=$sum
			if [ "$sum" != "$first" ]; then
				different=$((different + 1))
				echo "$in: $f of $n workers is not that of 1: $first / $sum"
				tail -1 "$tmp/$n/log"
			fi
		done
	done
}
for f in "$@"; do one "$(realpath "$f")"; done
while IFS= read -r -d '' f; do
	case "$f" in *"${ONLY:-}"*) one "$f" ;; esac
done < <(find ${corpus:+"$corpus"} "$repo/testdata" -type f \( -name '*.pcap' -o -name '*.pcapng' -o -name '*.cap' -o -name '*.pcap.gz' -o -name '*.pcap.zst' \) -print0 | sort -z)
echo "$captures captures, $outputs outputs of 1, 2 and 8 workers, $different different, $failed without output"
[ $different = 0 ]
