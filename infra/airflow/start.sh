#!/usr/bin/env bash
# Runs Airflow for a person (`make airflow`): scheduler, DAG processor, triggerer and web page on loopback, until ctrl-c.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
. "$here/env.sh"
url="http://127.0.0.1:$KITH_AIRFLOW_PORT"
logs="$AIRFLOW_HOME/components"
parts=()

# Job control gives each part a process group of its own: ctrl-c reaches this script only, which then stops them in order.
part() {
    set -m
    airflow "$@" >"$logs/$1.log" 2>&1 &
    set +m
    parts+=("$!")
}

# The parts and all that they started, tasks and their Spark drivers included (psutil comes with Airflow).
family() {
    python - "${parts[@]}" <<'PYTHON'
import sys
from contextlib import suppress
import psutil

for pid in map(int, sys.argv[1:]):
    with suppress(psutil.NoSuchProcess):
        print(pid, *(child.pid for child in psutil.Process(pid).children(recursive=True)))
PYTHON
}

stop() {
    trap - EXIT
    trap '' INT TERM
    if [ "${#parts[@]}" -eq 0 ]; then return; fi
    echo "Stopping Airflow."
    local everyone
    everyone="$(family)"
    kill -TERM $everyone 2>/dev/null || true
    for _ in $(seq 20); do kill -0 $everyone 2>/dev/null || break; sleep 0.5; done
    # Whatever a worker began in between has it short.
    kill -KILL $everyone $(family) 2>/dev/null || true
    wait 2>/dev/null || true
}

# Whether a part has ended by itself: then nothing works, and its log says why.
check_parts() {
    for pid in "${parts[@]}"; do
        if ! kill -0 "$pid" 2>/dev/null; then
            echo "A part of Airflow has ended; the last lines of each log in $logs:" >&2
            tail -n 5 "$logs"/*.log >&2
            exit 1
        fi
    done
}

answers() { (exec 3<>"/dev/tcp/127.0.0.1/$KITH_AIRFLOW_PORT") 2>/dev/null; }

if answers; then
    echo "Port $KITH_AIRFLOW_PORT is taken: stop what listens there, or choose another by KITH_AIRFLOW_PORT." >&2
    exit 1
fi
bash "$here/environment.sh"
mkdir -p "$logs"
echo "Preparing Airflow's database and pools in $AIRFLOW_HOME."
airflow db migrate >"$logs/migrate.log" 2>&1
python "$KITH_ROOT/airflow_dags/launch.py" >"$AIRFLOW_HOME/pools.json"
airflow pools import "$AIRFLOW_HOME/pools.json" >"$logs/pools.log" 2>&1

trap stop EXIT
trap 'exit 0' INT TERM
# Logs are read from the disk: nothing but the web page listens, and that on loopback.
part api-server
part scheduler --skip-serve-logs
part dag-processor
part triggerer --skip-serve-logs
until answers; do check_parts; sleep 0.5; done
echo "Airflow is at $url (no password, this machine only). Logs: $logs. Stop it by ctrl-c."
while true; do check_parts; sleep 2; done
