"""A lake of a few people, written without Spark from the contracts: two joined, one apart behind a fence, one alone."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
from deltalake import DeltaTable, write_deltalake

from lakehouse.ddl import table_properties
from lakehouse.standardise import plain
from lakehouse.table import Column, Table
from lakehouse.tables import gold, ops, silver
from tests.small_lake import TOKEN_KEY

AT = datetime(2025, 3, 1, 10, tzinfo=UTC)
LATER = datetime(2025, 4, 1, 10, tzinfo=UTC)
ANNA, BEN, OLD = "01JANNA0000000000000000000", "01JBEN00000000000000000000", "01JGNE00000000000000000000"
CARL, DORA = "01JCARN0000000000000000000", "01JDRA00000000000000000000"
CONSTRAINT = "delta.constraints."
FIRST_ROW = pa.struct([("seen_at", pa.timestamp("us", "UTC")), ("file", pa.string()), ("row", pa.int64())])
TYPES = {
    "string": pa.string(),
    "bigint": pa.int64(),
    "int": pa.int32(),
    "double": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "array<date>": pa.list_(pa.date32()),
    "timestamp": pa.timestamp("us", "UTC"),
    "decimal(18,2)": pa.decimal128(18, 2),
    "decimal(18,3)": pa.decimal128(18, 3),
    "struct<seen_at:timestamp,file:string,row:bigint>": FIRST_ROW,
}
Row = Mapping[str, object]


def token(named: str) -> str:
    """The token of ``type:value``, as sources make it."""
    id_type, _, value = named.partition(":")
    found, _ = plain.identifier(id_type, value)
    assert found is not None
    return plain.token(id_type, found, TOKEN_KEY.encode())


MEMBER, PHONE, APP, COOKIE = "member_no:M1", "phone:+8613911112222", "app_user:A1", "anonymous_app:c1"
BENS, BENS_APP, DEVICE = "member_no:M2", "app_user:B1", "device:d1"
CARLS, DORAS = "member_no:M3", "member_no:M4"
HOLDERS = {
    **dict.fromkeys((MEMBER, PHONE, APP, COOKIE), ANNA),
    **dict.fromkeys((BENS, BENS_APP), BEN),
    DEVICE: "01JDEV00000000000000000000",
    CARLS: CARL,
    DORAS: DORA,
}


def _field(column: Column) -> pa.Field:
    return pa.field(column.name, TYPES[column.type], nullable=not column.required)


def schema_of(table: Table) -> pa.Schema:
    """The contract's schema in Arrow."""
    return pa.schema([_field(column) for column in table.columns])


def put(root: Path, table: Table, rows: Iterable[Row]) -> None:
    """Create a table from its contract (constraints and change feed too) and write rows; columns not given are null."""
    path, schema = str(root / table.layer / table.entity), schema_of(table)
    properties = table_properties(table)
    made = DeltaTable.create(path, schema, configuration={k: v for k, v in properties.items() if "enable" in k})
    for name, rule in properties.items():
        if name.startswith(CONSTRAINT):
            made.alter.add_constraint({name.removeprefix(CONSTRAINT): rule})
    add(root, table, rows)


def add(root: Path, table: Table, rows: Iterable[Row]) -> None:
    """Write rows to a table that is there; columns not given are null."""
    filled = [dict.fromkeys(table.column_names) | dict(row) for row in rows]
    if filled:
        path = str(root / table.layer / table.entity)
        write_deltalake(path, pa.Table.from_pylist(filled, schema=schema_of(table)), mode="append")


def edge(
    one: str, other: str, rule: str, weight: float = 1.0, n: int = 1, reason: str | None = None
) -> dict[str, object]:
    """A row of silver.identity_edge; with a reason it is fenced."""
    src, dst = sorted((one, other), key=token)
    ends = {"src_token": token(src), "dst_token": token(dst)}
    ends |= {"src_type": src.partition(":")[0], "dst_type": dst.partition(":")[0], "rule_id": rule}
    kind = {"edge_type": "strong" if weight > 0.5 else "weak", "weight": weight, "is_merging": reason is None}
    seen = {"first_seen_at": AT, "last_seen_at": LATER, "evidence_count": n}
    return ends | kind | seen | {"fence_reason": reason}


def sighting(source: str, record: str, row: int, *named: str) -> list[dict[str, object]]:
    """The rows of silver.identifier_observation of one record."""
    first = {"seen_at": AT, "file": f"file:/landing/{source}/day.jsonl", "row": row}
    times = {"first_seen_at": AT, "last_seen_at": LATER, "_first_row": first}
    ids = [{"id_type": one.partition(":")[0], "id_token": token(one)} for one in named]
    return [{"source": source, "record_id": record} | one | times for one in ids]


EDGES = (
    edge(MEMBER, PHONE, "crm__member/member_no~phone"),
    edge(APP, PHONE, "app__event/app_user~phone", n=3),
    edge(APP, COOKIE, "app__event/app_user~anonymous_app", 0.9),
    edge(
        APP,
        DEVICE,
        "app__event/app_user~device",
        0.5,
        reason="shared_device: device: 7 accounts share it, max_degree 6",
    ),
    edge(
        BENS_APP,
        DEVICE,
        "app__event/app_user~device",
        0.5,
        reason="shared_device: device: 7 accounts share it, max_degree 6",
    ),
    edge(BENS, BENS_APP, "web__event/member_no~app_user"),
)
SIGHTINGS = (
    *sighting("crm__member", "r1", 17, MEMBER, PHONE),
    *sighting("app__event", "r2", 4, APP, PHONE),
    *sighting("app__event", "r3", 9, APP, COOKIE),
    *sighting("app__event", "r4", 10, APP, DEVICE),
    *sighting("app__event", "r5", 11, BENS_APP, DEVICE),
    *sighting("web__event", "r6", 2, BENS, BENS_APP),
)


def _held(named: str, one_id: str) -> dict[str, object]:
    return {"token": token(named), "one_id": one_id, "valid_from": AT, "is_current": True}


def _identifier(number: int, named: str) -> dict[str, object]:
    ends = {"id_token": token(named), "id_type": named.partition(":")[0], "vertex_key": number, "n_sources": 1}
    return ends | {"first_seen_at": AT, "last_seen_at": LATER}


def write_people(root: Path) -> None:
    """Write the lake: Anna (member, phone, app, cookie), Ben (member, app) behind a shared device, Carl and Dora alone."""
    moved = {"token": token(COOKIE), "one_id": OLD, "valid_from": AT, "valid_to": LATER, "is_current": False}
    put(root, silver.IDENTITY_MAP, [*[_held(named, one_id) for named, one_id in HOLDERS.items()], moved])
    put(root, silver.IDENTIFIER, [_identifier(n, named) for n, named in enumerate(HOLDERS)])
    put(root, silver.IDENTITY_EDGE, EDGES)
    words = "device: 7 accounts share it, max_degree 6"
    fences = [e | {"fence": "shared_device", "reason": words} for e in EDGES if e["fence_reason"]]
    put(root, silver.IDENTITY_FENCE, [{k: e.get(k) for k in silver.IDENTITY_FENCE.column_names} for e in fences])
    put(root, silver.IDENTIFIER_OBSERVATION, SIGHTINGS)
    put(root, silver.IDENTITY_ALIAS, [{"old_id": OLD, "current_id": ANNA, "reason": "merge"}])
    event = {"event_type": "merge", "one_id": ANNA, "other_id": OLD, "n_tokens": 1, "occurred_on": LATER.date()}
    put(root, silver.IDENTITY_EVENT, [event])
    origin = {"_file": "file:/landing/crm/member/day.parquet", "_row": 17, "_sequence": 1, "_row_hash": 1}
    record = {"source": "crm__member", "record_id": "M1", "customer_token": token(MEMBER), "phone_token": token(PHONE)}
    put(root, silver.CUSTOMER_RECORD, [record | origin, record | origin | {"record_id": "M9", "customer_token": None}])
    line = {"order_id": "app:O1", "line_no": "a/b", "channel": "app", "ordered_at": AT, "sku": "P1", "quantity": 1}
    line |= {"customer_token": token(APP)}
    delivered = {"source": "app__event", "unit_price_amount": Decimal("2.500")} | origin | {"_row": 5}
    put(root, silver.ORDER_LINE, [line | delivered])
    amounts = dict.fromkeys(("gross_amount", "net_amount"), Decimal("2.50")) | {"discount_amount": Decimal(0)}
    sold = {"place_id": "S1", "ordered_on": AT.date(), "known_at": AT, "is_return": False, "is_cancelled": False}
    put(root, gold.FCT_ORDER_LINE, [line | amounts | sold])
    person = {"one_id": ANNA, "identity_level": "verified", "n_identifiers": 4, "n_sources": 2}
    put(root, gold.DIM_CUSTOMER, [person])
    put(root, ops.IDENTITY_OVERRIDE, [])
    ends = {"a_token": token(MEMBER), "a_type": "member_no", "b_token": token(APP), "b_type": "app_user"}
    joint = {"src_token": token(MEMBER), "dst_token": token(PHONE), "rule_id": "crm__member/member_no~phone"}
    sizes = {"component": 1, "a_accounts": 1, "b_accounts": 1, "a_identifiers": 1, "b_identifiers": 3}
    weight = {"edge_type": "strong", "weight": 1.0, "n_twins": 0, "n_links": 1, "n_records": 1, "n_days": 3}
    put(root, ops.IDENTITY_REVIEW, [{"review_id": "q1"} | ends | joint | sizes | weight])


def put_together(root: Path, *named: str) -> None:
    """Give tokens to the first one's person, as a run would after a pin."""
    tokens = ", ".join(f"'{token(one)}'" for one in named)
    table = DeltaTable(str(root / "silver" / "identity_map"))
    table.update(predicate=f"token IN ({tokens})", updates={"one_id": f"'{HOLDERS[named[0]]}'"})


def match(root: Path, one: str, other: str) -> None:
    """Let the records of two members be alike, one of which came twice, and make them one person's."""
    put_together(root, one, other)
    seen = {"source": "crm__member", "joined_at": AT, "updated_at": LATER, "_row_hash": 1}
    day, new = (f"file:/landing/crm/member/{name}.parquet" for name in ("day", "new"))
    rows = [
        seen | {"record_id": record, "customer_token": token(named), "_file": file, "_row": row, "_sequence": sequence}
        for record, named, file, row, sequence in (
            ("M3", one, day, 7, 1),
            ("M3b", one, new, 8, 2),
            ("M4", other, day, 21, 1),
        )
    ]
    add(root, silver.CUSTOMER_RECORD, rows)
    add(root, silver.IDENTITY_EDGE, [edge(one, other, "match/member_no~member_no", 0.995)])
