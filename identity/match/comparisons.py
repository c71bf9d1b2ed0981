"""How two values of a kind are compared: Splink comparisons whose levels run from equal to different."""

from collections.abc import Sequence
from dataclasses import dataclass

from identity.match.kinds import Kind
from identity.match.preparation import PERSON, Field


@dataclass(frozen=True, slots=True)
class Dialect:
    """What an engine calls the edit distance, the intersection of two lists, the length of a list; how it quotes names."""

    edit: str = "damerau_levenshtein"
    intersect: str = "list_intersect"
    size: str = "len"
    quote: str = '"'

    def written(self, sql: str) -> str:
        """SQL with its names quoted as the engine quotes them."""
        return sql.replace('"', self.quote)


DUCKDB, SPARK = Dialect(), Dialect("levenshtein", "array_intersect", "size", "`")


DIFFERENT_AT_MOST = {
    Kind.GIVEN: 0.35,
    Kind.SURNAME: 0.35,
    Kind.BIRTH: 0.3,
    Kind.NATIONAL_ID: 0.3,
    Kind.EMAIL: 0.5,
    Kind.PHONE: 0.5,
    Kind.TEXT: 0.9,
}
"""How often records of one person may be entirely different in a kind, whatever training says: where more pairs than that are
different, training has found groups that share something (an office's address, a household), and not people.
"""


@dataclass(frozen=True, slots=True)
class Level:
    """One level: what it is called, its SQL over ``<column>_l`` and ``<column>_r``, how often it is seen among matches
    before any data speaks (``prior``), and the column whose value's frequency adjusts the weight ('' = none).
    """

    label: str
    sql: str
    prior: float
    tf: str = ""


@dataclass(frozen=True, slots=True)
class Comparison:
    """A field's comparison; ``levels`` without the null level, the most similar first, the last is everything else."""

    field: str
    kind: Kind
    null: str
    levels: tuple[Level, ...]

    @property
    def different_at_most(self) -> float:
        """The greatest m of the last level."""
        return DIFFERENT_AT_MOST.get(self.kind, 0.95)

    @property
    def gamma(self) -> str:
        """Splink's column of the level: -1 where a value is missing, 0 for the last level, counting up to the first."""
        return f"gamma_{self.field}"


def comparisons(fields: Sequence[Field], dialect: Dialect = DUCKDB) -> list[Comparison]:
    """The comparisons of fields, in the engine's dialect; Spark's edit distance counts a transposition as two edits."""
    return [_comparison(field, _Sql(dialect)) for field in fields]


@dataclass(frozen=True, slots=True)
class _Sql:
    """Conditions on two columns. Beside each column of letters stand its bits, one for each sign that occurs: an edit changes
    two of them at most, so most pairs are told apart without an edit distance, which costs a hundred times as much.
    """

    dialect: Dialect

    @property
    def edit(self) -> str:
        return self.dialect.edit

    def near(self, a: str, b: str) -> str:
        """One typing error: one edit, two in longer words, none in the shortest."""
        least = f"least(length({a}), length({b}))"
        allowed = f"(CASE WHEN {least} >= 8 THEN 2 WHEN {least} >= 3 THEN 1 ELSE 0 END)"
        return f"({self._may_be(a, b, allowed)} AND {self.edit}({a}, {b}) <= {allowed})"

    def within(self, a: str, b: str, share: float) -> str:
        """Few edits for the length, with the same beginning or end."""
        allowed = f"{share} * greatest(length({a}), length({b}))"
        return f"({_an_end(a, b)} AND {self._may_be(a, b, allowed)} AND {self.edit}({a}, {b}) <= {allowed})"

    def edits(self, a: str, b: str, most: int) -> str:
        """At most so many edits in a number; its beginning or its end is the same, as errors at both are rare."""
        return f"(abs(length({a}) - length({b})) <= {most} AND {_an_end(a, b, 2)} AND {self.edit}({a}, {b}) <= {most})"

    @staticmethod
    def _may_be(a: str, b: str, edits: str) -> str:
        one, other = _bits(a), _bits(b)
        differ = f"bit_count({one}) + bit_count({other}) - 2 * bit_count({one} & {other})"
        return f"abs(length({a}) - length({b})) <= {edits} AND {differ} <= 2 * {edits}"


def _bits(end: str) -> str:
    """``"x_l"`` as ``"x_bits_l"``."""
    return f"{end[:-3]}_bits{end[-3:]}"


def _an_end(a: str, b: str, size: int = 1) -> str:
    return f"(left({a}, {size}) = left({b}, {size}) OR right({a}, {size}) = right({b}, {size}))"


def _comparison(field: Field, sql: _Sql) -> Comparison:
    left, right = _ends(field.name)
    makers = {
        Kind.BIRTH: _date,
        Kind.EMAIL: _email,
        Kind.PHONE: _number_text,
        Kind.NATIONAL_ID: _number_text,
        Kind.POSTCODE: _number_text,
        Kind.HOUSE: _house,
        Kind.CATEGORY: _category,
        Kind.YEAR: _year,
        Kind.NUMBER: _year,
        Kind.TEXT: _text,
    }
    levels: list[Level]
    null = f"{left} IS NULL OR {right} IS NULL"
    if field.partner and field.name > field.partner:
        null += f" OR {_told_by_partner(field, sql)}"
    if field.kind in PERSON:
        levels = _name(field, sql)
    elif field.kind in (Kind.STREET, Kind.PLACE):
        levels = _place(field, sql)
    else:
        levels = makers[field.kind](field, sql)
    total = sum(level.prior for level in levels)
    shares = tuple(Level(x.label, sql.dialect.written(x.sql), x.prior / total, x.tf) for x in levels)
    return Comparison(field.name, field.kind, sql.dialect.written(null), shares)


def _name(field: Field, sql: _Sql) -> list[Level]:
    left, right = _ends(field.name)
    levels = [
        Level("equal", f"{left} = {right}", 0.55, field.name),
        Level("one typing error", sql.near(left, right), 0.13),
    ]
    alias_l, alias_r = _ends(f"{field.name}_alias")
    levels.append(Level("nickname", f"{alias_l} = {alias_r}", 0.03))
    if field.partner:
        levels.append(Level(f"swapped with {field.partner}", _swapped(field, sql), 0.1))
    initial = f"(least(length({left}), length({right})) <= 3 AND (starts_with({left}, {right}) OR starts_with({right}, {left})))"
    levels.append(Level("similar, or an initial", f"({initial} OR {sql.within(left, right, 0.34)})", 0.05))
    levels.append(Level("same first letter", f"left({left}, 1) = left({right}, 1)", 0.04))
    return [*levels, Level("different", "ELSE", 0.04)]


def _swapped(field: Field, sql: _Sql) -> str:
    """The value stands in the partner's column of the other record, and the other way round where both are filled."""
    (left, right), (other_l, other_r) = _ends(field.name), _ends(field.partner)
    ways = [
        f"({sql.near(a, d)} AND ({b} IS NULL OR {c} IS NULL OR {sql.near(b, c)}))"
        for a, b, c, d in ((left, other_l, right, other_r), (right, other_r, left, other_l))
    ]
    return f"({ways[0]} OR {ways[1]})"


def _told_by_partner(field: Field, sql: _Sql) -> str:
    """A swap is one event of two columns: the second of them says nothing more about it."""
    (left, right), (other_l, other_r) = _ends(field.name), _ends(field.partner)
    return f"({sql.near(left, other_r)} AND {sql.near(other_l, right)} AND NOT {sql.near(left, right)})"


def _date(field: Field, sql: _Sql) -> list[Level]:
    left, right = _ends(field.name)
    year = f"left({left}, 4) = left({right}, 4)"
    swapped = (
        f"({year} AND substr({left}, 5, 2) = substr({right}, 7, 2) AND substr({left}, 7, 2) = substr({right}, 5, 2))"
    )
    month, day = (f"substr({left}, {at}, 2) = substr({right}, {at}, 2)" for at in (5, 7))
    part = f"({year} OR {month} OR {day})"
    return [
        Level("equal", f"{left} = {right}", 0.7, field.name),
        Level(
            "one digit, or day and month swapped", f"(({part} AND {sql.edit}({left}, {right}) <= 1) OR {swapped})", 0.12
        ),
        Level("two digits", f"({part} AND {sql.edit}({left}, {right}) <= 2)", 0.06),
        Level("three digits, one part equal", f"({part} AND {sql.edit}({left}, {right}) <= 3)", 0.06),
        Level("same year", year, 0.02),
        Level("different", "ELSE", 0.04),
    ]


def _email(field: Field, sql: _Sql) -> list[Level]:
    left, right = _ends(field.name)
    local_l, local_r = _ends(f"{field.name}_local")
    return [
        Level("equal", f"{left} = {right}", 0.6, field.name),
        Level("same name, other provider", f"{local_l} = {local_r}", 0.1),
        Level("one or two typing errors", sql.near(left, right), 0.13),
        Level("similar", sql.within(left, right, 0.25), 0.1),
        Level("different", "ELSE", 0.07),
    ]


def _number_text(field: Field, sql: _Sql) -> list[Level]:
    left, right = _ends(field.name)
    return [
        Level("equal", f"{left} = {right}", 0.75, field.name),
        Level("one digit", sql.edits(left, right, 1), 0.1),
        Level("two digits", sql.edits(left, right, 2), 0.05),
        Level("different", "ELSE", 0.1),
    ]


def _place(field: Field, sql: _Sql) -> list[Level]:
    left, right = _ends(field.name)
    levels = [
        Level("equal", f"{left} = {right}", 0.6, field.name),
        Level("one typing error", sql.near(left, right), 0.12),
    ]
    if field.partner:
        levels.append(Level(f"swapped with {field.partner}", _swapped(field, sql), 0.06))
    return [*levels, Level("similar", sql.within(left, right, 0.34), 0.08), Level("different", "ELSE", 0.14)]


def _house(field: Field, sql: _Sql) -> list[Level]:
    left, right = _ends(field.name)
    return [
        Level("equal", f"{left} = {right}", 0.75, field.name),
        Level("one digit", sql.edits(left, right, 1), 0.1),
        Level("different", "ELSE", 0.15),
    ]


def _category(field: Field, _sql: _Sql) -> list[Level]:
    left, right = _ends(field.name)
    return [Level("equal", f"{left} = {right}", 0.85, field.name), Level("different", "ELSE", 0.15)]


def _year(field: Field, _sql: _Sql) -> list[Level]:
    left, right = _ends(field.name)
    return [
        Level("equal", f"{left} = {right}", 0.85),
        Level("one apart", f"abs({left} - {right}) <= 1", 0.08),
        Level("different", "ELSE", 0.07),
    ]


def _text(field: Field, sql: _Sql) -> list[Level]:
    left, right = _ends(field.name)
    words_l, words_r = _ends(f"{field.name}_words")
    size = sql.dialect.size
    lengths = f"({size}({words_l}) + {size}({words_r}))"
    common = f"{size}({sql.dialect.intersect}({words_l}, {words_r}))"
    shared = f"bit_count({_bits(left)} & {_bits(right)})"

    def overlap(share: float) -> str:
        """Words in common over words in all; the bits of the words, of which some coincide, are asked first."""
        needed = f"{share / (1 + share):.4f} * {lengths}"
        return f"({shared} >= 0.6 * {needed} AND {common} >= {needed})"

    shares = ((0.8, 0.15), (0.6, 0.1), (0.4, 0.1), (0.2, 0.05))
    return [
        Level("equal", f"{left} = {right}", 0.45, field.name),
        *[Level(f"{100 * share:.0f} % of the words", overlap(share), prior) for share, prior in shares],
        Level("different", "ELSE", 0.15),
    ]


def _ends(name: str) -> tuple[str, str]:
    return f'"{name}_l"', f'"{name}_r"'
