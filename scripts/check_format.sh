#!/usr/bin/env bash
# Fails when a C++ file is not as `make format` would leave it.
set -euo pipefail
cd "$(dirname "$0")/.."
git ls-files '*.cc' '*.h' | xargs clang-format --dry-run --Werror
