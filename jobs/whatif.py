"""`kith identity simulate`: what a change of rules would do, counted and with examples, as text and as a page."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from identity.decided import holding
from identity.identifiers import load_rules
from identity.whatif import WHEN_READ, Effect, Lake, differing, effect
from jobs.context import Context
from jobs.reporting.figures import Bar, bar_list, columns
from jobs.reporting.markup import grid, plural, whole
from jobs.reporting.parts import card, section
from jobs.reporting.store import Row
from lakehouse.tables import ops, silver

EXAMPLES = 5
LARGEST = 10
TABLES = (
    silver.IDENTIFIER_OBSERVATION,
    silver.IDENTIFIER,
    silver.IDENTITY_EDGE,
    silver.IDENTITY_COMPONENT,
    silver.IDENTITY_MAP,
    ops.IDENTITY_OVERRIDE,
)


@dataclass(frozen=True)
class Simulation:
    """Counts of what would happen; ``merges`` and ``splits`` are examples, ``largest`` the largest people that would be solved
    anew, ``fences`` the edges by what cut them and what would.
    """

    changed: dict[str, frozenset[str]]
    n_touched: int
    n_merged: int
    n_split: int
    merges: Sequence[Row]
    splits: Sequence[Row]
    largest: Sequence[Row]
    fences: Sequence[Row]

    @property
    def notes(self) -> list[str]:
        """What cannot be told from here."""
        names = sorted(name for name, fields in self.changed.items() if fields & WHEN_READ)
        text = "which values are refused is decided where they are read: not simulated for"
        return [f"{text} {', '.join(names)}"] if names else []


def simulate(context: Context, conf: Path) -> Simulation:
    """What the rules of the file ``conf`` would do to the lake as it is. Raises :class:`RulesError` when they are wrong."""
    then = load_rules(conf)
    now = load_rules(Path(context.settings.conf) / "identity.yml")
    for table in TABLES:
        context.lake.ensure(table)
    observations, identifiers, edges, components, held, overrides = (context.lake.read(table) for table in TABLES)
    day = context.as_of()
    current = held.where("is_current").select("token", "one_id")
    lake = Lake(observations, identifiers, edges, components, current, holding(overrides, day))
    return counted(differing(now, then), effect(lake, now, then, day))


def counted(changed: dict[str, frozenset[str]], found: Effect) -> Simulation:
    """The effect in numbers, with a handful of examples of each kind."""
    cells = found.people.groupBy("component", "one_id").agg(
        F.count("*").alias("n"), F.array_sort(F.collect_set("id_type")).alias("types")
    )
    cells = cells.localCheckpoint()
    merges = _several(cells.where(F.col("one_id").isNotNull()), "component", "one_id")
    splits = _several(cells.where(F.col("one_id").isNotNull()), "one_id", "component")
    ids = merges.select(F.explode("others").alias("one_id")).unionByName(splits.select("one_id")).distinct()
    largest = (
        cells.groupBy("component")
        .agg(F.sum("n").alias("n_tokens"), F.count("one_id").alias("n_people"))
        .orderBy(F.desc("n_tokens"), "component")
        .limit(LARGEST)
    )
    total = merges.agg(F.coalesce(F.sum(F.size("others") - 1), F.lit(0))).collect()[0][0]
    return Simulation(
        changed,
        ids.count(),
        int(total),
        splits.count(),
        _rows(merges.orderBy(F.desc("n"), "component").limit(EXAMPLES)),
        _rows(splits.orderBy(F.desc("n"), "one_id").limit(EXAMPLES)),
        _rows(largest),
        _rows(
            found.edges.groupBy("was", "now").agg(F.count("*").alias("edges")).orderBy(F.desc("edges"), "was", "now")
        ),
    )


def _several(cells: DataFrame, by: str, other: str) -> DataFrame:
    """Those with several others: ``by``, ``others`` and the types of identifiers of each, the most first."""
    parts = F.array_sort(F.collect_list(F.struct((-F.col("n")).alias("least"), F.col(other), "types")))
    grouped = cells.groupBy(by).agg(F.count("*").alias("parts"), F.sum("n").alias("n"), parts.alias("sides"))
    return grouped.where(F.col("parts") > 1).select(
        by, "n", F.col(f"sides.{other}").alias("others"), F.col("sides.types").alias("types")
    )


def _rows(frame: DataFrame) -> list[Row]:
    return [row.asDict() for row in frame.collect()]


def lines(found: Simulation) -> list[str]:
    """The simulation as text."""
    if not found.changed:
        return ["the rules are the same for every type"]
    told = [f"{name}: {', '.join(sorted(fields))}" for name, fields in sorted(found.changed.items())]
    touched = f"{plural(found.n_touched, 'person', 'people')} touched"
    result = [
        f"rules that differ: {'; '.join(told)}",
        f"{touched}: {whole(found.n_merged)} would go up in another, {whole(found.n_split)} would be split",
    ]
    result += [f"edges {_verdict(row['was'])} -> {_verdict(row['now'])}: {whole(row['edges'])}" for row in found.fences]
    result += [f"merge: {_sides(row)}" for row in found.merges]
    result += [f"split of {row['one_id']}: {_sides(row)}" for row in found.splits]
    result += [
        f"among the largest: {whole(row['n_tokens'])} identifiers of {plural(row['n_people'], 'person', 'people')} of now"
        for row in found.largest[:3]
    ]
    return result + [f"note: {note}" for note in found.notes]


def _verdict(code: str | None) -> str:
    return code or "followed"


def _sides(row: Row) -> str:
    parts = [f"{other} ({', '.join(types)})" for other, types in zip(row["others"], row["types"], strict=True)]
    return " | ".join(parts[:4]) + (" | ..." if len(parts) > 4 else "")


def page(found: Simulation) -> str:
    """The simulation as a page."""
    verdicts = [
        Bar(
            f"{_verdict(row['was'])} to {_verdict(row['now'])}",
            row["edges"],
            whole(row["edges"]),
            tone="bad" if row["now"] else "identity",
        )
        for row in found.fences
    ]
    counts = [
        Bar("touched", found.n_touched, whole(found.n_touched), tone="second"),
        Bar("go up in another", found.n_merged, whole(found.n_merged), tone="identity"),
        Bar("split", found.n_split, whole(found.n_split), tone="bad"),
    ]
    sizes = [
        Bar(
            str(number),
            row["n_tokens"],
            note=f"{whole(row['n_tokens'])} identifiers of {row['n_people']} people",
            tone="identity",
        )
        for number, row in enumerate(found.largest, start=1)
    ]
    rows = [("merge", _sides(row)) for row in found.merges] + [("split", _sides(row)) for row in found.splits]
    cards = [
        card("People", bar_list(counts)),
        card("Edges that would be judged otherwise", bar_list(verdicts)) if verdicts else "",
        card("The largest people that would be solved anew", columns(sizes, label="identifiers", x="place"))
        if sizes
        else "",
        card("Examples", grid(("what", "who, with which identifiers"), rows)) if rows else "",
    ]
    return section(
        "simulation", "What these rules would do", " ".join(lines(found)[:2]), *[one for one in cards if one]
    )
