"""A model's card as one HTML page that needs nothing beside it: what it is, how it did, and why the gate let it or not."""

from base64 import b64encode
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

from ml.card import ModelCard

STYLE = """
body{font:15px/1.5 system-ui,sans-serif;color:#22313f;max-width:62rem;margin:2rem auto;padding:0 1rem}
table{border-collapse:collapse;margin:.5rem 0 1.5rem}td,th{padding:.25rem .8rem .25rem 0;text-align:left;vertical-align:top}
th{border-bottom:1px solid #b8c4cf}td.n{text-align:right;font-variant-numeric:tabular-nums}img{max-width:100%}
.yes{color:#1f7a8c}.no{color:#b3261e}h1{margin-bottom:0}
"""
Cell = str | int | float | None


def write_page(card: ModelCard, pictures: Sequence[Path], folder: Path) -> Path:
    """Write ``card.html`` into a folder, with the PNG ``pictures`` inside it, and return it."""
    path = folder / "card.html"
    path.write_text(page(card, pictures), encoding="utf-8")
    return path


def page(card: ModelCard, pictures: Sequence[Path] = ()) -> str:
    """Return the page's text."""
    standing = "champion" if card.promoted else "not promoted"
    parts = (
        f"<h1>{escape(card.name)}</h1><p>{escape(card.description)}</p>",
        f"<p class={'yes' if card.promoted else 'no'}><b>{standing}</b>: {escape(card.reason)}</p>",
        _section("The gate, rule by rule", ("rule", "", "why"), _rulings(card)),
        _section(
            "Back-tests", ("as of", "learned from", "people", "AUC", "baseline", "earned", "baseline"), _tests(card)
        ),
        _section("By decile on the latest hold-out", ("decile", "people", "predicted", "came", "lift"), _deciles(card)),
        _section("Slices", ("column", "value", "people", "predicted", "came", "in the budget", "found"), _slices(card)),
        _section("What it was made from", ("", ""), _facts(card)),
        "".join(f"<img alt='{escape(path.stem)}' src='{_inline(path)}'>" for path in pictures),
    )
    head = f"<meta charset=utf-8><title>{escape(card.name)}</title><style>{STYLE}</style>"
    return f"<!doctype html><html lang=en><head>{head}</head><body>{''.join(parts)}</body></html>"


def _section(title: str, names: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows)
    if not body:
        return ""
    head = "".join(f"<th>{escape(name)}</th>" for name in names)
    return f"<h2>{escape(title)}</h2><table><tr>{head}</tr>{body}</table>"


def _cell(value: Cell) -> str:
    if isinstance(value, float):
        return f"<td class=n>{value:,.3f}</td>"
    return f"<td class=n>{value:,}</td>" if isinstance(value, int) else f"<td>{escape(value or '')}</td>"


def _rulings(card: ModelCard) -> Iterable[Sequence[Cell]]:
    return ((r.rule, "passed" if r.passed else "failed", r.said) for r in card.rulings)


def _tests(card: ModelCard) -> Iterable[Sequence[Cell]]:
    return (
        (
            t.as_of.isoformat(),
            t.training_rows,
            t.metrics.rows,
            t.metrics.auc,
            t.baseline.auc,
            t.earned,
            t.baseline_earned,
        )
        for t in card.backtests
    )


def _deciles(card: ModelCard) -> Iterable[Sequence[Cell]]:
    return ((d.decile, d.rows, d.mean_score, d.actual_rate, d.lift) for d in card.deciles)


def _slices(card: ModelCard) -> Iterable[Sequence[Cell]]:
    return ((s.column, s.value, s.rows, s.mean_score, s.actual_rate, s.selected, s.found) for s in card.slices)


def _facts(card: ModelCard) -> Iterable[Sequence[Cell]]:
    yield "family", card.family
    yield "trained as of", card.trained_as_of.isoformat()
    yield "training rows", card.training_rows
    yield "population, SHA-256", card.training_hash
    yield "calibration", card.calibration
    yield from ((f"version of {table}", version) for table, version in card.data_versions.items())


def _inline(path: Path) -> str:
    return f"data:image/png;base64,{b64encode(path.read_bytes()).decode()}"
