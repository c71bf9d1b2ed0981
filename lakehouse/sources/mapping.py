"""Bronze payloads to silver rows: the maps of a source file compiled to projections of Spark SQL columns."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache, reduce

from pyspark.errors import AnalysisException
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lakehouse.errors import SourceError
from lakehouse.sources.spec import Cell, Fill, FirstOf, Identifiers, Source, TableMap
from lakehouse.standardise.rules import identifier_rule, rule
from lakehouse.standardise.token import token
from lakehouse.standardise.verdict import quoted, read
from lakehouse.table import Table

FIELD = re.compile(r"([$@])((?:\.\w+|\[\d+\]|\['[^']+'\])+)(?:\[\?key=([\w.-]+)\])?")
KINDS = ("string_value", "int_value", "double_value", "float_value")
"""Where an entry of a list of keys and values (as GA4 exports it) has its value."""
Refusal = Callable[[str, Column], Column]
Options = Mapping[str, str]
LINEAGE = ("_file", "_row", "_sequence")
CONTENT = (1 << 48) - 1  # bits of _row_hash below the source's version: of equal times the newer mapping wins


def sql(text: str) -> str:
    """Spark SQL of a mapping's text: ``$.a.b`` reads the payload as a string, ``@.a`` the exploded item.

    ``$.a[?key=k]`` is the value of that key in a list of keys and values, as GA4 has its parameters.
    """
    roots = {"$": "payload", "@": "_item"}

    def field(match: re.Match[str]) -> str:
        path, root = match[2].replace("'", '"'), roots[match[1]]
        return _entry(root, path, match[3]) if match[3] else f"try_variant_get({root}, '${path}', 'string')"

    return FIELD.sub(field, text)


def _entry(root: str, path: str, key: str) -> str:
    items = f"try_variant_get({root}, '${path}', 'array<variant>')"
    found = f"get(filter({items}, _p -> try_variant_get(_p, '$.key', 'string') = '{key}'), 0)"
    values = ", ".join(f"try_variant_get({found}, '$.value.{kind}', 'string')" for kind in KINDS)
    return f"coalesce({values}, try_variant_get({found}, '$.value', 'string'))"


class _Texts:
    """What the rules read, and their verdicts, each a column of its own: a part of a verdict names it several times over."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.found: dict[str, Column] = {}
        self.judged: dict[str, Column] = {}

    def name(self, text: str) -> str:
        self.found.setdefault(text, F.expr(sql(text)))
        return f"_text{list(self.found).index(text)}"

    def part(self, named: str, text: str, part: str = "value", options: Options | None = None) -> str:
        """SQL of a part of the verdict of a rule on a text; with what the source says of that rule."""
        asked = tuple(sorted({**self.source.rules.get(named, {}), **(options or {})}.items()))
        on = self.name(text)
        verdict = "_".join([on, named, *(f"{k}_{v}" for k, v in asked)])
        self.judged.setdefault(verdict, _verdict(named, on, asked))
        return read(f"`{verdict}`", on)[part]

    def token(self, kind: str, text: str, key: bytes) -> Column:
        return _token(kind, self.part(identifier_rule(kind).name, text), key)

    def beside(self, rows: DataFrame) -> DataFrame:
        """The rows with texts, and then with the verdicts on them."""
        texts = rows.select("*", *[c.alias(f"_text{n}") for n, c in enumerate(self.found.values())])
        return texts.select("*", *[c.alias(name) for name, c in self.judged.items()])


@contextmanager
def _named(source: Source, key: str) -> Iterator[None]:
    """Spark's words on a wrong expression, with the file and the key that hold it."""
    place: dict[str, object] = {"file": f"{source.name}.yml", "key": key}
    try:
        yield
    except AnalysisException as error:
        raise SourceError(str(error).strip().partition("\n")[0], **place) from error
    except SourceError as error:
        raise SourceError(error.message, **(place | dict(error.where))) from error


def mapped(source: Source, table: Table, bronze: DataFrame, key: bytes) -> DataFrame:
    """Rows of ``table`` from one source's bronze rows, plus ``_file, _row, _sequence, _row_hash``.

    Every value is cast to the contract's type; what cannot be cast becomes null, and the contract decides
    whether the row may stay. Raises :class:`SourceError` with file and key where Spark refuses an expression.
    """
    with _named(source, f"maps.{table.name}"):
        frames = [_project(source, mapping, table, bronze, key) for mapping in source.mappings(table.name)]
        return reduce(DataFrame.unionByName, frames)


def _project(source: Source, mapping: TableMap, table: Table, bronze: DataFrame, key: bytes) -> DataFrame:
    business = [c for c in table.columns if not c.is_technical and c.name != "source"]
    values, texts = [], _Texts(source)
    for column in business:
        with _named(source, f"maps.{table.name}.columns.{column.name}"):
            value = _value(mapping.columns.get(column.name), texts, key)
            values.append(value.try_cast(column.type).alias(column.name))
    if "_delivery" in table.column_names:
        values.append(_delivery(source, mapping).alias("_delivery"))
    rows = texts.beside(_rows(bronze, mapping)).select(
        F.col("_source").alias("source"), *values, "_file", "_row", _sequence(mapping).alias("_sequence")
    )
    content = F.xxhash64(*[F.col(c.name) for c in business]).bitwiseAND(CONTENT)
    return rows.withColumn("_row_hash", content + F.lit(source.version << CONTENT.bit_length()))


def _delivery(source: Source, mapping: TableMap) -> Column:
    """What a later delivery replaces; null where rows are only ever added or renewed."""
    if not mapping.replaces:
        return F.lit(None).cast("string")
    return F.concat(F.lit(f"{source.name}:"), F.expr(sql(mapping.replaces)))


def _sequence(mapping: TableMap) -> Column:
    """The record's own version time where it has one, else the file's."""
    if not mapping.sequence:
        return F.col("_sequence")
    return F.coalesce(F.unix_micros(F.expr(sql(mapping.sequence)).try_cast("timestamp")), F.col("_sequence"))


def _rows(bronze: DataFrame, mapping: TableMap) -> DataFrame:
    rows = bronze
    if mapping.explode:
        items = f"try_variant_get(payload, '{mapping.explode}', 'array<variant>')"
        rows = rows.withColumn("_item", F.explode(F.expr(items)))
    return rows.where(F.expr(sql(mapping.where))) if mapping.where else rows


def _value(cell: str | Cell | FirstOf | None, texts: _Texts, key: bytes) -> Column:
    match cell:
        case None:
            return F.lit(None)
        case str():
            return F.expr(sql(cell))
        case FirstOf(tokens=tokens):
            return F.coalesce(*[texts.token(kind, text, key) for kind, text in tokens.items()])
        case Cell(token=kind) if kind:
            return texts.token(kind, cell.source, key)
        case Cell(rule=name) if name:
            return _ruled(cell, texts)
        case Cell():
            return F.expr(sql(cell.source))


def _ruled(cell: Cell, texts: _Texts) -> Column:
    """A part of a rule's verdict; where a missing value is filled, the status says so and the reason from where."""
    part = texts.part(cell.rule, cell.source, cell.part, cell.options)
    if cell.fill is None:
        return _expression(part)
    value, status = _filling(cell.fill, texts), texts.part(cell.rule, cell.source, "status", cell.options)
    filled = {"value": value, "status": "'filled'", "reason": f"'{cell.fill.reason}'"}[cell.part]
    return F.expr(f"if({status} = 'missing' AND {value} IS NOT NULL, {filled}, {part})")


def _filling(fill: Fill, texts: _Texts) -> str:
    """SQL of what fills: a constant, another expression, or its value by a rule."""
    if fill.value is not None:
        return quoted(fill.value)
    return texts.part(fill.rule, fill.source) if fill.rule else texts.name(fill.source)


# Expressions are calls into the JVM and the same for every source: each is built once for each name of a text.
@cache
def _verdict(name: str, text: str, options: tuple[tuple[str, str], ...]) -> Column:
    return rule(name).verdict(text, **dict(options))


@cache
def _expression(text: str) -> Column:
    return F.expr(text)


@cache
def _token(kind: str, value: str, key: bytes) -> Column:
    return token(kind, F.expr(value), key)


def observed(source: Source, table: Table, bronze: DataFrame, key: bytes, refuse: Refusal | None = None) -> DataFrame:
    """Identifier observations of one source: one row for each identifier of each record, unaggregated.

    A record is known by the hash of its identifiers, so that repeated sightings of the same set are one
    record. ``refuse`` says why a cleaned value may not become an identifier (null: it may); what it refuses was not seen.
    Raises :class:`SourceError` with file and key where Spark refuses an expression.
    """
    with _named(source, "identifiers"):
        frames = [_observe(source, block, bronze, key, refuse) for block in source.identifiers]
        result = reduce(DataFrame.unionByName, frames)
        return result.select(*[F.col(c.name).cast(c.type) for c in table.columns], *LINEAGE)


@cache
def _accepted(kind: str, key: bytes, refuse: Refusal) -> Column:
    """The token of a cleaned value, which stands in a column of its type; null where the value is refused."""
    value = F.col(f"_value_{kind}")
    return token(kind, F.when(refuse(kind, value).isNull(), value), key)


def _observe(source: Source, block: Identifiers, bronze: DataFrame, key: bytes, refuse: Refusal | None) -> DataFrame:
    rows, texts = bronze.where(F.expr(sql(block.where))) if block.where else bronze, _Texts(source)
    values = {kind: texts.part(identifier_rule(kind).name, text) for kind, text in block.ids.items()}
    frame = texts.beside(rows)
    if refuse is None:
        tokens = [_token(kind, value, key) for kind, value in values.items()]
    else:  # cleaned values are columns of their own: a refusal names its value half a dozen times over
        frame = frame.select("*", *[_expression(value).alias(f"_value_{kind}") for kind, value in values.items()])
        tokens = [_accepted(kind, key, refuse) for kind in values]
    pairs = [
        F.struct(F.lit(kind).alias("id_type"), found.alias("id_token"))
        for kind, found in zip(values, tokens, strict=True)
    ]
    seen = frame.select(
        F.col("_source").alias("source"),
        F.filter(F.array(*pairs), lambda p: p["id_token"].isNotNull()).alias("ids"),
        F.expr(sql(block.at)).try_cast("timestamp").alias("at"),
        *LINEAGE,
    )
    record = F.substring(F.sha2(F.array_join(F.transform("ids", lambda p: p["id_token"]), "|"), 256), 1, 32)
    # Of a plain `inline` Spark infers a filter on `ids`, and would compute every token twice.
    return seen.select(
        "source",
        record.alias("record_id"),
        F.inline_outer("ids"),
        F.col("at").alias("first_seen_at"),
        F.col("at").alias("last_seen_at"),
        F.when(F.col("at").isNotNull(), F.array(F.to_date("at"))).alias("seen_days"),
        F.struct(F.col("at").alias("seen_at"), F.col("_file").alias("file"), F.col("_row").alias("row")).alias(
            "_first_row"
        ),
        *LINEAGE,
    ).where(F.col("id_token").isNotNull())
