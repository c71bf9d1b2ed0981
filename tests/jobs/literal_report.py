"""Facts of a report in literals: with something in every part, nasty text where text may stand, and with nothing at all."""

import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from identity.evaluate import PairScores
from jobs.catalogue import build_graph
from jobs.reporting.accuracy import Accuracy
from jobs.reporting.facts import QUESTIONS, Facts, Run
from jobs.reporting.people import PROVEN
from lakehouse.settings import ROOT
from lakehouse.sources.spec import load_sources
from lakehouse.tables import ops
from ml.card import ModelCard
from ml.evaluate import CalibrationBin, Decile, Interval, Metrics

NASTY = "<b>&\"'--></b> 茶"
GRAPH = build_graph(load_sources(ROOT / "conf/sources"))
DAY = date(2025, 12, 30)


def card() -> ModelCard:
    metrics = Metrics(auc=0.78, ap=0.41, lift10=3.2, brier=0.11, calibration_error=0.02, base_rate=0.18, rows=1204)
    return ModelCard(
        name="repurchase_30d",
        description="",
        trained_as_of=DAY,
        holdout_as_of=DAY - timedelta(days=30),
        horizon_days=30,
        training_rows=7120,
        training_hash="0",
        metrics=metrics,
        baseline=replace(metrics, auc=0.71, ap=0.33),
        champion=None,
        gain_over_baseline=Interval(0.04, 0.08, 0.12),
        gate_metric="ap",
        promoted=True,
        reason="better than the baseline & no <champion> before",
        calibration="sigmoid",
        calibration_brier={},
        deciles=tuple(
            Decile(d, 120, 0.5 - 0.04 * d, 0.5 - 0.04 * d, 3.2 - 0.3 * d, min(1.0, 0.3 + 0.08 * d))
            for d in range(1, 11)
        ),
        calibration_bins=tuple(
            CalibrationBin(i / 10, (i + 1) / 10, 100 - 9 * i, i / 10 + 0.05, i / 10 + 0.03) for i in range(8)
        ),
        importance={"recency_days": 0.4, NASTY: 0.2},
        leaks=(),
        data_versions={},
    )


def run(number: int) -> Run:
    by_job = {name: 9.0 / (number + 1 + i) for i, name in enumerate(GRAPH.order)}
    began = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=number)
    return Run(f"run{number}", began, 90.0 / (number + 1), 120.0 / (number + 1), 200000 // (number + 1), DAY, by_job)


def answers() -> dict[str, list[dict[str, object]]]:
    """Rows for every question, with odd text among them."""
    return {
        "sales": [
            {
                "currency": "CNY",
                "orders": 12001,
                "revenue": Decimal("1234567.89"),
                "lines": 30000,
                "returns": 210,
                "first_on": date(2025, 1, 1),
                "last_on": DAY,
            },
        ],
        "scores": [
            {
                "bin": n,
                "tier": "high" if n > 10 else "low",
                "people": 200 - 9 * n,
                "expected": 4.0 * n,
                "as_of": DAY,
                "model_version": "1",
            }
            for n in range(17)
        ],
        "fences": [
            {"fence": "degree", "reason": f"phone: accounts share it, max_degree 12 {NASTY}", "edges": 41},
            {"fence": "weak", "reason": "it would join two known people", "edges": 7},
        ],
        "sizes": [{"n_tokens": n, "n_clusters": 2000 // n} for n in range(1, 18)],
        "people": [{"identity_level": level, "people": 800} for level in ("anonymous", "known", "verified")],
        "rfm": [
            {
                "r": r,
                "f": f,
                "tier": "champions" if r + f > 8 else "at_risk",
                "people": 40 + r * f,
                "spend": Decimal(100 * f * f * r),
                "as_of": DAY,
            }
            for r in range(1, 6)
            for f in range(1, 6)
        ],
        **reach(),
        "events": [{"occurred_on": DAY, "event_type": kind, "events": 7} for kind in ("create", "merge", "split")],
    }


def reach() -> dict[str, list[dict[str, object]]]:
    """Sends, conversions and households."""
    return {
        "sends": [
            {
                "campaign_id": f"C{n}",
                "channel": NASTY,
                "n_sends": 400,
                "n_accounts": 390,
                "n_people": 390 - 7 * n,
                "n_repeats": 10,
                "n_duplicates_avoidable": 7 * n,
                "n_people_both_arms": n // 9,
            }
            for n in range(15)
        ],
        "conversions": [
            {"touchpoint": NASTY, "people": 31, "median_days": 4.5},
            {"touchpoint": "crm__member", "people": 40, "median_days": 1.0},
        ],
        "households": [
            {"n_people": 2, "is_refused": False, "people": 60, "households": 30},
            {"n_people": 3, "is_refused": False, "people": 21, "households": 7},
            {"n_people": 40, "is_refused": True, "people": 40, "households": 0},
        ],
    }


def everything() -> Facts:
    """Facts with something in every part."""
    draw = random.Random(3)
    names = [*GRAPH.order, *(table.name for table in ops.ALL)]
    counts = {name: draw.randrange(1, 90000) for name in names}
    scores = PairScores(5000, 20000, 19500, 19300, 0.99, 0.97)
    lost = {"id_type": NASTY, "planted": 900, "seen": 800, "shared": 20, "apart": 31, "strange": 2}
    row = {"rows_in": 100, "rows_out": 90, "rows_quarantined": 4, "rows_duplicate": 6}
    return Facts(
        graph=GRAPH,
        counts=counts,
        versions=dict.fromkeys(names, 4),
        answers=answers(),
        proof=[{"rule": rule, "checked": 900, "broken": 0} for rule in (*PROVEN, "weak_edge_followed")],
        as_of=DAY,
        accuracy=Accuracy(scores, 6000, [lost]),
        runs=[run(number) for number in range(12)],
        balance=[{"job": name, **row} for name in (*GRAPH.order, "gone.table")],
        quarantine=[{"stage": "silver.order_line", "source": "pos", "reason": NASTY, "entries": 5, "records": 5}],
        gates=[{"table": "gold.mart_rfm", "checks": 12, "rules": 6, "violations": 0, "stopped": 0, "runs": 2}],
        lineage={("silver.order_line", "gold.fct_order_line"): (3, 4)},
        model={
            "model": "repurchase_30d",
            "as_of": DAY,
            "version": "1",
            "alias": "champion",
            "reason": NASTY,
            "card": "",
        },
        card=card(),
    )


def nothing() -> Facts:
    return Facts(graph=GRAPH, counts={}, versions={}, answers={question.name: [] for question in QUESTIONS})
