#!/usr/bin/env bash
# clang-tidy (.clang-tidy) over every source of the release build.
set -euo pipefail
cd "$(dirname "$0")/.."
[ -f build/dev/compile_commands.json ] || cmake --preset dev >/dev/null
git ls-files 'src/*.cc' | xargs -P "$(nproc)" -n 4 clang-tidy -p build/dev --quiet
