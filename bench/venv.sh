#!/usr/bin/env bash
# The Python packages that benchmarks compute with, locked in tests/reference/requirements.txt.
# Prints the path of their Python.
set -euo pipefail
cd "$(dirname "$0")/.."
venv=${REDLINE_BENCH_CACHE:-$HOME/.cache/redline-bench}/venv
if ! "$venv/bin/python" -c "import gguf, numpy" 2>/dev/null; then
  python3 -m venv --clear "$venv"
  "$venv/bin/pip" install --quiet --requirement tests/reference/requirements.txt >&2
fi
echo "$venv/bin/python"
