"""Where models live: the only module that knows MLflow.

Importing MLflow takes more than three seconds, so it is imported when a registry is first opened and not
before; ``kith plan`` and ``kith tables`` never pay for it. Telemetry is off.
"""

import logging
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version as installed
from pathlib import Path
from shutil import copy
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from ml.card import ModelCard
from ml.earnings import Earned
from ml.models import families
from ml.models.families import Model

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.models.model import ModelInfo

CHALLENGER, CHAMPION = "challenger", "champion"
_CARD_FILE = "card.json"
_FOLDER = "model"


@dataclass(frozen=True)
class Champion:
    """The version that scores: its model (plain files of its family, no MLflow in it) and its card."""

    name: str
    version: str
    run_id: str
    model: Model
    card: ModelCard

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the model's inputs, in order."""
        return self.model.features


@dataclass(frozen=True)
class Registered:
    """A version that was just registered, and the run that made it."""

    name: str
    version: str
    run_id: str


def prepare(tracking_uri: str) -> None:
    """Import MLflow and make its store, so that a training finds both ready: five seconds beside Spark instead of after it."""
    _open(tracking_uri)


def champion(name: str, tracking_uri: str) -> Champion | None:
    """Return the ``@champion`` of a registered model, or None if the model or the alias does not exist.

    ``tracking_uri`` is MLflow's, for example ``sqlite:////home/me/.kith/mlflow.db``; the store is created if
    missing.
    """
    client = _open(tracking_uri)
    found = [model for model in client.search_registered_models(f"name = '{name}'") if CHAMPION in model.aliases]
    if not found:
        return None
    version = client.get_model_version_by_alias(name, CHAMPION)
    run_id = str(version.run_id)
    with TemporaryDirectory() as scratch:
        folder = _download(client.get_model_version_download_uri(name, version.version), scratch)
        model = families.load(next(folder.rglob("trees.txt")).parent)
        card = ModelCard.from_json(_run_file(client, run_id, _CARD_FILE, scratch))
    return Champion(name, str(version.version), run_id, model, card)


def log_and_register(
    model: Model,
    card: ModelCard,
    *,
    tracking_uri: str,
    artifacts: Path,
    params: Mapping[str, object],
    pictures: Sequence[Path] = (),
    pages: Sequence[Path] = (),
    example: Mapping[str, float] | None = None,
) -> Registered:
    """Log one training as a run of experiment ``kith/<name>`` and register its model as ``@challenger``.

    The run gets ``params``, the card's metrics (those of baseline and old champion with a prefix),
    the card itself, ``pictures``, ``pages`` (HTML, beside the card), and as tags the data versions, the training hash and
    the gate's reason.
    ``artifacts`` is the folder for files; it takes effect when the experiment is first made. ``example`` is
    one row of inputs that is no person's (means, medians), for MLflow's page.
    """
    import mlflow

    client = _open(tracking_uri)
    experiment = _experiment(client, f"kith/{card.name}", artifacts)
    with mlflow.start_run(experiment_id=experiment, run_name=f"{card.name} {card.trained_as_of}") as run:
        mlflow.log_params(dict(params))
        mlflow.log_metrics(_metrics(card))
        mlflow.set_tags(_tags(card))
        mlflow.log_text(card.to_json(), _CARD_FILE)
        for picture in pictures:
            mlflow.log_artifact(str(picture), "plots")
        for page in pages:
            mlflow.log_artifact(str(page))
        run_id = str(run.info.run_id)
        version = _register(client, card, _log_model(model, example), run_id)
    client.set_registered_model_alias(card.name, CHALLENGER, version)
    return Registered(card.name, version, run_id)


def log_matching(
    name: str,
    model: Path,
    *,
    tracking_uri: str,
    artifacts: Path,
    params: Mapping[str, object],
    metrics: Mapping[str, float],
) -> str:
    """Log a matching model (Splink's JSON, with the report beside it where there is one) as a run of ``kith/match/<name>``.

    Returns the run's id. Splink loads the logged file as it stands, so the model is an artefact and no pyfunc.
    """
    import mlflow

    client = _open(tracking_uri)
    experiment = _experiment(client, f"kith/match/{name}", artifacts)
    with mlflow.start_run(experiment_id=experiment, run_name=name) as run:
        mlflow.log_params(dict(params))
        mlflow.log_metrics(dict(metrics))
        for file in (model, model.with_name("report.html")):
            if file.exists():
                mlflow.log_artifact(str(file))
        return str(run.info.run_id)


def log_flat(
    kind: str,
    name: str,
    *,
    tracking_uri: str,
    artifacts: Path,
    metrics: Mapping[str, object],
    files: Sequence[Path],
) -> str:
    """Log what a flat file told as a run of ``kith/flat/<kind>``: numbers as metrics, texts as tags, files as artefacts.

    Numbers within groups are named ``<group>.<name>``. Returns the run's id.
    """
    import mlflow

    client = _open(tracking_uri)
    experiment = _experiment(client, f"kith/flat/{kind}", artifacts)
    flat = dict(_flattened(metrics))
    with mlflow.start_run(experiment_id=experiment, run_name=name) as run:
        mlflow.log_metrics({k: float(v) for k, v in flat.items() if isinstance(v, int | float) and math.isfinite(v)})
        mlflow.set_tags({k: str(v)[:500] for k, v in flat.items() if not isinstance(v, int | float)})
        for file in files:
            mlflow.log_artifact(str(file))
        return str(run.info.run_id)


@dataclass(frozen=True)
class Files:
    """The version that scores, of a model that is plain files: their texts by name."""

    version: str
    run_id: str
    texts: Mapping[str, str]


@dataclass(frozen=True)
class Training:
    """What a run of one training tells: texts as tags, the card as JSON text, pictures as files."""

    run_name: str
    description: str
    params: Mapping[str, object]
    metrics: Mapping[str, float]
    tags: Mapping[str, str]
    card: str
    pictures: Sequence[Path] = ()


def register_files(
    name: str, model: Mapping[str, str], training: Training, *, tracking_uri: str, artifacts: Path
) -> Registered:
    """Log one training as a run of ``kith/<name>`` and register its model, texts by file name, as ``@challenger``."""
    import mlflow

    client = _open(tracking_uri)
    experiment = _experiment(client, f"kith/{name}", artifacts)
    with mlflow.start_run(experiment_id=experiment, run_name=training.run_name) as run:
        mlflow.log_params(dict(training.params))
        mlflow.log_metrics({key: value for key, value in training.metrics.items() if math.isfinite(value)})
        mlflow.set_tags({key: text[:500] for key, text in training.tags.items()})
        mlflow.log_text(training.card, _CARD_FILE)
        for file, text in model.items():
            mlflow.log_text(text, f"{_FOLDER}/{file}")
        for picture in training.pictures:
            mlflow.log_artifact(str(picture), "plots")
        run_id = str(run.info.run_id)
        source = f"{run.info.artifact_uri}/{_FOLDER}"
    if not client.search_registered_models(f"name = '{name}'"):
        client.create_registered_model(name, description=training.description)
    version = str(client.create_model_version(name, source=source, run_id=run_id).version)
    client.set_registered_model_alias(name, CHALLENGER, version)
    return Registered(name, version, run_id)


def champion_files(name: str, tracking_uri: str) -> Files | None:
    """The ``@champion`` of a model that is plain files, or None if the model or the alias does not exist."""
    client = _open(tracking_uri)
    found = [model for model in client.search_registered_models(f"name = '{name}'") if CHAMPION in model.aliases]
    if not found:
        return None
    version = client.get_model_version_by_alias(name, CHAMPION)
    with TemporaryDirectory() as scratch:
        folder = _download(str(version.source), scratch)
        texts = {file.name: file.read_text(encoding="utf-8") for file in folder.iterdir()}
    return Files(str(version.version), str(version.run_id), texts)


def _flattened(values: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, object]]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _flattened(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def promote(registered: Registered, *, tracking_uri: str) -> None:
    """Make a registered version the ``@champion``; the one before it stays registered, without the alias."""
    _open(tracking_uri).set_registered_model_alias(registered.name, CHAMPION, registered.version)


def _open(tracking_uri: str) -> "MlflowClient":
    """Point MLflow at the store; a new SQLite store is migrated here, once, in about a second."""
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
    import mlflow

    logging.getLogger("mlflow").setLevel(logging.WARNING)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    mlflow.set_tracking_uri(tracking_uri)
    mlflow.set_registry_uri(tracking_uri)
    return mlflow.MlflowClient(tracking_uri=tracking_uri, registry_uri=tracking_uri)


def _experiment(client: "MlflowClient", name: str, artifacts: Path) -> str:
    existing = client.get_experiment_by_name(name)
    if existing is not None:
        return str(existing.experiment_id)
    return str(client.create_experiment(name, artifact_location=artifacts.resolve().as_uri()))


def _log_model(model: Model, example: Mapping[str, float] | None) -> "ModelInfo":
    """Log a pyfunc that loads without Kith; requirements are given, as MLflow takes a minute to find them."""
    import pandas as pd
    from mlflow.models import ModelSignature
    from mlflow.pyfunc import log_model
    from mlflow.types import ColSpec, Schema

    numbers = [ColSpec("double", feature) for feature in model.features]
    with TemporaryDirectory() as scratch:
        folder = Path(scratch) / "model"
        folder.mkdir()
        model.save(folder)
        package = _package(Path(scratch))
        info: ModelInfo = log_model(
            name="model",
            loader_module=families.__name__,
            data_path=str(folder),
            code_paths=[str(package)],
            signature=ModelSignature(inputs=Schema([*numbers]), outputs=Schema([ColSpec("double")])),
            input_example=None if example is None else pd.DataFrame([dict(example)]),
            pip_requirements=[f"{package}=={installed(package)}" for package in ("lightgbm", "numpy", "pandas")],
        )
    return info


def _package(scratch: Path) -> Path:
    """The few files of ours that a registered model needs to predict, as the package that they import each other from."""
    source = Path(families.__file__).parent
    package = scratch / "ml"
    (package / "models").mkdir(parents=True)
    for name in ("__init__.py", "boosted.py", "families.py", "hazard.py", "valued.py"):
        copy(source / name, package / "models" / name)
    copy(source.parent / "__init__.py", package / "__init__.py")
    return package


def _register(client: "MlflowClient", card: ModelCard, logged: "ModelInfo", run_id: str) -> str:
    if not client.search_registered_models(f"name = '{card.name}'"):
        client.create_registered_model(card.name, description=card.description)
    version = client.create_model_version(
        card.name, source=logged.model_uri, run_id=run_id, tags=_tags(card), model_id=logged.model_id
    )
    return str(version.version)


def _metrics(card: ModelCard) -> dict[str, float]:
    parts = {"": card.metrics, "baseline_": card.baseline, "old_champion_": card.champion}
    values = {f"{prefix}{key}": value for prefix, part in parts.items() if part for key, value in vars(part).items()}
    gain = {f"gain_{bound}": value for bound, value in vars(card.gain_over_baseline).items()}
    tried = {f"brier_{kind}": value for kind, value in card.calibration_brier.items()}
    earned = {f"over_{whom}_": found for whom, found in _earned(card).items()}
    worth = {f"{prefix}{bound}": value for prefix, found in earned.items() for bound, value in vars(found.gain).items()}
    worth |= {f"{prefix}earned": found.ours for prefix, found in earned.items()}
    shifted = {f"psi_since_{day}": value for day, value in card.shifts.items()}
    return {key: float(value) for key, value in {**values, **gain, **tried, **worth, **shifted}.items()}


def _earned(card: ModelCard) -> dict[str, Earned]:
    both = {"baseline": card.over_baseline, "champion": card.over_champion}
    return {whom: found for whom, found in both.items() if found is not None}


def _tags(card: ModelCard) -> dict[str, str]:
    return {
        "gate": "promoted" if card.promoted else "refused",
        "gate_reason": card.reason,
        "trained_as_of": card.trained_as_of.isoformat(),
        "training_hash": card.training_hash,
        "training_rows": str(card.training_rows),
        "family": card.family,
        **{
            f"gate.{ruling.rule}": f"{'passed' if ruling.passed else 'failed'}: {ruling.said}"
            for ruling in card.rulings
        },
        **{f"data_version.{table}": str(version) for table, version in card.data_versions.items()},
    }


def _download(uri: str, scratch: str) -> Path:
    from mlflow.artifacts import download_artifacts

    return Path(download_artifacts(artifact_uri=uri, dst_path=scratch))


def _run_file(client: "MlflowClient", run_id: str, name: str, scratch: str) -> str:
    return Path(client.download_artifacts(run_id, name, scratch)).read_text(encoding="utf-8")
