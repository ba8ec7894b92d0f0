#!/usr/bin/env bash
# build.sh PRESET [TARGET...]: configures once, then builds with progress and says how long it took.
set -euo pipefail
cd "$(dirname "$0")/.."
preset=$1
shift
# A file compiled in one checkout need not be compiled again in another.
export CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1
[ -f "build/$preset/build.ninja" ] || cmake --preset "$preset" >"/dev/null"
begin=$(date +%s)
NINJA_STATUS="[%f/%t, %es] " ninja -C "build/$preset" "$@"
echo "build: $preset in $(($(date +%s) - begin)) s"
