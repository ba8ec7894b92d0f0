#!/usr/bin/env bash
# clang-tidy (.clang-tidy) over every source (a quarter of an hour on two cores), or over those named.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/build.sh dev embedded_headers
sources=("$@")
[ $# -gt 0 ] || mapfile -t sources < <(git ls-files 'src/*.cc')
printf '%s\0' "${sources[@]}" | xargs -0 -P "$(nproc)" -n 4 clang-tidy -p build/dev --quiet --extra-arg=-Wno-unknown-warning-option
