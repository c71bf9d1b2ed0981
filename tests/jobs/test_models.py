"""A model is a file: its table, its training and its scores follow from it, and only who has changed is scored again."""

from datetime import date, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from pyspark.sql import SparkSession

from jobs.catalogue import build_graph, model_jobs
from jobs.cli import cli
from jobs.plan import mismatches, rehearse
from jobs.retraining import train_now
from jobs.watching import watch_job
from lakehouse.settings import ROOT
from ml.spec import load_specs
from tests.jobs.model_lake import ModelLake, model_lake
from tests.ml.planted import TODAY
from tests.small_lake import context_for, settings_for

DAY = TODAY - timedelta(days=50)


@pytest.fixture(scope="module")
def lake(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> ModelLake:
    made = model_lake(spark, tmp_path_factory.mktemp("models"))
    outcome = made.run(DAY)
    assert outcome.failures == []
    return made


def test_the_jobs_of_the_projects_own_models_keep_their_contracts(spark: SparkSession, tmp_path: Path) -> None:
    settings = settings_for(tmp_path, ROOT / "conf")
    jobs = model_jobs(list(load_specs(ROOT / "conf" / "models").values()))
    assert len(jobs) == 9
    assert {job.name: mismatches(job, rehearse(job, spark, settings)) for job in jobs} == {job.name: [] for job in jobs}


def test_a_model_more_gives_the_jobs_that_read_its_scores_another_checkpoint(
    spark: SparkSession, tmp_path: Path
) -> None:
    """Spark refuses to go on from a checkpoint of fewer tables: an old lake would take no new model."""
    context = context_for(spark, settings_for(tmp_path, ROOT / "conf"))
    specs = list(load_specs(ROOT / "conf" / "models").values())
    (fewer, before), (more, after) = (
        (context.checkpoint(job), context.app_id(job)) for job in (watch_job(specs[1:]), watch_job(specs))
    )
    assert fewer != more
    assert before != after, "and its transactions another name"
    assert context.checkpoint(watch_job(specs)) == more


def _scores(lake: ModelLake, day: date) -> dict[object, dict[str, object]]:
    return {row["one_id"]: row for row in lake.rows("gold.score_again_45d", f"as_of = '{day}'")}


@pytest.mark.slow
def test_a_new_file_alone_is_trained_scored_and_has_its_tiers(lake: ModelLake) -> None:
    (run,) = lake.rows("ops.model_run", "model = 'again_45d'")
    assert run["alias"] == "champion", run["reason"]
    scores = _scores(lake, DAY)
    assert len(scores) > 100
    assert sum(row["tier"] == "first" for row in scores.values()) == 10
    assert {row["tier"] for row in scores.values()} == {"first", "rest"}
    assert {row["model_version"] for row in scores.values()} == {run["version"]}
    assert {row["suggestion"] for row in scores.values()} == {"come back", None}
    assert {
        row["one_id"] for row in lake.rows("gold.feat_customer", "orders_total >= 2 AND recency_days <= 200")
    } == set(scores)


@pytest.mark.slow
def test_a_model_that_is_not_worth_using_scores_nobody_and_says_why(lake: ModelLake) -> None:
    (run,) = lake.rows("ops.model_run", "model = 'even_cents'")
    assert run["alias"] == "challenger"
    assert "no better than the baseline" in str(run["reason"])
    assert lake.rows("gold.score_even_cents") == []


@pytest.mark.slow
def test_the_same_day_again_changes_nothing(lake: ModelLake) -> None:
    before = lake.versions()
    outcome = lake.run(DAY)
    assert outcome.failures == []
    assert {name: v for name, v in lake.versions().items() if name != "job_run"} == {
        name: v for name, v in before.items() if name != "job_run"
    }


@pytest.mark.slow
def test_the_report_tells_the_gate_and_the_back_tests(lake: ModelLake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KITH_HOME", lake.settings.home)
    monkeypatch.setenv("KITH_CONF", lake.settings.conf)
    told = CliRunner().invoke(cli, ["model", "report", "again_45d"], catch_exceptions=False)
    assert told.exit_code == 0
    for words in ("earns more than the baseline", "Back-tests", "monotone", "card:"):
        assert words in told.output
    worthless = CliRunner().invoke(cli, ["model", "report", "even_cents"], catch_exceptions=False)
    assert "no champion: nothing is scored" in worthless.output
    unknown = CliRunner().invoke(cli, ["model", "report", "weather"])
    assert "no model is called weather; there are again_45d, even_cents" in str(unknown.exception)


@pytest.mark.slow
def test_a_training_on_demand_that_is_no_better_leaves_the_champion(lake: ModelLake) -> None:
    context = lake.context(DAY)
    (told,) = train_now(context, build_graph(context.sources, context.models), [context.models["again_45d"]])
    assert (told.alias, told.version) == ("challenger", "2")
    (run,) = lake.rows("ops.model_run", "model = 'again_45d'")
    assert (run["alias"], run["version"]) == ("champion", "1")


@pytest.mark.slow
def test_the_next_day_only_who_changed_is_scored_and_later_what_came_is_told(lake: ModelLake) -> None:
    next_day, later = DAY + timedelta(days=1), DAY + timedelta(days=45)
    before = _scores(lake, DAY)
    assert lake.run(next_day).failures == []
    after = _scores(lake, next_day)
    kept = [one for one, row in after.items() if row["scored_on"] == DAY]
    assert 0.3 * len(after) < len(kept) < len(after)
    assert all(
        (after[one]["score"], after[one]["feature_hash"]) == (before[one]["score"], before[one]["feature_hash"])
        for one in kept
    )
    assert {row["scored_on"] for one, row in after.items() if one not in kept} == {next_day}
    assert lake.run(later, "gold.feat_customer", "ops.model_pass_*", "gold.score_*", "ops.model_watch").failures == []
    deciles = {
        str(row["subject"]): row for row in lake.rows("ops.model_watch", f"measure = 'decile' AND as_of = '{DAY}'")
    }
    assert set(deciles) == {str(n) for n in range(1, 11)}
    assert sum(int(str(row["people"])) for row in deciles.values()) == len(before)
    best, last = deciles["1"], deciles["10"]
    assert float(str(best["actual"])) > float(str(last["actual"]))
    assert float(str(best["worth"])) > float(str(last["worth"]))
    names = lake.context(later).models["again_45d"].feature_names
    drift = lake.rows("ops.model_watch", f"measure LIKE '%_psi' AND as_of = '{later}'")
    assert "score" in {row["subject"] for row in drift}
    assert {row["subject"] for row in drift if row["measure"] == "feature_psi"} == set(names)


@pytest.mark.slow
def test_lifetime_value_is_learned_and_scored_from_the_features_of_all_models(lake: ModelLake) -> None:
    day = TODAY - timedelta(days=1)
    assert lake.run(day, "gold.feat_customer", "ops.value_run", "gold.score_clv", "gold.score_uplift").failures == []
    runs = {str(row["model"]): row for row in lake.rows("ops.value_run", f"as_of = '{day}'")}
    assert set(runs) == {"clv", "uplift"}
    assert "0 treated and 0 held out" in str(runs["uplift"]["reason"])
    assert runs["clv"]["version"] == "1", runs["clv"]["reason"]
    buyers = {row["one_id"] for row in lake.rows("gold.feat_customer", "purchase_days > 0")}
    told = {row["one_id"]: row for row in lake.rows("gold.score_clv", f"as_of = '{day}'")}
    assert set(told) == (buyers if runs["clv"]["alias"] == "champion" else set())
    assert lake.run(day, "ops.value_run", "gold.score_clv").failures == []
    assert len(lake.rows("ops.value_run", f"as_of = '{day}'")) == 2


@pytest.mark.slow
def test_a_model_that_is_left_alone_with_its_cadence_goes_on_from_its_own_scores(lake: ModelLake) -> None:
    """The other model's file goes, so that there is no pass: who has not changed keeps the score that a pass gave."""
    day = TODAY + timedelta(days=1)  # later than all that other tests have run for
    assert lake.run(TODAY, "gold.feat_customer", "ops.model_pass_*", "gold.score_*").failures == []
    before = _scores(lake, TODAY)
    (Path(lake.settings.conf) / "models" / "even_cents.yml").unlink()
    assert lake.run(day, "gold.feat_customer", "gold.score_*").failures == []
    after = _scores(lake, day)
    kept = [one for one, row in after.items() if row["scored_on"] != day]
    assert 0.3 * len(after) < len(kept) < len(after)
    assert all(after[one]["score"] == before[one]["score"] for one in kept)
