"""Contracts of the platform's own tables: what ran, what was refused, what was checked, where data came from."""

from lakehouse.table import Column, DataClass, Pii, Rule, Table
from lakehouse.tables import feeds, model, quality, value
from lakehouse.tables.drift import SCHEMA_DRIFT

T = DataClass.TECHNICAL


def _c(name: str, type_: str, comment: str, *, required: bool = False, pii: Pii = Pii.NONE) -> Column:
    return Column(name, type_, comment, required=required, pii=pii, data_class=T)


JOB_RUN = Table(
    "ops.job_run",
    "One row for each write of a job: rows, Delta versions, seconds and core-seconds. A log, never the truth.",
    (
        _c("run_id", "string", "the invocation of kith run", required=True),
        _c("job", "string", "the job, named as its table", required=True),
        _c("job_version", "int", "the job's version"),
        _c("batch_id", "bigint", "the stream's batch"),
        _c("status", "string", "succeeded or failed", required=True),
        _c("started_at", "timestamp", "start of the batch (UTC)", required=True),
        _c("seconds", "double", "wall seconds"),
        _c("core_seconds", "double", "executor run time over all tasks of the batch"),
        _c("rows_in", "bigint", "rows read by the batch, where the load counts them"),
        _c("rows_out", "bigint", "rows inserted or updated"),
        _c("rows_deleted", "bigint", "rows deleted"),
        _c("rows_quarantined", "bigint", "rows refused with a reason"),
        _c("rows_duplicate", "bigint", "rows that lost against a newer or equal version of the same key"),
        _c("version_in", "string", "Delta versions read, as JSON {table: version}"),
        _c("version_out", "bigint", "Delta version written"),
        _c("message", "string", "the error, when it failed"),
        _c("as_of", "date", "the day as of which the job computed"),
    ),
    change_feed=False,
)

LINEAGE_EDGE = Table(
    "ops.lineage_edge",
    "One row for each input of each write, with the Delta versions on both ends.",
    (
        _c("run_id", "string", "the invocation of kith run", required=True),
        _c("job", "string", "the job that read and wrote", required=True),
        _c("input", "string", "the table or file set that was read", required=True),
        _c("output", "string", "the table that was written", required=True),
        _c("version_in", "bigint", "Delta version read"),
        _c("version_out", "bigint", "Delta version written"),
        _c("written_at", "timestamp", "when (UTC)", required=True),
    ),
    change_feed=False,
)

QUARANTINE = Table(
    "ops.quarantine",
    "Records and files that broke a rule, as delivered, with the reason: nothing is lost, and all can be replayed.",
    (
        _c("stage", "string", "the job that refused it", required=True),
        _c("source", "string", "source and object", required=True),
        _c("file", "string", "path of the file", required=True),
        _c("row", "bigint", "position in the file, from 1; null for a whole file"),
        _c("reason", "string", "the rule that was broken, as a code", required=True),
        _c("detail", "string", "what the rule says or what was found"),
        _c("record", "string", "the record as delivered, or as mapped", pii=Pii.DIRECT),
        _c("quarantined_at", "timestamp", "when (UTC)", required=True),
        _c("batch_id", "bigint", "the stream's batch", required=True),
    ),
    cluster_by=("source", "stage"),
    change_feed=False,
)

DQ_RESULT, DQ_PROFILE, DQ_FAILURE = quality.DQ_RESULT, quality.DQ_PROFILE, quality.DQ_FAILURE

MODEL_RUN = Table(
    "ops.model_run",
    "Trainings: which version was registered, from which data, how it did, and whether it became champion and why.",
    (
        _c("model", "string", "registered model's name", required=True),
        _c("as_of", "date", "the last day of data that the training saw", required=True),
        _c("version", "string", "registered version; null where nothing was registered"),
        _c("alias", "string", "champion, or challenger when it was not promoted"),
        _c("reason", "string", "why it was or was not promoted", required=True),
        _c("metrics", "string", "metrics on the held-out period, as JSON"),
        _c("card", "string", "the model card with deciles, calibration and importance, as JSON"),
        _c("mlflow_run_id", "string", "the run in MLflow"),
    ),
    key=("model", "as_of"),
)

RULE_VERSION = Table(
    "ops.rule_version",
    "Which version of which standardisation rule has made the rows of a source since when: a row for each change.",
    (
        _c("run_id", "string", "the invocation of kith run that first mapped with it", required=True),
        _c("source", "string", "source and object", required=True),
        _c("source_version", "int", "version of the source file: raised, it maps the source again from the start"),
        _c("table", "string", "table of silver that the source maps to", required=True),
        _c("column", "string", "column, or identifier type, that the rule makes", required=True),
        _c("rule", "string", "the rule", required=True),
        _c("version", "int", "the rule's version; null where the column no longer uses the rule"),
        _c("options", "string", "options of the rule, as JSON", required=True),
        _c("since", "timestamp", "start of the run that first mapped with it (UTC)", required=True),
    ),
    change_feed=False,
)

IDENTITY_OVERRIDE = Table(
    "ops.identity_override",
    "What people decided about who is who: two identifiers that are one person (pin), or never are (forbid).",
    (
        _c("override_id", "string", "minted, sortable by time", required=True),
        _c("kind", "string", "pin or forbid", required=True),
        _c("a_token", "string", "one identifier, keyed hash", required=True, pii=Pii.TOKEN),
        _c("b_token", "string", "the other identifier, keyed hash", required=True, pii=Pii.TOKEN),
        _c("group_id", "string", "what one command wrote together: a split is several forbids and pins", required=True),
        _c("reason", "string", "why", required=True),
        _c("actor", "string", "who decided", required=True),
        _c("made_at", "timestamp", "when (UTC)", required=True),
        _c("until_on", "date", "last day on which it holds; null: for ever"),
        _c("lifted_at", "timestamp", "when it was taken back (UTC); null while it holds"),
        _c("lifted_by", "string", "who took it back"),
        _c("lift_reason", "string", "why it was taken back"),
    ),
    key=("override_id",),
    rules=(Rule("kind_known", "kind IN ('pin', 'forbid')"), Rule("two_ends", "a_token <> b_token")),
)

IDENTITY_REVIEW = Table(
    "ops.identity_review",
    "The least certain merges: the weakest evidence in a person that joins two parts which both hold accounts.",
    (
        _c("review_id", "string", "hash of the two anchors: the question keeps its id", required=True),
        _c("component", "bigint", "the component that is asked about", required=True),
        _c("a_token", "string", "anchor of one part, keyed hash", required=True, pii=Pii.TOKEN),
        _c("a_type", "string", "its identifier type", required=True),
        _c("b_token", "string", "anchor of the other part, keyed hash", required=True, pii=Pii.TOKEN),
        _c("b_type", "string", "its identifier type", required=True),
        _c("a_accounts", "bigint", "accounts on the one side", required=True),
        _c("b_accounts", "bigint", "accounts on the other side", required=True),
        _c("a_identifiers", "bigint", "identifiers on the one side", required=True),
        _c("b_identifiers", "bigint", "identifiers on the other side", required=True),
        _c("src_token", "string", "the strongest edge between them: the lesser end", required=True, pii=Pii.TOKEN),
        _c("dst_token", "string", "the strongest edge between them: the greater end", required=True, pii=Pii.TOKEN),
        _c("rule_id", "string", "the rule of that edge", required=True),
        _c("edge_type", "string", "strong or weak", required=True),
        _c("weight", "double", "weight of that edge", required=True),
        _c("n_twins", "bigint", "account types that stand on both sides", required=True),
        _c("n_links", "bigint", "pairs of identifiers that link the two sides", required=True),
        _c("n_records", "bigint", "records behind them", required=True),
        _c("n_days", "bigint", "days over which that edge was seen", required=True),
    ),
    key=("review_id",),
    rules=(Rule("edge_type_known", "edge_type IN ('strong', 'weak')"),),
    change_feed=False,
)

IDENTITY_ALARM = Table(
    "ops.identity_alarm",
    "People who look like a weld of several: more identifiers, or less evidence between them, than conf/identity.yml allows.",
    (
        _c("one_id", "string", "the person: a minted id that lasts", required=True),
        _c("n_identifiers", "bigint", "identifiers of the person", required=True),
        _c("n_links", "bigint", "pairs of them that evidence joins", required=True),
        _c("density", "double", "those pairs as a share of all pairs", required=True),
        _c("reason", "string", "too_many_identifiers or too_sparse", required=True),
    ),
    key=("one_id",),
    rules=(Rule("reason_known", "reason IN ('too_many_identifiers', 'too_sparse')"),),
    change_feed=False,
)

ALL = (
    JOB_RUN,
    LINEAGE_EDGE,
    QUARANTINE,
    *quality.ALL,
    SCHEMA_DRIFT,
    MODEL_RUN,
    model.MODEL_WATCH,
    RULE_VERSION,
    IDENTITY_OVERRIDE,
    IDENTITY_REVIEW,
    IDENTITY_ALARM,
    *feeds.ALL,
    *value.OPS,
)
