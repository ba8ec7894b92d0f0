#!/usr/bin/env bash
# Tests of the real binary: platform, engine and official client (Python), the official client (Node),
# the console in Chromium. REDLINE_TEST_LONG=1 runs the long forms of those that have one.
set -euo pipefail
cd "$(dirname "$0")/.."
mkdir -p build/test-data/cache
python=$(scripts/test_venv.sh)
"$python" tests/run.py
for suite in api browser; do
  (cd "tests/$suite" && npm ci --no-audit --no-fund --loglevel=error && npm test)
done
