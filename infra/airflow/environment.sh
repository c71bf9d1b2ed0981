#!/usr/bin/env bash
# Makes .venv-airflow from requirements/airflow.txt where it is missing or of another lock; does nothing otherwise.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"

lock="$KITH_ROOT/requirements/airflow.txt"
stamp="$KITH_AIRFLOW_VENV/.lock"
if cmp -s "$lock" "$stamp"; then exit 0; fi

core="${KITH_VENV:-$KITH_ROOT/.venv}/bin"
if [ ! -x "$core/uv" ] || [ ! -x "$core/python" ]; then
    echo "The core environment is not there: run 'make setup' first." >&2
    exit 1
fi
echo "Making $KITH_AIRFLOW_VENV from requirements/airflow.txt (some 140 packages)."
"$core/uv" venv --quiet --clear --python "$core/python" "$KITH_AIRFLOW_VENV"
"$core/uv" pip sync --quiet --require-hashes --python "$KITH_AIRFLOW_VENV/bin/python" "$lock"
cp "$lock" "$stamp"
