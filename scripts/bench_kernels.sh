#!/bin/sh
# `redline serve --bench-kernels` as a table, and as build/bench/kernels.json.
#   scripts/bench_kernels.sh [MODEL [SECONDS]]
set -eu
cd "$(dirname "$0")/.."
mkdir -p build/bench
set -- ${1:+--model-path "$1"} ${2:+--bench-seconds "$2"}
build/release/redline serve --bench-kernels "$@" --bench-out build/bench/kernels.json
