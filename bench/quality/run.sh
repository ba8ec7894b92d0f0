#!/usr/bin/env bash
# run.sh [ARGUMENT...]: builds and fetches what quality.py needs, then runs it with the arguments.
set -euo pipefail
cd "$(dirname "$0")/../.."

scripts/build.sh release dump_logits >&2
scripts/fetch_test_data.sh smollm2 >&2
python=$(bench/venv.sh)
"$python" bench/quality/divergence_test.py --quiet
exec "$python" bench/quality/quality.py "$@"
