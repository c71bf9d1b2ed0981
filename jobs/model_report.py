"""How one model stands, told in a terminal from ops.model_run and ops.model_watch, and its card as a page."""

from collections.abc import Sequence
from pathlib import Path

from rich.markup import escape
from rich.table import Table as Grid

from jobs.display import CONSOLE, say
from jobs.reporting.store import Row, Shelf
from lakehouse.settings import Settings
from lakehouse.tables import ops
from ml.card import ModelCard
from ml.card_page import page
from ml.spec import ModelSpec

DRIFTED = 0.1
"""The stability index from which a feature is named."""


def tell(settings: Settings, spec: ModelSpec) -> None:
    """Print the model's standing and write its card to ``<home>/models/<name>.html``; no Spark is started."""
    shelf = Shelf(settings.lake_path, ops.ALL)
    columns = ("model", "as_of", "version", "alias", "reason", "card")
    rows = [row for row in shelf.select("ops.model_run", columns) if row["model"] == spec.name]
    if not rows:
        say(f"{spec.name} has never been trained: kith train {spec.name}")
        return
    champions = [row for row in rows if row["alias"] == "champion"]
    shown = max(champions or rows, key=lambda row: row["as_of"])
    latest = max(rows, key=lambda row: row["as_of"])
    _standing(spec, shown, latest, is_champion=bool(champions))
    if shown["card"]:
        _card(ModelCard.from_json(shown["card"]), Path(settings.home) / "models" / f"{spec.name}.html")
    _watched([row for row in shelf.select("ops.model_watch", _WATCHED) if row["model"] == spec.name])


_WATCHED = ("model", "as_of", "measure", "subject", "people", "expected", "actual", "worth")


def _standing(spec: ModelSpec, shown: Row, latest: Row, *, is_champion: bool) -> None:
    say(f"[bold]{spec.name}[/]: {escape(spec.description)}")
    if not is_champion:
        say("no champion: nothing is scored, as what it would tell is not worth using")
    standing = f"version {shown['version']}" if shown["version"] else "not registered"
    say(f"{standing} of {shown['as_of']}: {escape(shown['reason'])}")
    if latest["as_of"] != shown["as_of"]:
        say(f"since then, on {latest['as_of']}: {escape(latest['reason'])}")


def _card(card: ModelCard, path: Path) -> None:
    _grid("The gate", ("rule", "", "why"), [(r.rule, "passed" if r.passed else "failed", r.said) for r in card.rulings])
    tests = [
        (
            str(t.as_of),
            f"{t.training_rows:,}",
            f"{t.metrics.rows:,}",
            f"{t.metrics.auc:.3f}",
            f"{t.baseline.auc:.3f}",
            f"{t.earned:,.0f}",
            f"{t.baseline_earned:,.0f}",
        )
        for t in card.backtests
    ]
    names = ("as of", "learned from", "people", "AUC", "baseline", f"earned at {card.budget:.0%}", "baseline")
    _grid("Back-tests", names, tests)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page(card), encoding="utf-8")
    say(f"card: {path}")


def _watched(rows: list[Row]) -> None:
    drifted = [r for r in rows if r["measure"] != "decile"]
    if drifted:
        day = max(r["as_of"] for r in drifted)
        today = sorted((r for r in drifted if r["as_of"] == day), key=lambda r: -r["actual"])
        shown = [
            (r["subject"], f"{r['actual']:.3f}") for r in today if r["actual"] >= DRIFTED or r["subject"] == "score"
        ]
        _grid(f"Drift since training, {day} (PSI; {len(today)} columns looked at)", ("column", "PSI"), shown)
    came = [r for r in rows if r["measure"] == "decile"]
    if came:
        day = max(r["as_of"] for r in came)
        tenths = sorted((r for r in came if r["as_of"] == day), key=lambda r: int(r["subject"]))
        lines = [
            (r["subject"], f"{r['people']:,}", f"{r['expected']:.3f}", f"{r['actual']:.3f}", f"{r['worth']:,.0f}")
            for r in tenths
        ]
        _grid(f"What came of the scores of {day}", ("decile", "people", "expected", "came", "worth"), lines)


def _grid(title: str, head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    if not rows:
        return
    grid = Grid(*head, title=title, title_justify="left", box=None, pad_edge=False)
    for row in rows:
        grid.add_row(*map(escape, row))
    CONSOLE.print(grid)
