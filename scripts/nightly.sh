#!/usr/bin/env bash
# The long forms: every default test, ThreadSanitizer, clang-tidy, long property and fuzz runs.
set -euo pipefail
cd "$(dirname "$0")/.."
make --no-print-directory test
REDLINE_TEST_LONG=1 ctest --test-dir build/release --output-on-failure
make --no-print-directory test-tsan
make --no-print-directory tidy
