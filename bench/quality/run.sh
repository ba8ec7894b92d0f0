#!/usr/bin/env bash
# run.sh [ARGUMENT...]: builds and fetches what quality.py needs, then runs it with the arguments.
set -euo pipefail
cd "$(dirname "$0")/../.."
cache=${REDLINE_BENCH_CACHE:-$HOME/.cache/redline-bench}

scripts/build.sh release dump_logits >&2
scripts/fetch_test_data.sh smollm2 >&2
if [ ! -x "$cache/venv/bin/python" ]; then
  python3 -m venv "$cache/venv"
  "$cache/venv/bin/pip" install --quiet --requirement tests/reference/requirements.txt >&2
fi
"$cache/venv/bin/python" bench/quality/divergence_test.py --quiet
exec "$cache/venv/bin/python" bench/quality/quality.py "$@"
