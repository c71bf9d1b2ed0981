"""The report's short list of models: who stands, what the gate said, and that nobody is scored without a champion."""

from dataclasses import replace

from jobs.reporting.models import every_model
from ml.gate import Ruling
from tests.jobs.literal_report import card, everything


def _row(name: str, alias: str | None, reason: str, text: str | None) -> dict[str, object]:
    return {"model": name, "as_of": None, "version": "1", "alias": alias, "reason": reason, "card": text}


def test_every_model_has_its_line_with_standing_and_reason() -> None:
    good = replace(card(), promoted=True, rulings=(Ruling("leaks", passed=True, said="none"),))
    bad = replace(card(), promoted=False, reason="refused: no better than the <baseline>")
    rows = [
        _row("churn", "challenger", bad.reason, bad.to_json()),
        _row("lead_score", None, "not trained: 3 training rows, needs 200", None),
        _row("repurchase_30d", "champion", good.reason, good.to_json()),
    ]
    uplift = _row("uplift", "challenger", "no usable uplift: its Qini may be 0", "{}")
    shown = every_model(replace(everything(), models=rows, values=[uplift]))
    assert "no usable uplift: its Qini may be 0" in shown
    assert "passed 1 of 1 rules" in shown
    assert "refused: no better than the &lt;baseline&gt;" in shown
    assert "not trained: 3 training rows, needs 200" in shown
    assert shown.count("no champion") == 3


def test_one_model_alone_needs_no_list() -> None:
    assert every_model(replace(everything(), models=[_row("a", "champion", "", None)])) == ""
    assert every_model(everything()) == ""
