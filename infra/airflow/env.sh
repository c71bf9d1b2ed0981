# Shared environment of everything that runs Airflow for Kith; to be sourced by bash. What is set already stays.
KITH_ROOT="${KITH_ROOT:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}"
KITH_HOME="${KITH_HOME:-.kith}"
case "$KITH_HOME" in /*) ;; *) KITH_HOME="$KITH_ROOT/$KITH_HOME" ;; esac
KITH_AIRFLOW_VENV="${KITH_AIRFLOW_VENV:-$KITH_ROOT/.venv-airflow}"
KITH_AIRFLOW_PORT="${KITH_AIRFLOW_PORT:-8080}"
KITH_SPARK_MASTER="${KITH_SPARK_MASTER:-local[2]}"
export KITH_ROOT KITH_HOME KITH_AIRFLOW_VENV KITH_AIRFLOW_PORT KITH_SPARK_MASTER

export AIRFLOW_HOME="${AIRFLOW_HOME:-$KITH_HOME/airflow}"
export AIRFLOW__CORE__DAGS_FOLDER="$KITH_ROOT/airflow_dags"
export AIRFLOW__CORE__LOAD_EXAMPLES=False
export AIRFLOW__CORE__EXECUTOR=LocalExecutor
# Each task is a Spark driver with a JVM of its own: as many at a time as a small box bears.
export AIRFLOW__CORE__PARALLELISM="${AIRFLOW__CORE__PARALLELISM:-2}"
# A slow box answers the tasks' first call late.
export AIRFLOW__WORKERS__EXECUTION_API_TIMEOUT="${AIRFLOW__WORKERS__EXECUTION_API_TIMEOUT:-60}"
# Everybody is admin, therefore loopback only.
export AIRFLOW__CORE__AUTH_MANAGER=airflow.api_fastapi.auth.managers.simple.simple_auth_manager.SimpleAuthManager
export AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS=True
export AIRFLOW__API__HOST=127.0.0.1
export AIRFLOW__API__PORT="$KITH_AIRFLOW_PORT"
export AIRFLOW__API__BASE_URL="http://127.0.0.1:$KITH_AIRFLOW_PORT"
export AIRFLOW__API__WORKERS=1
export AIRFLOW__CORE__EXECUTION_API_SERVER_URL="http://127.0.0.1:$KITH_AIRFLOW_PORT/execution/"
export AIRFLOW__USAGE_DATA_COLLECTION__ENABLED=False

export AIRFLOW_CONN_SPARK_LOCAL="${AIRFLOW_CONN_SPARK_LOCAL:-{\"conn_type\": \"spark\", \"host\": \"$KITH_SPARK_MASTER\"\}}"
# Spark asks for its address before the platform's Python is up.
case "$KITH_SPARK_MASTER" in local*) export SPARK_LOCAL_IP="${SPARK_LOCAL_IP:-127.0.0.1}" ;; esac
export PATH="$KITH_AIRFLOW_VENV/bin:$PATH"
