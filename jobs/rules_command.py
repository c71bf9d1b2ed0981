"""The commands ``kith rules list``, ``check`` and ``try``: what standardisation rules there are, and what they make of a text."""

from collections.abc import Iterable
from dataclasses import dataclass

import click
from pyspark.sql import Row, SparkSession
from rich.markup import escape

from jobs.context import Context, own_rules
from jobs.display import say
from lakehouse.errors import SourceError
from lakehouse.settings import load_settings
from lakehouse.standardise.rules import BUILT_IN, RULES, rule
from lakehouse.standardise.user_rules import Example
from lakehouse.standardise.verdict import Rule


@click.group()
def rules() -> None:
    """Standardisation rules: the library's, and those of conf/standardise."""


@rules.command(name="list")
@click.pass_obj
def list_rules(env: str | None) -> None:
    """Every rule with version, options and what it does."""
    own_rules(load_settings(env))
    for one in RULES.values():
        options = "".join(f" [dim]{name}={_choices(values)}[/]" for name, values in one.options.items())
        origin = "" if one.name in BUILT_IN else f" [dim]({escape(one.origin)})[/]"
        say(f"[bold]{one.name}[/] v{one.version}{options}\n    {escape(one.description)}{origin}")


def _choices(values: tuple[str, ...]) -> str:
    return "…" if not values else "|".join(values) if len(values) < 10 else f"{values[0]}…{values[-1]}"


@rules.command()
@click.pass_obj
def check(env: str | None) -> None:
    """Read the rule files, and run the tests that they hold."""
    context = Context(load_settings(env))
    found = own_rules(context.settings)
    wrong = [line for one, examples in found.values() for line in failures(context.spark, one, examples)]
    for line in wrong:
        say(f"[red]wrong[/] {escape(line)}")
    say(f"{len(found)} rules of your own, {sum(len(e) for _, e in found.values())} tests, {len(wrong)} wrong")
    if wrong:
        raise SystemExit(1)


@rules.command(name="try")
@click.argument("name")
@click.argument("texts", nargs=-1, required=True)
@click.option("-o", "--option", "options", multiple=True, metavar="KEY=VALUE", help="An option of the rule.")
@click.pass_obj
def try_rule(env: str | None, name: str, texts: tuple[str, ...], options: tuple[str, ...]) -> None:
    """What the rule NAME makes of TEXTS: value, status and reason."""
    context = Context(load_settings(env))
    own_rules(context.settings)
    asked = dict(one.partition("=")[::2] for one in options)
    rule(name).hold(asked)
    for text, verdict in zip(texts, judged(context.spark, rule(name), texts, asked), strict=True):
        reason = f" ({verdict.reason})" if verdict.reason else ""
        say(f"{escape(repr(text))}: [bold]{escape(str(verdict.value))}[/] {verdict.status}{reason}")


@dataclass(frozen=True)
class Judged:
    """What a rule made of a text."""

    value: str | None
    status: str
    reason: str | None


def judged(
    spark: SparkSession, one: Rule, texts: Iterable[str | None], options: dict[str, str] | None = None
) -> list[Judged]:
    """The verdicts on a handful of texts, in their order. Raises :class:`SourceError` where Spark refuses the rule."""
    frame = spark.createDataFrame([Row(n=n, text=text) for n, text in enumerate(texts)], "n int, text string")
    try:
        rows = frame.select("n", one("text", **(options or {})).alias("r")).select("n", "r.*").collect()
    except Exception as error:
        said = str(error).strip().partition("\n")[0]
        raise SourceError(f"Spark refuses the rule: {said}", file=one.origin or None, rule=one.name) from error
    return [Judged(row["value"], row["status"], row["reason"]) for row in sorted(rows, key=lambda row: int(row["n"]))]


def failures(spark: SparkSession, one: Rule, examples: tuple[Example, ...]) -> list[str]:
    """What the examples of a rule file do not get: a line each, with file, key and rule."""
    if not examples:
        return []
    found = judged(spark, one, [example.text for example in examples])
    return [
        f"{example.text!r} gives {verdict.value!r} {verdict.status}, not {example.value!r} {example.status} "
        f"[file={one.origin}, rule={one.name}, key=tests.{n}]"
        for n, (example, verdict) in enumerate(zip(examples, found, strict=True))
        if (verdict.value, verdict.status) != (example.value, example.status)
    ]
