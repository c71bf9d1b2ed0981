"""Splink on DuckDB at the settings of its own demonstrations: the peer of `benchmarks/match.py`.

    python -m benchmarks.match_peer fake|fake-wide|febrl FILE OUT THRESHOLD…

Writes ``OUT/<threshold>.parquet (id, cluster_id)`` for each threshold. The tutorials cluster at one.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd
    from splink import Linker

BEST = ("0.3", "0.5", "0.7", "0.8", "0.9", "0.95", "0.99", "0.999")
TUTORIAL = "0.95"
FAKE = {"fake": ("first_name", "surname"), "fake-wide": ("first_name", "surname", "dob", "email")}
"""Blocking rules for fake_1000: the demonstration's, and all columns that are worth one."""


def main() -> None:
    """Train, predict and cluster one file."""
    kind, file, out = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    out.mkdir(parents=True, exist_ok=True)
    linker = febrl(file) if kind == "febrl" else fake(file, FAKE[kind])
    predictions = linker.inference.predict(threshold_match_probability=0.2)
    for at in sys.argv[4:]:
        found = linker.clustering.cluster_pairwise_predictions_at_threshold(
            predictions, threshold_match_probability=float(at)
        )
        frame: pd.DataFrame = found.as_pandas_dataframe()  # type: ignore[no-untyped-call]
        frame[["unique_id", "cluster_id"]].rename(columns={"unique_id": "id"}).to_parquet(out / f"{at}.parquet")


def fake(file: Path, names: Sequence[str]) -> "Linker":
    """The model of the demonstration on accuracy, which uses fake_1000."""
    import pandas as pd
    import splink.comparison_library as cl
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    settings = SettingsCreator(
        link_type="dedupe_only",
        comparisons=[
            cl.NameComparison("first_name"),
            cl.NameComparison("surname"),
            cl.DateOfBirthComparison("dob", input_is_string=True),
            cl.ExactMatch("city").configure(term_frequency_adjustments=True),
            cl.EmailComparison("email"),
        ],
        blocking_rules_to_generate_predictions=[block_on(name) for name in names],
        retain_intermediate_calculation_columns=True,
    )
    linker = Linker(DuckDBAPI().register(pd.read_csv(file)), settings)
    training = linker.training
    near = "levenshtein(r.dob, l.dob) <= 1"
    training.estimate_probability_two_random_records_match(
        [
            f"l.first_name = r.first_name and {near}",
            f"l.surname = r.surname and {near}",
            "l.first_name = r.first_name and levenshtein(r.surname, l.surname) <= 2",
            "l.email = r.email",
        ],
        recall=0.7,
    )
    training.estimate_u_using_random_sampling(max_pairs=1e6, seed=5)
    training.estimate_parameters_using_expectation_maximisation(block_on("dob"))
    training.estimate_parameters_using_expectation_maximisation(block_on("email"))
    return linker


def febrl(file: Path) -> "Linker":
    """The demonstration's model of febrl."""
    import pandas as pd
    import splink.comparison_library as cl
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    frame = (
        pd.read_csv(file, skipinitialspace=True, dtype=str)
        .rename(columns=str.strip)
        .rename(columns={"rec_id": "unique_id"})
    )
    names = ("soc_sec_id", "given_name", "surname", "date_of_birth", "postcode")
    settings = SettingsCreator(
        link_type="dedupe_only",
        comparisons=[
            cl.NameComparison("given_name"),
            cl.NameComparison("surname"),
            cl.DateOfBirthComparison("date_of_birth", input_is_string=True, datetime_format="%Y%m%d"),
            cl.DamerauLevenshteinAtThresholds("soc_sec_id", [1, 2]),
            cl.ExactMatch("street_number").configure(term_frequency_adjustments=True),
            cl.DamerauLevenshteinAtThresholds("postcode", [1, 2]).configure(term_frequency_adjustments=True),
        ],
        blocking_rules_to_generate_predictions=[block_on(name) for name in names],
        retain_intermediate_calculation_columns=True,
    )
    linker = Linker(DuckDBAPI().register(frame), settings)
    training = linker.training
    training.estimate_probability_two_random_records_match(
        ["l.soc_sec_id = r.soc_sec_id", block_on("given_name", "surname", "date_of_birth")], recall=0.6
    )
    training.estimate_u_using_random_sampling(max_pairs=1e6)
    training.estimate_parameters_using_expectation_maximisation(block_on("date_of_birth"))
    training.estimate_parameters_using_expectation_maximisation(block_on("postcode"))
    return linker


if __name__ == "__main__":
    main()
