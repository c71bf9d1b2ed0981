"""The queue of the least certain merges as a person sees it: open questions, and answers that become overrides."""

from collections.abc import Iterator, Sequence

from rich.markup import escape

from identity.overrides import Decision, Override
from jobs.explaining.text import SHORT
from jobs.overriding import Ledger
from jobs.references import BadReference
from jobs.reporting.markup import plural
from jobs.reporting.store import Row
from lakehouse.errors import KithError
from lakehouse.tables import ops

ANSWERS = ("yes", "no")


def open_questions(ledger: Ledger, limit: int) -> list[Row]:
    """The first ``limit`` rows of ``ops.identity_review`` that nobody has answered, the least certain first.

    Raises :class:`KithError` where the queue was never made.
    """
    if ledger.register.version(ops.IDENTITY_REVIEW.name) is None:
        raise KithError(
            "there is no queue yet: `kith run ops.identity_review` makes it", table=ops.IDENTITY_REVIEW.name
        )
    rows = ledger.register.ask(ops.IDENTITY_REVIEW, ops.IDENTITY_REVIEW.column_names, "true")
    decided = {frozenset((o.a_token, o.b_token)) for o in ledger.in_force()}
    asked = [row for row in rows if frozenset((row["a_token"], row["b_token"])) not in decided]
    return sorted(asked, key=_uncertainty)[:limit]


def _uncertainty(row: Row) -> tuple[bool, float, int, int, int, int, str]:
    rest = (row["n_links"], row["n_records"], row["n_days"], row["review_id"])
    return row["edge_type"] != "weak", row["weight"], -row["n_twins"], *rest


def answer(ledger: Ledger, review_id: str, said: str, reason: str) -> list[Override]:
    """Write the answer to a question as an override: yes pins the two anchors, no forbids them.

    Raises :class:`BadReference` where there is no such question or answer, :class:`OverrideError` on a contradiction.
    """
    if said not in ANSWERS:
        raise BadReference("the answer is yes or no", reference=said)
    rows = ledger.register.ask(ops.IDENTITY_REVIEW, ("review_id", "a_token", "b_token"), "true")
    found = [row for row in rows if row["review_id"] == review_id]
    if not found:
        raise BadReference("no such question; `kith identity review` lists them", reference=review_id)
    a, b = found[0]["a_token"], found[0]["b_token"]
    decision = Decision("pin" if said == "yes" else "forbid", a, b)
    return ledger.decide([decision], reason, None)


def question_lines(questions: Sequence[Row]) -> Iterator[str]:
    """Lines, in rich's markup, on questions: the id, both sides, and what links them."""
    for row in questions:
        yield f"[bold]{row['review_id']}[/]  one person?"
        yield f"  {_side(row, 'a')}"
        yield f"  {_side(row, 'b')}"
        links = plural(row["n_links"], "link")
        records = plural(row["n_records"], "sighting")
        twins = row["n_twins"]
        if twins:
            yield f"  [yellow]{plural(twins, 'account type')} on both sides[/]"
        yield f"  joined by {escape(row['rule_id'])}: {row['edge_type']}, weight {row['weight']:g}; {links}, {records}"
        yield f"  [dim]kith identity explain {row['a_token']} {row['b_token']}[/]"
    if not questions:
        yield "no question is open"


def _side(row: Row, side: str) -> str:
    of = f"{plural(row[f'{side}_accounts'], 'account')}, {plural(row[f'{side}_identifiers'], 'identifier')}"
    return f"{side.upper()}  {row[f'{side}_type']} {row[f'{side}_token'][:SHORT]}… with {of}"
