"""The commands ``kith model classify | uplift | clv``: a model in a minute from a flat file, without a lake."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.markup import escape
from rich.table import Table

from jobs.display import CONSOLE, say
from lakehouse.errors import SourceError
from lakehouse.settings import load_settings

if TYPE_CHECKING:
    import pandas as pd

    from ml.flat.lifetime import Fit, Summary
    from ml.flat.table import Floats
    from ml.flat.uplift import Uplift
    from ml.models.clv import GammaGammaModel

FILE = click.Path(path_type=Path)
OUT = click.option(
    "--out", type=FILE, default=Path("model"), show_default=True, help="Folder for metrics.json and pictures."
)
DROP = click.option("--drop", multiple=True, help="Column that is no feature; several times, or separated by commas.")


@click.group()
def model() -> None:
    """Models from flat files: who will, whom it moves, what they will buy."""


@model.command()
@click.argument("file", type=FILE)
@click.option("--label", required=True, help="Column of the outcome, with two values.")
@DROP
@click.option("--keep", multiple=True, help="Column that is no leak, whatever it looks like.")
@OUT
@click.pass_obj
def classify(env: str | None, file: Path, label: str, drop: tuple[str, ...], keep: tuple[str, ...], out: Path) -> None:
    """Who will: the probability of LABEL in FILE, judged by cross-validation; what leaks is named and left out."""
    from ml.flat import classify as by
    from ml.flat.pictures import draw_classification
    from ml.flat.table import binary, column, features, read

    frame = read(file)
    y, positive = binary(column(frame, label, file), label, file)
    features_ = features(frame, [label, *_names(drop)])
    say(
        f"{len(frame):,} rows, {len(features_.all_names)} features, {label} is {positive!r} in {y.mean():.1%}; 5 folds …"
    )
    with _told(file):
        found = by.classify(features_, y, keep=_names(keep))
    metrics = {
        "auc": found.metrics.auc,
        "ap": found.metrics.ap,
        "lift10": found.metrics.lift10,
        "brier": found.metrics.brier,
        "auc_std": found.auc_std,
        "leaks": [leak.feature for leak in found.leaks],
    }
    _table("Cross-validated", {k: v for k, v in metrics.items() if k != "leaks"} | found.by_model)
    for leak in found.leaks:
        say(f"[yellow]leak[/] {escape(leak.feature)}: {escape(leak.reason)}; left out (unless --keep names it)")
    for name, why in features_.left_out.items():
        say(f"left out {escape(name)}: {why}")
    out.mkdir(parents=True, exist_ok=True)
    _finish(env, "classify", file, metrics, draw_classification(found, out), out)


@model.command()
@click.argument("file", type=FILE)
@click.option("--treatment", required=True, help="Column that says who was treated.")
@click.option("--outcome", required=True, help="Column of the outcome, with two values.")
@click.option("--control", default=None, help="Value of the untreated (default: 0, no, control …).")
@DROP
@OUT
@click.pass_obj
def uplift(
    env: str | None, file: Path, treatment: str, outcome: str, control: str | None, drop: tuple[str, ...], out: Path
) -> None:
    """Whom it moves: what TREATMENT changed in OUTCOME, of a randomised test in FILE, judged on held-out people."""
    from ml.flat.pictures import draw_uplift
    from ml.flat.table import binary, column, features, read
    from ml.flat.uplift import measure

    frame = read(file)
    y, _ = binary(column(frame, outcome, file), outcome, file)
    treated = _treated(column(frame, treatment, file).astype(str), treatment, control, file)
    features_ = features(frame, [treatment, outcome, *_names(drop)])
    say(f"{len(frame):,} people, {treated.mean():.1%} treated, {len(features_.all_names)} features; 5 splits …")
    with _told(file):
        found = measure(features_, treated, y)
    metrics = _of_uplift(found)
    _table("Held out, mean of five splits", {k: v for k, v in metrics.items() if isinstance(v, float)})
    for leak in found.leaks:
        say(f"[yellow]leak[/] {escape(leak.feature)}: {escape(leak.reason)}; left out")
    say(f"[bold]{found.verdict}[/]: {escape(found.reason)}")
    out.mkdir(parents=True, exist_ok=True)
    _finish(env, "uplift", file, metrics, draw_uplift(found, out), out)


def _of_uplift(found: "Uplift") -> dict[str, object]:
    names = ("qini", "qini_low", "qini_high", "qini_response", "auuc", "uplift30", "effect", "policy_gain", "p_value")
    numbers = {name: getattr(found, name) for name in names}
    return numbers | {"verdict": found.verdict, "reason": found.reason, "leaks": [leak.feature for leak in found.leaks]}


UNTREATED = {"0", "0.0", "no", "false", "control", "none", "holdout", "no e-mail"}


def _treated(values: "pd.Series", name: str, control: str | None, file: Path) -> "Floats":
    """1 for the treated; every value that is not the control's is a treatment."""
    import numpy as np

    found = sorted(values.unique())
    usual = [value for value in found if value.strip().lower() in UNTREATED]
    value = control if control is not None else usual[0] if len(usual) == 1 else None
    if value is None or value not in found:
        raise SourceError(f"say which value is the control's: --control {' | '.join(found[:8])}", file=file, key=name)
    return np.asarray(values != value, dtype=np.float64)


@model.command()
@click.argument("transactions", type=FILE)
@click.option(
    "--customer", required=True, help="Column of the customer (or its number from 1 where there is no header)."
)
@click.option("--date", "day", required=True, help="Column of the day.")
@click.option("--amount", default=None, help="Column of the amount.")
@click.option(
    "--calibration-end", required=True, type=click.DateTime(["%Y-%m-%d"]), help="Last day of the calibration."
)
@click.option(
    "--horizon-days", type=click.IntRange(1), default=None, help="Days to forecast (default: all that follow)."
)
@OUT
@click.pass_obj
def clv(
    env: str | None,
    transactions: Path,
    customer: str,
    day: str,
    amount: str | None,
    calibration_end: datetime,
    horizon_days: int | None,
    out: Path,
) -> None:
    """What they will buy: BG/NBD, MBG/NBD, Pareto/NBD and Gamma-Gamma of TRANSACTIONS, judged after the calibration."""
    import pandas as pd

    from ml.flat import lifetime
    from ml.flat.pictures import draw_lifetime
    from ml.flat.table import column, read

    frame = read(transactions)
    who = column(frame, customer, transactions)
    known = who.notna().to_numpy()
    if not known.all():
        say(f"{int((~known).sum()):,} rows without a customer are left out")
    when = lifetime.days(column(frame, day, transactions)[known], day, transactions)
    money = None if amount is None else pd.to_numeric(column(frame, amount, transactions)[known], errors="coerce")
    with _told(transactions):
        summary = lifetime.summarise(who[known], when, money, calibration_end.date(), horizon_days)
        say(
            f"{len(summary.T):,} customers, {int((summary.frequency > 0).sum()):,} came back; "
            f"{summary.horizon_weeks:.1f} weeks ahead …"
        )
        fits = lifetime.fit_all(summary)
    mae, rmse, _ = lifetime.errors(lifetime.naive(summary), summary.later)
    metrics = {name: _of_fit(fit, mae) for name, fit in fits.items()}
    metrics |= {"gamma_gamma": _of_spending(lifetime.spending(summary)), "naive": {"mae": mae, "rmse": rmse}}
    for name, numbers in metrics.items():
        _table(name, numbers)
    out.mkdir(parents=True, exist_ok=True)
    _predictions(summary, fits, out)
    _finish(env, "clv", transactions, metrics, draw_lifetime(summary, fits, out), out)


def _of_fit(fit: "Fit", naive_mae: float) -> dict[str, object]:
    refused = fit.is_promoted(naive_mae)
    numbers: dict[str, object] = {**fit.model.params_, "loglik": fit.model.loglik_, "mae": fit.mae, "rmse": fit.rmse}
    return numbers | {"correlation": fit.correlation, "usable": not refused} | ({"reason": refused} if refused else {})


def _of_spending(found: "GammaGammaModel | str") -> dict[str, object]:
    if isinstance(found, str):
        return {"refused": found}
    return {**found.params_, "n": found.n_, "loglik": found.loglik_}


def _predictions(summary: "Summary", fits: Mapping[str, "Fit"], out: Path) -> None:
    import pandas as pd

    columns = {"customer": summary.customer, "frequency": summary.frequency, "recency": summary.recency, "T": summary.T}
    expected = {f"expected_{name}": fit.predicted for name, fit in fits.items()}
    alive = {f"alive_{name}": fit.model.probability_alive() for name, fit in fits.items()}
    pd.DataFrame(columns | expected | alive).to_csv(out / "customers.csv", index=False)


def _names(values: tuple[str, ...]) -> list[str]:
    return [name for value in values for name in value.split(",") if name]


@contextmanager
def _told(file: Path) -> Iterator[None]:
    """What the data do not allow, as an error that names the file."""
    try:
        yield
    except ValueError as error:
        raise SourceError(str(error), file=file) from error


def _table(title: str, numbers: Mapping[str, object]) -> None:
    table = Table(title=title, title_justify="left", show_header=False, box=None)
    for name, value in numbers.items():
        table.add_row(name, f"{value:.4f}" if isinstance(value, float) else str(value))
    CONSOLE.print(table)


def _finish(
    env: str | None, kind: str, file: Path, metrics: Mapping[str, object], pictures: list[Path], out: Path
) -> None:
    """Write metrics.json, log all of it to MLflow, and say where."""
    from ml.registry import log_flat

    target = out / "metrics.json"
    target.write_text(json.dumps(metrics, indent=1, ensure_ascii=False, default=float) + "\n", encoding="utf-8")
    settings = load_settings(env)
    run_id = log_flat(
        kind,
        file.name,
        tracking_uri=settings.mlflow_uri,
        artifacts=Path(settings.home) / "mlartifacts",
        metrics=metrics,
        files=[target, *pictures],
    )
    say(f"{escape(str(target))} and {len(pictures)} pictures; MLflow: experiment kith/flat/{kind}, run {run_id}")
