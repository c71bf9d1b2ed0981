"""The figures of the report: one small aggregate for each question, asked of Spark several at a time, and the run's own log."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date, datetime

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from identity.evaluate import cluster_sizes
from jobs.catalogue import Graph
from jobs.context import Context
from jobs.gold.mart_customer_360 import is_sale
from jobs.reporting.accuracy import Accuracy, measure
from jobs.reporting.proof import check
from jobs.reporting.store import Row, Shelf
from jobs.reporting.stories import Story, stories
from jobs.reporting.trust import Trust, read_trust
from lakehouse.table import Table
from lakehouse.tables import gold, person, silver
from lakehouse.tables.model import score_table
from ml.card import ModelCard

MOST = 5_000
BINS = 20
SHOWN = "repurchase_30d"
"""The model that the report shows at length."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of one table; the answer is an aggregate of at most some thousand rows."""

    name: str
    table: Table
    ask: Callable[[DataFrame], DataFrame]


def sales(lines: DataFrame) -> DataFrame:
    """``currency, orders, revenue, lines, returns, first_on, last_on`` of ``gold.fct_order_line``, the largest first."""
    return (
        lines.groupBy("currency")
        .agg(
            F.count_distinct(F.when(is_sale(), F.col("order_id"))).alias("orders"),
            F.sum(F.when(is_sale(), F.col("net_amount"))).alias("revenue"),
            F.count("*").alias("lines"),
            F.count_if("is_return").alias("returns"),
            F.min("ordered_on").alias("first_on"),
            F.max("ordered_on").alias("last_on"),
        )
        .orderBy(F.desc("revenue"))
    )


def people(customers: DataFrame) -> DataFrame:
    """``identity_level, people`` of ``gold.dim_customer``."""
    return customers.groupBy("identity_level").agg(F.count("*").alias("people"))


def sizes(identity_map: DataFrame) -> DataFrame:
    """``n_tokens, n_clusters``: how many people have how many identifiers now."""
    return cluster_sizes(identity_map.where("is_current").select("token", "one_id"))


def fences(cut: DataFrame) -> DataFrame:
    """``fence, reason, edges`` of ``silver.identity_fence``: counts left out of the reason so that like stands with like."""
    alike = F.regexp_replace(F.regexp_replace("reason", r"(^|: )\d+ ", "$1"), r"^0\.\d+ of", "a part of").alias(
        "reason"
    )
    return cut.groupBy("fence", alike).agg(F.count("*").alias("edges")).orderBy(F.desc("edges"))


def events(happened: DataFrame) -> DataFrame:
    """``occurred_on, event_type, events`` of ``silver.identity_event``."""
    return happened.groupBy("occurred_on", "event_type").agg(F.count("*").alias("events")).orderBy("occurred_on")


def sends(campaigns: DataFrame) -> DataFrame:
    """Rows of ``gold.agg_duplicate_send``, those first by which people got most messages twice."""
    return campaigns.orderBy(F.desc("n_duplicates_avoidable"), "campaign_id", "channel")


def conversions(converted: DataFrame) -> DataFrame:
    """``touchpoint, people, median_days`` of ``gold.fct_identity_conversion``."""
    return converted.groupBy("touchpoint").agg(F.count("*").alias("people"), F.median("days").alias("median_days"))


def households(homes: DataFrame) -> DataFrame:
    """``n_people, is_refused, people, households`` of ``silver.household_map``."""
    return homes.groupBy("n_people", F.col("household_id").isNull().alias("is_refused")).agg(
        F.count("*").alias("people"), F.count_distinct("household_id").alias("households")
    )


def rfm(mart: DataFrame) -> DataFrame:
    """``r, f, tier, people, spend`` and the day of ``gold.mart_rfm``."""
    return mart.groupBy("r", "f", "tier").agg(
        F.count("*").alias("people"), F.sum("monetary_amount").alias("spend"), F.max("as_of").alias("as_of")
    )


def scores(scored: DataFrame) -> DataFrame:
    """``bin, tier, people, expected, as_of, model_version`` of the latest day's scores, in 20 bins of probability."""
    latest = scored.agg(F.max("as_of")).first()
    if latest is None:
        raise AssertionError("an aggregate without groups always has a row")
    number = F.least(F.floor(F.col("score") * BINS), F.lit(BINS - 1)).cast("int").alias("bin")
    return (
        scored.where(F.col("as_of") == F.lit(latest[0]))
        .groupBy(number, "tier", "model_version", "as_of")
        .agg(F.count("*").alias("people"), F.sum("score").alias("expected"))
    )


QUESTIONS = (
    Question("sales", gold.FCT_ORDER_LINE, sales),
    Question("scores", score_table(SHOWN, "Shown in the report", {}), scores),
    Question("fences", silver.IDENTITY_FENCE, fences),
    Question("sizes", silver.IDENTITY_MAP, sizes),
    Question("people", gold.DIM_CUSTOMER, people),
    Question("rfm", gold.MART_RFM, rfm),
    Question("events", silver.IDENTITY_EVENT, events),
    Question("sends", gold.AGG_DUPLICATE_SEND, sends),
    Question("conversions", gold.FCT_IDENTITY_CONVERSION, conversions),
    Question("households", person.HOUSEHOLD_MAP, households),
)


@dataclass(frozen=True, slots=True)
class Run:
    """One invocation of ``kith run``: when it began, wall seconds, core-seconds, rows written, both kinds of seconds by job."""

    run_id: str
    began: datetime
    seconds: float
    core_seconds: float
    rows: int
    as_of: date | None
    by_job: Mapping[str, float]
    cores_by_job: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Facts:
    """Everything that the page shows. ``answers`` by question, empty where its table is not there or has no row.

    ``models`` are the latest trainings of `conf/models`, ``values`` those of lifetime value and uplift.
    """

    graph: Graph
    counts: Mapping[str, int]
    versions: Mapping[str, int]
    answers: Mapping[str, Sequence[Row]]
    as_of: date | None = None
    accuracy: Accuracy | None = None
    proof: Sequence[Row] = ()
    stories: Sequence[Story] = ()
    runs: Sequence[Run] = ()
    balance: Sequence[Row] = ()
    quarantine: Sequence[Row] = ()
    gates: Sequence[Row] = ()
    lineage: Mapping[tuple[str, str], tuple[int, int]] = field(default_factory=dict)
    model: Row | None = None
    card: ModelCard | None = None
    models: Sequence[Row] = ()
    values: Sequence[Row] = ()
    trust: Trust = field(default_factory=Trust)


def gather(context: Context, graph: Graph, shelf: Shelf) -> Facts:
    """Ask everything. The aggregates, the proof and the comparison with the truth run side by side, the rest needs no Spark."""
    counts = {name: shelf.count(name) or 0 for name in shelf.versions()}
    with ThreadPoolExecutor(max_workers=max(2, context.settings.parallel_jobs)) as pool:
        accuracy = pool.submit(measure, context) if counts.get(silver.IDENTITY_MAP.name) else None
        proven = pool.submit(check, context) if counts.get(silver.IDENTITY_COMPONENT.name) else None
        asked = {q.name: pool.submit(_answer, context, q) for q in QUESTIONS if counts.get(q.table.name)}
        answers = {name: answer.result() for name, answer in asked.items()}
        found = accuracy.result() if accuracy else None
        proof = proven.result() if proven else []
    model, card = _model(shelf)
    return Facts(
        graph=graph,
        counts=counts,
        versions=shelf.versions(),
        answers={q.name: answers.get(q.name, []) for q in QUESTIONS},
        as_of=_as_of(context, answers),
        accuracy=found,
        proof=proof,
        stories=stories(context) if counts.get(silver.IDENTITY_EVENT.name) else [],
        runs=_runs(shelf),
        balance=_balance(shelf),
        quarantine=_quarantine(shelf),
        gates=_gates(shelf),
        lineage=_lineage(shelf),
        model=model,
        card=card,
        models=_models(shelf),
        values=_models(shelf, "ops.value_run"),
        trust=read_trust(shelf),
    )


def _answer(context: Context, question: Question) -> list[Row]:
    found = question.ask(context.lake.read(question.table)).limit(MOST)
    rows: list[Row] = found.toArrow().to_pylist()
    return rows


def _as_of(context: Context, answers: Mapping[str, Sequence[Row]]) -> date | None:
    days = [row["last_on"] for row in answers.get("sales", []) if row["last_on"]]
    return context.day or max(days, default=None)


def _runs(shelf: Shelf) -> list[Run]:
    """Runs in the order in which they began; wall seconds from the first batch's start to the last one's end."""
    columns = ("run_id", "job", "started_at", "seconds", "core_seconds", "rows_out", "as_of")
    by_run: dict[str, list[Row]] = {}
    for row in shelf.select("ops.job_run", columns, where="status = 'succeeded'"):
        by_run.setdefault(row["run_id"], []).append(row)
    return sorted((_run(run_id, rows) for run_id, rows in by_run.items()), key=lambda run: run.began)


def _run(run_id: str, rows: Sequence[Row]) -> Run:
    began = min(row["started_at"] for row in rows)
    by_job: dict[str, float] = {}
    cores_by_job: dict[str, float] = {}
    for row in rows:
        by_job[row["job"]] = by_job.get(row["job"], 0.0) + (row["seconds"] or 0.0)
        cores_by_job[row["job"]] = cores_by_job.get(row["job"], 0.0) + (row["core_seconds"] or 0.0)
    return Run(
        run_id=run_id,
        began=began,
        seconds=max((row["started_at"] - began).total_seconds() + (row["seconds"] or 0.0) for row in rows),
        core_seconds=sum(row["core_seconds"] or 0.0 for row in rows),
        rows=sum(row["rows_out"] or 0 for row in rows),
        as_of=max((row["as_of"] for row in rows if row["as_of"]), default=None),
        by_job=by_job,
        cores_by_job=cores_by_job,
    )


def _balance(shelf: Shelf) -> list[Row]:
    sums = [
        f"CAST(COALESCE(SUM({name}), 0) AS BIGINT) AS {name}"
        for name in ("rows_in", "rows_out", "rows_quarantined", "rows_duplicate")
    ]
    return shelf.select("ops.job_run", ("job", *sums), where="status = 'succeeded'", group=("job",))


def _quarantine(shelf: Shelf) -> list[Row]:
    counted = ("stage", "source", "reason", "COUNT(*) AS entries", 'COUNT("row") AS records')
    return shelf.select("ops.quarantine", counted, group=("stage", "source", "reason"))


def _gates(shelf: Shelf) -> list[Row]:
    stops = "NOT passed AND severity = 'stop'" if "severity" in shelf.columns("ops.dq_result") else "NOT passed"
    counted = (
        '"table"',
        "COUNT(*) AS checks",
        "COUNT(DISTINCT rule) AS rules",
        "CAST(SUM(violations) AS BIGINT) AS violations",
        f"CAST(SUM(CASE WHEN {stops} THEN 1 ELSE 0 END) AS BIGINT) AS stopped",
        "COUNT(DISTINCT run_id) AS runs",
    )
    before_gold = "\"table\" LIKE 'gold.%'"
    rows = shelf.select("ops.dq_result", counted, where=before_gold, group=('"table"',))
    return sorted(rows, key=lambda row: str(row["table"]))


def _lineage(shelf: Shelf) -> dict[tuple[str, str], tuple[int, int]]:
    counted = ("input", "output", "MAX(version_in) AS version_in", "MAX(version_out) AS version_out")
    rows = shelf.select("ops.lineage_edge", counted, group=("input", "output"))
    return {(row["input"], row["output"]): (row["version_in"], row["version_out"]) for row in rows}


def _model(shelf: Shelf) -> tuple[Row | None, ModelCard | None]:
    """The training of the model that is shown at length, with its card where one was written."""
    found = next((row for row in _models(shelf) if row["model"] == SHOWN), None)
    if found is None:
        return None, None
    return found, ModelCard.from_json(found["card"]) if found["card"] else None


def _models(shelf: Shelf, log: str = "ops.model_run") -> list[Row]:
    """Of each model the champion's training, else the latest one, by name."""
    columns = ("model", "as_of", "version", "alias", "reason", "card")
    rows = sorted(shelf.select(log, columns), key=lambda row: (row["alias"] == "champion", row["as_of"]))
    latest = {row["model"]: row for row in rows}
    return [latest[name] for name in sorted(latest)]
