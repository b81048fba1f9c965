#!/usr/bin/env bash
# Builds the wheel of this platform, installs it into an empty virtual environment and runs the Python tests from
# there; ruff and mypy --strict before. With --quick the sdist is not tried.
set -euo pipefail
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python=${PYTHON:-python3}
"$python" -m venv "$work/tools"
"$work/tools/bin/pip" install -q 'hatchling>=1.27' 'ruff==0.17.6' 'mypy==2.4.1'
"$work/tools/bin/ruff" check .
"$work/tools/bin/ruff" format --check .
"$work/tools/bin/mypy" --strict src
"$work/tools/bin/python" -m hatchling build -t wheel -d "$work/dist"
"$python" -m venv "$work/venv"
"$work/venv/bin/pip" install -q "$work"/dist/*.whl
ls -l "$work"/dist/*.whl | awk '{printf "wheel: %.1f MB\n", $5 / 1e6; exit $5 > 20e6}'
# With what the package itself asks for, and nothing else, rows come as Arrow.
(cd "$work" && "$work/venv/bin/python" -W error -c '
import pinyon, sys
table = pinyon.extract(sys.argv[1], output_format="arrow")
assert table.num_rows == 1, table
assert not {"pandas", "polars"} & set(sys.modules)' "$OLDPWD/../testdata/http1.pcap")
"$work/venv/bin/pip" install -q pytest pandas polars numpy fsspec tqdm duckdb PyYAML scikit-learn
cp -r tests "$work/tests"
export PINYON_TESTDATA="$PWD/../testdata"
(cd "$work" && env -u PINYON_BINARY "$work/venv/bin/python" -m pytest -q -p no:cacheprovider -c "$OLDPWD/pyproject.toml" --rootdir "$work" "$work/tests")
if [ "${1:-}" != --quick ]; then
  "$work/tools/bin/python" -m hatchling build -t sdist -d "$work/dist"
  "$work/tools/bin/pip" wheel -q --no-deps --no-build-isolation -w "$work/again" "$work"/dist/*.tar.gz
  list='import sys, zipfile; print(*sorted(zipfile.ZipFile(sys.argv[1]).namelist()), sep="\n")'
  cmp <("$python" -c "$list" "$work"/dist/*.whl) <("$python" -c "$list" "$work"/again/*.whl)
fi
