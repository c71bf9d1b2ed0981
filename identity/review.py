"""The least certain merges: of each person the weakest evidence that joins two parts which both hold accounts."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from identity.identifiers import IdentityRules, attribute, is_verified

LENGTH = 16
"""Hex digits of a review's id."""
PAIR = ("src_token", "dst_token")


class Joint(NamedTuple):
    """Two identifiers of one component and the evidence between them; ``*_order`` sorts them as anchors, the least best."""

    component: int
    src_token: str
    dst_token: str
    src_type: str
    dst_type: str
    src_account: bool
    dst_account: bool
    src_order: int
    dst_order: int
    kind: int
    weight: float
    n_records: int
    n_days: int
    rule_id: str


class Question(NamedTuple):
    """The weakest joint of a component: what stands on either side of it, and all that links the two.

    ``n_twins``: account types that stand on both sides (two member numbers: two people, or one who joined twice);
    ``n_days``: days over which the joint was seen.
    """

    component: int
    a_token: str
    a_type: str
    b_token: str
    b_type: str
    a_accounts: int
    b_accounts: int
    a_identifiers: int
    b_identifiers: int
    src_token: str
    dst_token: str
    rule_id: str
    kind: int
    weight: float
    n_twins: int
    n_links: int
    n_records: int
    n_days: int


QUESTION_DDL = (
    "component bigint, a_token string, a_type string, b_token string, b_type string, a_accounts bigint, b_accounts bigint, "
    "a_identifiers bigint, b_identifiers bigint, src_token string, dst_token string, rule_id string, kind int, "
    "weight double, n_twins bigint, n_links bigint, n_records bigint, n_days bigint"
)
SCHEMA = pa.schema(
    [
        (
            part.split()[0],
            {"bigint": pa.int64(), "int": pa.int32(), "double": pa.float64()}.get(part.split()[1], pa.string()),
        )
        for part in QUESTION_DDL.split(", ")
    ]
)


class _Sides:
    """Parts of a component, grown edge by edge: identifiers, accounts and the best anchor of each."""

    def __init__(self) -> None:
        self.parent: dict[str, str] = {}
        self.accounts: dict[str, int] = {}
        self.size: dict[str, int] = {}
        self.head: dict[str, tuple[int, str, str]] = {}
        self.types: dict[str, frozenset[str]] = {}

    def part(self, token: str) -> str:
        parent = self.parent
        while parent[token] != token:
            parent[token] = token = parent[parent[token]]
        return token

    def _ends(self, joint: Joint) -> tuple[str, str]:
        self._add(joint.src_token, joint.src_type, joint.src_order, is_account=joint.src_account)
        self._add(joint.dst_token, joint.dst_type, joint.dst_order, is_account=joint.dst_account)
        return self.part(joint.src_token), self.part(joint.dst_token)

    def _add(self, token: str, id_type: str, order: int, *, is_account: bool) -> None:
        if token not in self.parent:
            self.parent[token], self.size[token] = token, 1
            self.accounts[token], self.head[token] = int(is_account), (order, token, id_type)
            self.types[token] = frozenset({id_type} if is_account else ())

    def join(self, joint: Joint) -> bool:
        """Make one part of two; whether both held accounts."""
        a, b = self._ends(joint)
        if a == b:
            return False
        is_question = bool(self.accounts[a] and self.accounts[b])
        self.parent[b] = a
        self.accounts[a] += self.accounts[b]
        self.size[a] += self.size[b]
        self.head[a] = min(self.head[a], self.head[b])
        self.types[a] |= self.types[b]
        return is_question

    def across(self, joint: Joint) -> frozenset[str]:
        """The parts that a joint lies between."""
        return frozenset(self._ends(joint))


def weakest(joints: list[Joint]) -> Question | None:
    """The question about one component, whose joints come with the most certain first; None where it has one account.

    Kruskal's algorithm joins parts along the maximum spanning tree; the last joint at which both parts hold accounts is the
    weakest tree edge between accounts, and no other evidence between its sides is stronger.
    """
    sides, last = _Sides(), None
    for number, joint in enumerate(joints):
        if sides.join(joint):
            last = number
    if last is None:
        return None
    sides = _Sides()
    for joint in joints[:last]:
        sides.join(joint)
    joint = joints[last]
    between = sides.across(joint)
    links = [other for other in joints[last:] if sides.across(other) == between]
    a, b = sorted(between, key=lambda part: sides.head[part])
    return Question(
        joint.component,
        *sides.head[a][1:],
        *sides.head[b][1:],
        sides.accounts[a],
        sides.accounts[b],
        sides.size[a],
        sides.size[b],
        joint.src_token,
        joint.dst_token,
        joint.rule_id,
        joint.kind,
        joint.weight,
        len(sides.types[a] & sides.types[b]),
        len(links),
        sum(link.n_records for link in links),
        joint.n_days,
    )


def joints(edges: DataFrame, members: DataFrame, rules: IdentityRules) -> DataFrame:
    """Rows of :class:`Joint` of the components with several accounts.

    ``edges (src_token, dst_token, rule_id, edge_type, weight, evidence_count, first_seen_at, last_seen_at)``: those that
    join, pins among them (``edge_type`` pin); ``members (id_token, id_type, first_seen_at, component)``. Edges between two
    components, which did not join after all, fall out. The edges of a pair are one joint: the strongest's rule and weight,
    the records and days of all.
    """
    kind = F.when(F.col("edge_type") == "pin", 2).when(F.col("edge_type") == "strong", 1).otherwise(0)
    best = F.struct(kind.alias("kind"), F.coalesce("weight", F.lit(0.0)).alias("weight"), "evidence_count", "rule_id")
    pairs = edges.groupBy(*PAIR).agg(
        F.max(best).alias("best"),
        F.sum("evidence_count").alias("n_records"),
        F.date_diff(F.max("last_seen_at"), F.min("first_seen_at")).alias("n_days"),
    )
    account = F.coalesce(attribute(rules, "kind", F.col("id_type")) == "account", F.lit(False))
    people = members.select(
        "component", "id_token", "id_type", account.alias("is_account"), _order(rules, account).alias("order")
    )
    several = people.where("is_account").groupBy("component").agg(F.count("*").alias("n")).where(F.col("n") > 1)
    people = people.join(several.select("component"), on="component", how="left_semi")
    found = pairs.join(_end(people, "src"), on="src_token", how="inner").join(
        _end(people, "dst"), on=["dst_token", "component"], how="inner"
    )
    return found.select(
        "component",
        *PAIR,
        "src_type",
        "dst_type",
        "src_account",
        "dst_account",
        "src_order",
        "dst_order",
        F.col("best.kind").cast("int").alias("kind"),
        "best.weight",
        F.coalesce("n_records", F.lit(0)).alias("n_records"),
        F.coalesce("n_days", F.lit(0)).cast("bigint").alias("n_days"),
        "best.rule_id",
    )


def _end(people: DataFrame, end: str) -> DataFrame:
    named = {"id_token": "token", "id_type": "type", "is_account": "account", "order": "order"}
    return people.select("component", *[F.col(old).alias(f"{end}_{new}") for old, new in named.items()])


def _order(rules: IdentityRules, account: Column) -> Column:
    """Verified before accounts before others, then the oldest; one long."""
    is_proven = is_verified(rules, F.col("id_type"))
    place = F.when(is_proven, 0).when(account, 1).otherwise(2).cast("bigint")
    return F.shiftleft(place, 60) + F.unix_micros("first_seen_at")


def questions(joined: DataFrame, most: int) -> DataFrame:
    """The ``most`` least certain questions about ``joined`` (:func:`joints`), as rows of :class:`Question` with ``review_id``.

    Least certain: weak before strong, the lesser weight, more account types that stand on both sides, fewer links between
    the sides, fewer records, fewer days, the lesser tokens. A question keeps its id as long as it is about the same two
    anchors.
    """
    certain = [F.col(name).desc() for name in ("kind", "weight", "n_records")]
    sorted_ = joined.repartition("component").sortWithinPartitions("component", *certain, *PAIR)
    asked = sorted_.select(*Joint._fields).mapInArrow(_ask, QUESTION_DDL)
    pair = F.concat_ws("\n", "a_token", "b_token")
    rest = ("n_links", "n_records", "n_days", "a_token", "b_token")
    uncertain = ("kind", "weight", F.col("n_twins").desc(), *rest)
    return asked.orderBy(*uncertain).limit(most).withColumn("review_id", F.substring(F.sha2(pair, 256), 1, LENGTH))


def _ask(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    found = [q for _, group in groupby(_read(batches), attrgetter("component")) if (q := weakest(list(group)))]
    columns = list(zip(*found, strict=True)) or [()] * len(SCHEMA)
    arrays = [pa.array(column, field.type) for column, field in zip(columns, SCHEMA, strict=True)]
    yield pa.RecordBatch.from_arrays(arrays, schema=SCHEMA)


def _read(batches: Iterable[pa.RecordBatch]) -> Iterator[Joint]:
    for batch in batches:
        columns = [column.to_pylist() for column in batch.columns]
        yield from map(Joint, *columns)
