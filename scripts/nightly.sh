#!/usr/bin/env bash
# The long forms: every default test, long property, load and soak runs, ThreadSanitizer, clang-tidy,
# and the benchmarks that judge.
set -euo pipefail
cd "$(dirname "$0")/.."
make --no-print-directory test
REDLINE_TEST_LONG=1 ctest --test-dir build/release --output-on-failure
python=$(scripts/test_venv.sh)
REDLINE_TEST_LONG=1 "$python" tests/run.py -j 1
"$python" bench/prefix_cache.py
"$python" bench/structured.py
tests/engines/contract_test.py
make --no-print-directory test-tsan
make --no-print-directory tidy
