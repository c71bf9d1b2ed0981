"""Three models over 1 M people of 20 features: one pass for all against one for each, from files to published files.

Both read features and what was held from Parquet and write the scores of each model as Parquet; the one pass also writes what
it says and reads it again for each model, as the jobs do. ``first``: nobody is held, so that everybody goes through all trees
(40 of them, not to wait). ``a day later``: every feature of 1 % of the people has changed. Seconds are CPU of this process and
all its children: the JVM, and the Python workers that the trees run in.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from benchmarks.clock import cpu_seconds
from benchmarks.spark_bench import PARTS, Bench
from ml.card import ModelCard
from ml.models.boosted import fit_booster
from ml.registry import Champion
from ml.score import Due, published, score, score_pass
from ml.spec import ModelSpec, Population, Tier

PEOPLE, WIDTH, MODELS = 1_000_000, 20, 3
NAMES = tuple(f"x{i}" for i in range(WIDTH))
TREES = 40


def passes(bench: Bench) -> None:
    """Print both ways' CPU, when everybody is new and a day later."""
    features, later = (_written(bench.folder, name) for name in ("today", "tomorrow"))
    due = _models(features)
    out = bench.folder / "passes"
    for name, frame, is_held in (("first", features, False), ("a day later", later, True)):
        each = _spent(partial(_each, bench, frame, due, out, name, is_held=is_held))
        once = _spent(partial(_once, bench, frame, due, out, name, is_held=is_held))
        print(f"passes {name}: {each:.1f} CPU s each alone, {once:.1f} in one pass: {once / each:.2f}", flush=True)


def _written(folder: Path, name: str) -> Path:
    """Features of the people; those of tomorrow differ in 1 % of them."""
    target = folder / f"people-{name}"
    target.mkdir(parents=True, exist_ok=True)
    for part in range(PARTS):
        file = target / f"{part}.parquet"
        if not file.exists():
            dice, n = np.random.default_rng(part), PEOPLE // PARTS
            values = dice.normal(size=(WIDTH, n))
            if name == "tomorrow":
                values[:, ::100] = dice.normal(size=(WIDTH, len(range(0, n, 100))))
            ids = pa.array([f"person-{part}-{i:07d}" for i in range(n)])
            days = pa.array(np.full(n, np.datetime64("2025-12-30" if name == "today" else "2025-12-31")))
            pq.write_table(pa.table({"one_id": ids, "as_of": days} | dict(zip(NAMES, values, strict=True))), file)
    return target


def _models(features: Path) -> list[Due]:
    """Three classifiers, one for everybody, two for a part: trees of 7 leaves as the project's own, of which there are 100."""
    rows = pq.read_table(features / "0.parquet").select(NAMES).to_pandas().to_numpy()[:40_000]
    due = []
    for number, where in enumerate(("true", "x0 > -1", "x1 < 0.5")):
        label = (rows[:, number : number + 5].sum(axis=1) > 0).astype(np.float64)
        model = fit_booster(rows, label, NAMES, params={"num_leaves": 7}, rounds=TREES, seed=number)
        spec = ModelSpec(
            name=f"m{number}",
            description="x",
            cutoffs_days_ago=(30, 60, 90, 120, 150),
            population=Population(where=where),
            tiers=(Tier(name="high", to_decile=2), Tier(name="low")),
        )
        due.append(Due(Champion(spec.name, "1", "run", model, ModelCard.__new__(ModelCard)), spec, F.expr(where)))
    return due


def _each(bench: Bench, features: Path, due: list[Due], out: Path, name: str, *, is_held: bool) -> None:
    for one in due:
        people = bench.spark.read.parquet(str(features)).where(one.people)
        held = bench.spark.read.parquet(str(out / f"first-{one.name}")) if is_held else None
        _write(score(people, one.champion, spec=one.spec, held=held), out / f"{name}-{one.name}")


def _once(bench: Bench, features: Path, due: list[Due], out: Path, name: str, *, is_held: bool) -> None:
    held = bench.spark.read.parquet(str(out / "first-pass")) if is_held else None
    _write(score_pass(bench.spark.read.parquet(str(features)), due, held=held), out / f"{name}-pass")
    for one in due:
        passed = bench.spark.read.parquet(str(out / f"{name}-pass"))
        _write(published(passed, one.spec), out / f"{name}-once-{one.name}")


def _write(frame: DataFrame, path: Path) -> None:
    frame.write.mode("overwrite").parquet(str(path))


def _spent(run: Callable[[], None]) -> float:
    busy = cpu_seconds()
    run()
    return cpu_seconds() - busy
