#!/usr/bin/env bash
# All default tests: release build with unit and engine tests, ASan/UBSan, then the real binary.
# Prints the time of each part.
set -euo pipefail
cd "$(dirname "$0")/.."
declare -a summary
part() {
  local name=$1 begin
  shift
  begin=$(date +%s)
  echo "== $name"
  "$@"
  summary+=("$(printf '%-28s %5d s' "$name" $(($(date +%s) - begin)))")
}
jobs=$(($(nproc) + 1))  # some tests wait
part "dependencies" scripts/install_dependencies.sh test
part "layering and format" make --no-print-directory check
part "test data" scripts/fetch_test_data.sh ||
  echo "NO TEST DATA: tests that compare with published models and tokenizers will be skipped" >&2
part "release build" scripts/build.sh release
part "unit and engine tests" ctest --test-dir build/release --output-on-failure -j "$jobs"
part "real binary" scripts/test_e2e.sh
part "ASan/UBSan build" scripts/build.sh asan
part "ASan/UBSan tests" ctest --test-dir build/asan --output-on-failure -j "$jobs"
echo "== times"
printf '%s\n' "${summary[@]}"
