"""Records made comparable: one SQL expression for each kind of column turns raw text into its canonical form."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import duckdb

from identity.match.kinds import Kind
from identity.match.nicknames import canonical_names
from identity.match.transliterate import readings

PERSON = (Kind.GIVEN, Kind.SURNAME, Kind.FULL_NAME)
_BLANK = "'', 'null', 'none', 'nan', 'na', 'n a', 'unknown', 'undefined', 'anonymous', 'test', '未知', '无', '匿名'"
_WORDS = r"regexp_replace(lower(strip_accents({x})), '[^\pL\pN]+', ' ', 'g')"
_FORMATS = (
    "['%d/%m/%Y', '%m/%d/%Y', '%d.%m.%Y', '%d-%m-%Y', '%Y/%m/%d', '%Y.%m.%d', '%d %b %Y', '%d %B %Y', '%B %d, %Y']"
)


@dataclass(frozen=True, slots=True)
class Field:
    """A prepared field: its column, its kind, and the column that its value may have been swapped with ('' = none)."""

    name: str
    kind: Kind
    partner: str = ""


def prepare(con: duckdb.DuckDBPyConnection, fields: Sequence[tuple[str, Kind]]) -> list[Field]:
    """Make the table ``prepared (rid, source, <field>…)`` from ``raw``; returns its fields.

    A full name becomes given name and surname. Beside each field stand what its comparison needs: ``<field>_alias`` (the
    full name behind a nickname), ``<field>_local`` (an e-mail's local part), ``<field>_words`` (the distinct words of text).
    """
    latin = {name: _read_aloud(con, name, kind) for name, kind in fields}
    _lookup(con, "nicknames", canonical_names())
    made: list[Field] = []
    first: list[str] = []
    for name, kind in fields:
        if kind is Kind.FULL_NAME:
            given, surname = f"{name}_given", f"{name}_surname"
            made += [Field(given, Kind.GIVEN, surname), Field(surname, Kind.SURNAME, given)]
            first += [f"{sql} AS {_q(part)}" for part, sql in zip((given, surname), _split(latin[name]), strict=True)]
        else:
            made.append(Field(name, kind))
            first.append(f"{_canonical(kind, latin[name])} AS {_q(name)}")
    second = [part for field in made for part in _beside(field)]
    joins = [f"LEFT JOIN nicknames {_nick(f)} ON {_nick(f)}.short = p.{_q(f.name)}" for f in made if f.kind in PERSON]
    con.execute(
        f"CREATE OR REPLACE TABLE prepared AS SELECT p.*{''.join(', ' + part for part in second)} "
        f"FROM (SELECT rid, source, {', '.join(first)} FROM raw) p {' '.join(joins)} ORDER BY rid"
    )
    return _with_partners(made)


def _read_aloud(con: duckdb.DuckDBPyConnection, name: str, kind: Kind) -> str:
    """The column as an expression, read aloud where it is Chinese."""
    column = _q(name)
    han = con.execute(rf"SELECT DISTINCT {column} FROM raw WHERE regexp_matches({column}, '\p{{Han}}')").fetchall()
    if not han or kind in (Kind.BIRTH, Kind.EMAIL, Kind.PHONE, Kind.NATIONAL_ID, Kind.YEAR, Kind.NUMBER):
        return column
    read = readings([row[0] for row in han], person=kind is Kind.FULL_NAME)
    table = f"read_{len(con.execute('SHOW TABLES').fetchall())}"
    _lookup(con, table, read)
    return f"coalesce((SELECT long FROM {table} WHERE short = {column}), {column})"


def _canonical(kind: Kind, x: str) -> str:
    words = _WORDS.format(x=x)
    joined = f"replace({words}, ' ', '')"
    digits = rf"regexp_replace({x}, '[^0-9]', '', 'g')"
    if kind is Kind.BIRTH:
        plain = rf"regexp_matches({x}, '^[0-9]{{4}}[-/.]?[0-9]{{2}}[-/.]?[0-9]{{2}}($|[ T])')"
        return f"CASE WHEN {plain} THEN left({digits}, 8) ELSE strftime(try_strptime({x}, {_FORMATS}), '%Y%m%d') END"
    if kind is Kind.EMAIL:
        return f"CASE WHEN contains({x}, '@') OR length({x}) > 5 THEN lower(replace({x}, ' ', '')) END"
    if kind is Kind.PHONE:
        return f"CASE WHEN length({digits}) >= 6 THEN right({digits}, 10) END"
    if kind in (Kind.YEAR, Kind.NUMBER):
        return rf"try_cast(regexp_extract({x}, '-?[0-9]+(\.[0-9]+)?') AS double)"
    text = f"trim({words})" if kind in (Kind.TEXT, Kind.CATEGORY) else joined
    return f"CASE WHEN trim({words}) NOT IN ({_BLANK}) THEN {text} END"


def _split(x: str) -> tuple[str, str]:
    """Given name and surname of a full name: what stands before the last word and that word, or what a comma says."""
    comma = f"contains({x}, ',')"
    words = f"CASE WHEN {comma} THEN string_split({x}, ',')[2] || ' ' || string_split({x}, ',')[1] ELSE {x} END"
    plain = f"trim({_WORDS.format(x=f'({words})')})"
    given = f"nullif(replace(regexp_extract({plain}, '^(.*) [^ ]+$', 1), ' ', ''), '')"
    return given, f"nullif(regexp_extract({plain}, '([^ ]+)$', 1), '')"


def _beside(field: Field) -> list[str]:
    column = f"p.{_q(field.name)}"
    signs = _bits(f"string_split({column}, '')", "ascii(w)", field)
    if field.kind in PERSON:
        return [f"coalesce({_nick(field)}.long, {column}) AS {_q(field.name + '_alias')}", signs]
    if field.kind is Kind.EMAIL:
        return [f"split_part({column}, '@', 1) AS {_q(field.name + '_local')}", signs]
    if field.kind in (Kind.STREET, Kind.PLACE):
        return [signs]
    if field.kind is Kind.TEXT:
        words = f"CASE WHEN {column} IS NOT NULL THEN list_sort(list_distinct(string_split({column}, ' '))) END"
        return [f"{words} AS {_q(field.name + '_words')}", _bits(f"string_split({column}, ' ')", "hash(w)", field)]
    return []


def _bits(parts: str, number: str, field: Field) -> str:
    """One bit of 63 for each part that occurs."""
    bit = f"list_transform({parts}, lambda w: 1::bigint << CAST({number} % 63 AS int))"
    return f"list_aggregate({bit}, 'bit_or') AS {_q(field.name + '_bits')}"


def _nick(field: Field) -> str:
    return _q(f"nick_{field.name}")


def _with_partners(fields: Sequence[Field]) -> list[Field]:
    """Given name and surname are swapped now and then, and so are two lines of one address."""
    kinds = [field.kind for field in fields]
    swaps = {}
    if kinds.count(Kind.GIVEN) == 1 and kinds.count(Kind.SURNAME) == 1:
        swaps = {Kind.GIVEN: Kind.SURNAME, Kind.SURNAME: Kind.GIVEN}
    if kinds.count(Kind.STREET) == 2:
        swaps[Kind.STREET] = Kind.STREET
    return [
        Field(f.name, f.kind, next(o.name for o in fields if o.kind is swaps[f.kind] and o.name != f.name))
        if f.kind in swaps
        else f
        for f in fields
    ]


def _lookup(con: duckdb.DuckDBPyConnection, table: str, names: Mapping[str, str]) -> None:
    rows = ", ".join(f"({_text(short)}, {_text(long)})" for short, long in names.items())
    con.execute(f"CREATE OR REPLACE TABLE {table} AS SELECT * FROM (VALUES {rows}) AS names (short, long)")


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _q(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
