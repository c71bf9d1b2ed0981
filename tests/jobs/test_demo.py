"""Which jobs the demo runs on which day."""

from jobs.catalogue import awaited, build_graph
from jobs.demo import due
from lakehouse.settings import ROOT
from lakehouse.sources.spec import load_sources

GRAPH = build_graph(load_sources(ROOT / "conf" / "sources"))
WEEKLY = {
    "gold.score_churn",
    "gold.score_lead_score",
    "gold.score_next_purchase",
    "gold.score_repurchase_60d",
    "gold.score_repurchase_90d",
    "gold.score_subscription_churn",
    "ops.model_pass_weekly",
    "ops.model_watch",
    "silver.identity_match",
    "ops.identity_review",
    "ops.identity_alarm",
    "silver.golden_attribute",
    "silver.household_map",
    "gold.agg_duplicate_send",
    "gold.fct_identity_conversion",
    "ops.value_run",
    "gold.score_clv",
    "gold.score_uplift",
}


def test_what_runs_weekly_runs_on_the_last_day_only() -> None:
    every = set(GRAPH.jobs)
    assert {job.name for job in due(GRAPH, is_last=True)} == every
    assert {job.name for job in due(GRAPH, is_last=False)} == every - WEEKLY


def test_nothing_that_runs_daily_waits_for_what_runs_weekly() -> None:
    daily = [job for job in GRAPH.jobs.values() if job.cadence == "daily"]
    assert all(not set(awaited(GRAPH, job)) & WEEKLY for job in daily)
