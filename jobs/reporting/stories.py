"""Two stories of identity for the report: a merge of the latest day explained, and a merge that somebody undid."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from identity.identifiers import IdentityRules, load_rules
from jobs.context import Context
from jobs.explaining.picture import draw
from jobs.explaining.register import Register, listed
from jobs.explaining.story import Pair, explain_pair
from jobs.explaining.text import override_line
from jobs.references import BadReference, resolve_all
from jobs.reporting.markup import day as as_day
from jobs.reporting.store import Row
from lakehouse.errors import KithError
from lakehouse.tables import silver

TRIED = 20
"""Merges that are looked at for one that can be told in a picture."""
LONGEST = 8
"""Steps of a path that a picture shows well."""


@dataclass(frozen=True, slots=True)
class Story:
    """A title, what happened in a sentence, and an SVG picture."""

    title: str
    note: str
    picture: str


def stories(context: Context) -> list[Story]:
    """What there is to tell; none in a lake without merges."""
    rules = load_rules(Path(context.settings.conf) / "identity.yml")
    register = Register(context.settings.lake_path)
    found = (_merge(context, register, rules), _undone(context, register, rules))
    return [story for story in found if story]


def merges(context: Context, register: Register, rules: IdentityRules) -> Iterator[tuple[Row, Pair]]:
    """The latest merges with the strongest path between an identifier from either side, as far as there is one to show."""
    columns = ("one_id", "other_id", "n_tokens", "occurred_on")
    found = register.ask(silver.IDENTITY_EVENT, columns, "event_type = 'merge'", limit=1_000_000)
    found.sort(key=lambda row: (row["occurred_on"], row["n_tokens"], row["other_id"]), reverse=True)
    for row in found[:TRIED]:
        pair = _pair(_ends(row, register, rules), context, register, rules)
        if pair is not None and pair.verdict == "joined" and 0 < len(pair.steps) <= LONGEST:
            yield row, pair


def _merge(context: Context, register: Register, rules: IdentityRules) -> Story | None:
    for row, pair in merges(context, register, rules):
        note = f"On {as_day(row['occurred_on'])} {row['other_id']} went up in {row['one_id']}: this is what joins them."
        return Story("A merge, explained", note, draw(pair, rules))
    return None


def _ends(merge: Row, register: Register, rules: IdentityRules) -> list[str]:
    """An identifier that came with the retired id, and one that the person had before: accounts if there are any."""
    ids = listed((merge["one_id"], merge["other_id"]))
    rows = register.ask(silver.IDENTITY_MAP, ("token", "one_id", "is_current"), f"one_id IN {ids}")
    now = {row["token"] for row in rows if row["is_current"] and row["one_id"] == merge["one_id"]}
    came = {row["token"] for row in rows if row["one_id"] == merge["other_id"]} & now
    sides = (came, now - came)
    if not all(sides):
        return []
    types = register.ask(silver.IDENTIFIER, ("id_token", "id_type"), f"id_token IN {listed(now)}")
    kinds = {kind.name: kind.kind for kind in rules.identifiers}
    rank = {row["id_token"]: (kinds.get(row["id_type"]) != "account", row["id_token"]) for row in types}
    return [min(side, key=lambda token: rank.get(token, (True, token))) for side in sides]


def _undone(context: Context, register: Register, rules: IdentityRules) -> Story | None:
    """The latest decision that two are not one person, and where the evidence between them is cut now."""
    for override in sorted(register.overrides(), key=lambda one: one.made_at, reverse=True)[:TRIED]:
        if override.kind != "forbid" or override.lifted_at is not None:
            continue
        pair = _pair([override.a_token, override.b_token], context, register, rules)
        if pair is not None and pair.verdict == "apart":
            note = f"{override_line(override)}. Each has what was theirs before, and a rebuild keeps it so."
            return Story("A merge, undone", _plain(note), draw(pair, rules))
    return None


def _plain(text: str) -> str:
    """Text without the terminal's markup."""
    from rich.text import Text

    return Text.from_markup(text).plain


def _pair(tokens: Sequence[str], context: Context, register: Register, rules: IdentityRules) -> Pair | None:
    if len(tokens) != 2:
        return None
    try:
        a, b = resolve_all(tokens, register, rules, context.key)
        return explain_pair(a, b, register, context.as_of())
    except (BadReference, KithError):
        return None
