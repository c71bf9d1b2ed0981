"""Fixtures of the model tests: one training on the planted brand, registered in a real MLflow store."""

import pytest

from tests.ml.oracle import labelled
from tests.ml.planted import brand
from tests.ml.store import Store, Trained, cutoffs


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """The first training of a brand whose people differ; tests leave its version the best one."""
    store = Store(tmp_path_factory.mktemp("mlflow"))
    people = brand(1300, seed=11)
    rows = labelled(people.lines, cutoffs())
    return Trained(store, people, rows, store.train(rows))
