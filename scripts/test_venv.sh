#!/usr/bin/env bash
# The Python packages of the tests, locked with hashes in tests/requirements.txt, in build/test-venv.
# Does nothing, fast, when they are there. Prints the path of its Python.
set -euo pipefail
cd "$(dirname "$0")/.."
venv=$PWD/build/test-venv
wanted=$(sha256sum tests/requirements.txt; python3 --version)
if [ "$(cat "$venv/.made-of" 2>/dev/null)" != "$wanted" ]; then
  echo "installing the tests' Python packages into build/test-venv" >&2
  python3 -m venv --clear --without-pip "$venv"
  python3 -m pip --python "$venv/bin/python" install --quiet --disable-pip-version-check \
    --require-hashes --only-binary=:all: --requirement tests/requirements.txt >&2
  echo "$wanted" >"$venv/.made-of"
fi
echo "$venv/bin/python"
