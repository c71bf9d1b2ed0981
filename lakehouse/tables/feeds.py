"""Contracts of what is known of the feeds: files landed, rows conserved, freshness, readiness, what was replayed."""

from lakehouse.table import Column, DataClass, Rule, Table

T = DataClass.TECHNICAL


def _c(name: str, type_: str, comment: str, *, required: bool = False) -> Column:
    return Column(name, type_, comment, required=required, data_class=T)


LANDED_FILE = Table(
    "ops.landed_file",
    "The ledger of files: what was delivered when, with which content, and whether it landed.",
    (
        _c("run_id", "string", "the invocation of kith run", required=True),
        _c("source", "string", "source and object", required=True),
        _c("file", "string", "path of the file", required=True),
        _c("size", "bigint", "bytes", required=True),
        _c("digest", "string", "sha256:<hex> of the content, or etag:<value> of an object store", required=True),
        _c("rows", "bigint", "records landed in bronze; of a file sent again: records of the one that it repeats"),
        _c("outcome", "string", "landed, resent (the same content had landed) or refused", required=True),
        _c("same_as", "string", "the file that one sent again repeats"),
        _c("modified_at", "timestamp", "the file's own time (UTC): orders versions", required=True),
        _c("version", "string", "the landing job's version and epoch: a rebuild lands every file again", required=True),
        _c("batch_id", "bigint", "the landing stream's batch", required=True),
        _c("landed_at", "timestamp", "when (UTC)", required=True),
    ),
    cluster_by=("source",),
    rules=(Rule("outcome_known", "outcome IN ('landed', 'resent', 'refused')"),),
    change_feed=False,
)

CONSERVATION = Table(
    "ops.conservation",
    "Rows in = rows out + quarantined + duplicates, for every batch of every feed; both sides counted apart.",
    (
        _c("run_id", "string", "the invocation of kith run", required=True),
        _c("job", "string", "the job, named as the table that it writes", required=True),
        _c("stage", "string", "land (files to bronze), map (bronze to rows of silver), merge (rows to the table)"),
        _c("source", "string", "source and object; null for a merge, which takes all sources together"),
        _c("batch_id", "bigint", "the stream's batch", required=True),
        _c("rows_in", "bigint", "records read of files, records committed to bronze, rows that passed the contract"),
        _c("rows_out", "bigint", "rows committed or handed on", required=True),
        _c("rows_quarantined", "bigint", "rows refused with a reason", required=True),
        _c("rows_duplicate", "bigint", "of files sent again; rows that lost against a newer or equal version"),
        _c("rows_filtered", "bigint", "records that the source file's `where` leaves out", required=True),
        _c("rows_exploded", "bigint", "rows beyond one a record, where a record holds several", required=True),
        _c("balance", "bigint", "rows_in + exploded - out - quarantined - duplicate - filtered; 0 when all is told"),
        _c("is_balanced", "boolean", "whether that is 0; null where one side cannot be counted apart"),
        _c("checked_at", "timestamp", "when (UTC)", required=True),
    ),
    rules=(Rule("stage_known", "stage IN ('land', 'map', 'merge')"),),
    change_feed=False,
)

FRESHNESS = Table(
    "ops.freshness",
    "How long after they happened events of a feed were in a gold table, against the feed's promise.",
    (
        _c("run_id", "string", "the invocation of kith run", required=True),
        _c("table", "string", "the gold table; the silver table where no gold table took the rows", required=True),
        _c("source", "string", "source and object", required=True),
        _c("via", "string", "the silver table whose new rows were measured", required=True),
        _c("as_of", "timestamp", "the newest event (UTC)", required=True),
        _c("rows", "bigint", "new rows of the run", required=True),
        _c("p50_lag_seconds", "double", "event to publication, median of the rows", required=True),
        _c("p95_lag_seconds", "double", "event to publication, the slowest twentieth begins here", required=True),
        _c("source_to_gold_hours", "double", "begin of landing to publication; null where it had landed before"),
        _c("slo_hours", "double", "freshness_hours of the source file", required=True),
        _c("is_breached", "boolean", "p95 beyond the promise; null for a feed's first delivery, which is history"),
        _c(
            "measured_at", "timestamp", "publication; where history is replayed: in the time of the data", required=True
        ),
    ),
    change_feed=False,
)

SOURCE_READINESS = Table(
    "ops.source_readiness",
    "What a sample of a feed is like, before and after it is taken in: one row for each column and measure.",
    (
        _c("source", "string", "source and object", required=True),
        _c("profiled_at", "timestamp", "when (UTC)", required=True),
        _c("sample", "string", "the file or files", required=True),
        _c("column", "string", "column of the sample; null for the sample as a whole"),
        _c(
            "measure", "string", "completeness, uniqueness, placeholder_rate, valid_rate, joinability, …", required=True
        ),
        _c("value", "double", "the measure: a share of 1, or a count", required=True),
        _c("detail", "string", "what it was measured against"),
        _c("verdict", "string", "good, look or bad", required=True),
    ),
    rules=(Rule("verdict_known", "verdict IN ('good', 'look', 'bad')"),),
    change_feed=False,
)

QUARANTINE_REPLAY = Table(
    "ops.quarantine_replay",
    "Entries of ops.quarantine that were taken in again: the quarantine itself stays as it was written.",
    (
        _c("replay_id", "string", "the replay of one file's entries", required=True),
        _c("stage", "string", "the job that had refused the entry", required=True),
        _c("source", "string", "source and object", required=True),
        _c("file", "string", "path of the file", required=True),
        _c("row", "bigint", "position in the file; null for a whole file"),
        _c("reason", "string", "the rule that was broken", required=True),
        _c("quarantined_at", "timestamp", "when the entry was refused (UTC)", required=True),
        _c("replayed_at", "timestamp", "when it was taken in again (UTC)", required=True),
        _c("is_edited", "boolean", "whether its record was edited", required=True),
    ),
    cluster_by=("source", "stage"),
    change_feed=False,
)

ALL = (LANDED_FILE, CONSERVATION, FRESHNESS, SOURCE_READINESS, QUARANTINE_REPLAY)
