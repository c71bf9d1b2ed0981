"""``kith identity …``: why records are one person, and what people decide about it."""

import getpass
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TypeVar

import click

from identity.identifiers import IdentityRules, load_rules
from identity.overrides import Override
from jobs.display import say
from jobs.explaining.register import Register
from jobs.explaining.story import Pair, Person, as_json, explain_pair, explain_person
from jobs.explaining.text import override_line
from jobs.identity_rules_command import check, import_
from jobs.overriding import Ledger
from jobs.references import Reference, resolve_all
from jobs.reviewing import answer, open_questions, question_lines
from lakehouse.settings import Settings, load_settings, token_key
from lakehouse.tables import ops

Command = TypeVar("Command", bound=Callable[..., object])


@click.group()
def identity() -> None:
    """Who is who: explain it, decide it, undo it. A, B: phone:…, <type>:<value>, a token, a one_id, or <table>:<key>."""


def _parts(env: str | None) -> tuple[Settings, Register, IdentityRules]:
    settings = load_settings(env)
    return settings, Register(settings.lake_path), load_rules(Path(settings.conf) / "identity.yml")


def _today() -> date:
    return datetime.now(UTC).date()


def _story(found: Sequence[Reference], register: Register, rules: IdentityRules) -> Pair | Person:
    if len(found) == 2:
        return explain_pair(found[0], found[1], register, _today())
    return explain_person(found[0], register, rules, _today())


@identity.command()
@click.argument("a")
@click.argument("b", required=False)
@click.option("--json", "to_json", type=click.Path(allow_dash=True, path_type=str), help="Write JSON to a file, or -.")
@click.option("--picture", type=click.Path(path_type=Path, dir_okay=False), help="Write a picture (SVG).")
@click.pass_obj
def explain(env: str | None, a: str, b: str | None, to_json: str | None, picture: Path | None) -> None:
    """Why A and B are one person or are not; of A alone: who that is, held together by what."""
    from jobs.explaining.picture import draw
    from jobs.explaining.text import pair_lines, person_lines

    settings, register, rules = _parts(env)
    found = resolve_all([a, b] if b else [a], register, rules, token_key(settings))
    story = _story(found, register, rules)
    if picture:
        picture.write_text(draw(story, rules), encoding="utf-8")
    if to_json == "-":
        click.echo(as_json(story))
        return
    if to_json:
        Path(to_json).write_text(as_json(story) + "\n", encoding="utf-8")
    for line in pair_lines(story) if isinstance(story, Pair) else person_lines(story):
        say(line)


def _decides(command: Command) -> Command:
    """The options of every command that writes a decision."""
    command = click.option("--actor", default=None, help="Who decides (default: the user of this machine).")(command)
    return click.option("--reason", required=True, help="Why; kept with the decision.")(command)


def _ledger(env: str | None, actor: str | None) -> Ledger:
    settings, register, rules = _parts(env)

    def ensure() -> None:
        from jobs.context import Context

        say("making ops.identity_override (once)")
        Context(settings).lake.ensure(ops.IDENTITY_OVERRIDE)

    return Ledger(settings, register, rules, actor or getpass.getuser(), datetime.now(UTC), ensure)


def _resolved(ledger: Ledger, *texts: str) -> list[Reference]:
    return resolve_all(texts, ledger.register, ledger.rules, token_key(ledger.settings))


def _told(written: Sequence[Override]) -> None:
    for override in written:
        say(override_line(override))
    say("it holds from the next `kith run` on")


@identity.command()
@click.argument("a")
@click.argument("b")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), default=None, help="Last day on which it holds.")
@_decides
@click.pass_obj
def forbid(env: str | None, a: str, b: str, until: datetime | None, reason: str, actor: str | None) -> None:
    """Say that A and B are never one person: the weakest evidence between them is cut."""
    ledger = _ledger(env, actor)
    one, other = _resolved(ledger, a, b)
    _told(ledger.part(one, other, reason, until.date() if until else None))


@identity.command()
@click.argument("a")
@click.argument("b")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), default=None, help="Last day on which it holds.")
@_decides
@click.pass_obj
def pin(env: str | None, a: str, b: str, until: datetime | None, reason: str, actor: str | None) -> None:
    """Say that A and B are one person, whatever the fences say."""
    ledger = _ledger(env, actor)
    one, other = _resolved(ledger, a, b)
    _told(ledger.join(one, other, reason, until.date() if until else None))


@identity.command()
@click.argument("one_id")
@click.argument("refs", nargs=-1, required=True)
@_decides
@click.pass_obj
def split(env: str | None, one_id: str, refs: tuple[str, ...], reason: str, actor: str | None) -> None:
    """Split REFS… off the person ONE_ID: together they become a person of their own."""
    ledger = _ledger(env, actor)
    whole, *leaving = _resolved(ledger, one_id, *refs)
    _told(ledger.split(whole, leaving, reason))


@identity.command()
@click.argument("override_id")
@_decides
@click.pass_obj
def lift(env: str | None, override_id: str, reason: str, actor: str | None) -> None:
    """Take back a decision; a split as a whole by the id of its first row."""
    lifted = _ledger(env, actor).lift(override_id, reason)
    say(f"{len(lifted)} lifted; the evidence decides again from the next `kith run` on")


@identity.command()
@click.option("--all", "every", is_flag=True, help="Lifted and expired decisions too.")
@click.pass_obj
def overrides(env: str | None, every: bool) -> None:
    """List the decisions that hold."""
    ledger = _ledger(env, None)
    found = ledger.register.overrides() if every else ledger.in_force()
    for override in found:
        say(override_line(override))
    if not found:
        say("no decision holds: the evidence alone says who is who")


@identity.command()
@click.option("--limit", default=10, show_default=True, help="Questions to list.")
@click.option("--answer", "answers", nargs=2, multiple=True, metavar="ID yes|no", help="Answer a question.")
@click.option("--reason", default="review", show_default=True, help="Why; kept with the answers.")
@click.option("--actor", default=None, help="Who answers (default: the user of this machine).")
@click.pass_obj
def review(env: str | None, limit: int, answers: tuple[tuple[str, str], ...], reason: str, actor: str | None) -> None:
    """List the least certain merges, or answer: yes (one person) becomes a pin, no a forbid."""
    ledger = _ledger(env, actor)
    for review_id, said in answers:
        _told(answer(ledger, review_id, said, reason))
    if not answers:
        questions = open_questions(ledger, limit)
        for line in question_lines(questions):
            say(line)


identity.add_command(check)
identity.add_command(import_)
