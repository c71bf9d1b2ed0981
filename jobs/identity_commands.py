"""``kith identity …``: why records are one person, and what people decide about it."""

from datetime import UTC, date, datetime
from pathlib import Path

import click

from identity.identifiers import IdentityRules, load_rules
from jobs.display import say
from jobs.explaining.register import Register
from jobs.references import resolve_all
from lakehouse.settings import Settings, load_settings, token_key


@click.group()
def identity() -> None:
    """Who is who: explain it, decide it, undo it. A, B: phone:…, <type>:<value>, a token, a one_id, or <table>:<key>."""


def _parts(env: str | None) -> tuple[Settings, Register, IdentityRules]:
    settings = load_settings(env)
    return settings, Register(settings.lake_path), load_rules(Path(settings.conf) / "identity.yml")


def _today() -> date:
    return datetime.now(UTC).date()


@identity.command()
@click.argument("a")
@click.argument("b", required=False)
@click.option("--json", "to_json", type=click.Path(allow_dash=True, path_type=str), help="Write JSON to a file, or -.")
@click.option("--picture", type=click.Path(path_type=Path, dir_okay=False), help="Write a picture (SVG).")
@click.pass_obj
def explain(env: str | None, a: str, b: str | None, to_json: str | None, picture: Path | None) -> None:
    """Why A and B are one person or are not; of A alone: who that is, held together by what."""
    from jobs.explaining.picture import draw
    from jobs.explaining.story import Pair, Person, as_json, explain_pair, explain_person
    from jobs.explaining.text import pair_lines, person_lines

    settings, register, rules = _parts(env)
    found = resolve_all([a, b] if b else [a], register, rules, token_key(settings))
    story: Pair | Person
    if b:
        story = explain_pair(found[0], found[1], register, _today())
    else:
        story = explain_person(found[0], register, rules, _today())
    if picture:
        picture.write_text(draw(story, rules), encoding="utf-8")
    if to_json == "-":
        click.echo(as_json(story))
        return
    if to_json:
        Path(to_json).write_text(as_json(story) + "\n", encoding="utf-8")
    for line in pair_lines(story) if isinstance(story, Pair) else person_lines(story):
        say(line)
