"""The command ``kith match``."""

import os
from pathlib import Path
from typing import Literal

import click
from rich.markup import escape

from jobs.display import say

Backend = Literal["auto", "duckdb", "spark"]
PATH = click.Path(path_type=Path)


@click.command()
@click.argument("records", nargs=-1, required=True, type=PATH)
@click.option("--id", "id_column", required=True, help="Column of the records' ids.")
@click.option("--out", required=True, type=PATH, help="Folder for clusters, pairs, what was cut, model and report.")
@click.option("--settings", "settings_file", type=PATH, default=None, help="YAML; see docs/matching.md.")
@click.option("--labels", type=PATH, default=None, help="CSV of true pairs id_l,id_r, or of id,cluster: judge by it.")
@click.option("--threshold", type=click.FloatRange(0, 1), default=None, help="Probability to link at (default 0.5).")
@click.option("--backend", type=click.Choice(["auto", "duckdb", "spark"]), default="auto", show_default=True)
@click.option("--register", default="", metavar="NAME", help="Log the model to MLflow as a run of kith/match/NAME.")
@click.pass_obj
def match(  # noqa: PLR0913, PLR0917 - one argument for each option
    env: str | None,
    records: tuple[Path, ...],
    id_column: str,
    out: Path,
    settings_file: Path | None,
    labels: Path | None,
    threshold: float | None,
    backend: Backend,
    register: str,
) -> None:
    """Find the records of one person in RECORDS: one CSV or Parquet file to deduplicate, or several to link."""
    from jobs.match import Match

    run = Match(records, id_column, out, settings_file, labels, threshold, lambda line: say(escape(line)))
    if backend == "spark" or (backend == "auto" and is_large(records)):
        from jobs.match_spark import run_on_spark

        run_on_spark(run, env)
    else:
        run.run()
    if register:
        from jobs.match_model import register_model

        say(escape(register_model(env, register, out)))


def is_large(records: tuple[Path, ...]) -> bool:
    """Whether the files need more memory than a match may plan with on this machine, told from their sizes."""
    ratio = {".parquet": 4, ".pq": 4}  # Parquet is about a quarter of the same rows as text
    size = sum(f.stat().st_size * ratio.get(f.suffix, 1) for f in records if f.is_file())
    return size * BYTES > SHARE * os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


BYTES, SHARE = 65, 0.75
"""Bytes of memory for each byte of text (4.3 GB for a million records of 70 bytes, measured), and the share of the machine's."""
