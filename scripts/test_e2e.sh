#!/usr/bin/env bash
# Tests of the real binary: platform and faults (Python), the official client (Node), the console in
# Chromium.
set -euo pipefail
cd "$(dirname "$0")/.."
mkdir -p build/test-data/cache
(cd tests/e2e && python3 -m unittest discover -v -p 'test_*.py')
for suite in api browser; do
  (cd "tests/$suite" && npm ci --no-audit --no-fund --loglevel=error && npm test)
done
