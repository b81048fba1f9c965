#!/usr/bin/env bash
# A labelled data set and a model of it: traffic twice, with other seeds, rows with labels, a
# model that learns from the first and tells the second. As root: run.sh [FOLDER] [PINYON]
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
out=${1:-/tmp/labelled} pinyon=${2:-pinyon} python=${PYTHON:-python3}
for seed in 1 2; do
  "$python" "$here/traffic.py" "$out/$seed" --seed "$seed" --prefix "${PREFIX:-labelled}"
  "$pinyon" extract "$out/$seed/traffic.pcap" --features all --labels "$out/$seed/labels.csv" --label-map "$here/map.yaml" --label-default benign \
    -o "$out/$seed/flows.parquet" --no-progress
done
"$python" "$here/train.py" "$out/1/flows.parquet" "$out/2/flows.parquet" | tee "$out/result.txt"
