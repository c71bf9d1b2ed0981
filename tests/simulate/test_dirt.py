"""Shows that records are dirty at the rates that are written down, and masters are not."""

import re
from math import sqrt

import pytest

from simulate import dirt
from tests.simulate.staged import Staged, inner, text

EVENTS = ("app/event", "miniprogram_coffee/event", "miniprogram_mall/event", "web/event")
SHAPES = {
    r"": dirt.PHONE_MISSING,
    r"\+86\d{11}": dirt.PHONE_PLUS_86,
    r"\d{3} \d{4} \d{4}": dirt.PHONE_SPACED,
    r"\d{3}-\d{4}-\d{4}": dirt.PHONE_DASHED,
    r"[０-９]{11}": dirt.PHONE_FULL_WIDTH,
    "|".join(dirt.PLACEHOLDER_PHONES): dirt.PHONE_PLACEHOLDER,
}


def assert_rate(hits: int, of: int, rate: float) -> None:
    """Within five standard errors, and never none."""
    margin = 5 * sqrt(rate * (1 - rate) / of)
    assert hits > 0
    assert rate - margin <= hits / of <= rate + margin, f"{hits} of {of}, expected {rate:.4f}"


@pytest.mark.parametrize("shape", SHAPES)
def test_phones_are_written_in_many_ways(doubled: Staged, shape: str) -> None:
    rows = [*doubled.rows("crm/member", "000"), *doubled.rows("service/call")]
    assert_rate(sum(re.fullmatch(shape, text(row, "phone")) is not None for row in rows), len(rows), SHAPES[shape])


def test_e_mail_addresses_are_missing_shouted_and_mistyped(doubled: Staged) -> None:
    mails = [text(row, "email") for row in doubled.rows("crm/member", "000")]
    assert_rate(sum(not mail for mail in mails), len(mails), dirt.EMAIL_MISSING)
    assert_rate(sum(mail.isupper() for mail in mails), len(mails), dirt.EMAIL_SHOUTED)
    assert_rate(sum("#" in mail or ",com" in mail for mail in mails), len(mails), dirt.EMAIL_MISTYPED)


def test_birth_dates_are_missing_placeholders_and_of_two_forms(doubled: Staged) -> None:
    dates = [text(row, "birth_date") for row in doubled.rows("crm/member", "000")]
    assert_rate(sum(not born for born in dates), len(dates), dirt.BIRTH_DATE_MISSING)
    assert_rate(sum("/" in born for born in dates), len(dates), dirt.BIRTH_DATE_SLASHED)
    assert_rate(sum(born == dirt.PLACEHOLDER_BIRTH_DATE for born in dates), len(dates), dirt.BIRTH_DATE_PLACEHOLDER)


def test_rows_are_duplicated(staged: Staged) -> None:
    lines = [line for feed in EVENTS for line in staged.lines(feed)]
    assert_rate(len(lines) - len(set(lines)), len(lines), dirt.ROW_DUPLICATED)


def test_json_lines_are_cut_off(staged: Staged) -> None:
    lines = [line for feed in EVENTS for line in staged.lines(feed)]
    assert_rate(sum(not line.endswith("}") for line in lines), len(lines), dirt.ROW_MALFORMED)


def test_csv_lines_have_too_few_or_too_many_columns(doubled: Staged) -> None:
    wrong = {False: 0, True: 0}
    lines = [line for line in doubled.lines("trace/scan") if not line.startswith("code,")]
    for line in lines:
        commas = line.count(",")
        if commas != 7:
            wrong[commas > 7] += 1
    assert_rate(sum(wrong.values()), len(lines), dirt.ROW_MALFORMED)
    assert min(wrong.values()) > 0


def test_rows_come_late(staged: Staged) -> None:
    rows = [row for feed in EVENTS for row in staged.rows(feed)]
    late = sum(text(row, "sentAt")[:10] > text(row, "originalTimestamp")[:10] for row in rows)
    assert 0.5 * dirt.ROW_LATE < late / len(rows) < 2 * dirt.ROW_LATE


def test_fields_are_swapped_dates_mistyped_and_codes_in_lower_case(doubled: Staged) -> None:
    members, lines = doubled.rows("crm/member"), doubled.rows("pos/receipt_north")
    swapped = sum(re.search(r"\d{4}", text(row, "name")) is not None for row in members)
    swapped += sum(text(row, "phone").startswith("M") for row in lines)
    assert 0 < swapped < 0.03 * len(lines)
    assert 0 < sum(text(row, "sku").islower() for row in lines) < 0.02 * len(lines)
    assert 0 <= sum("-3" in text(row, "sold_at")[4:6] for row in lines) < 0.01 * len(lines)


def test_masters_are_clean(staged: Staged) -> None:
    for feed in ("erp/product", "erp/store", "erp/price", "erp/promotion", "campaign/campaign"):
        lines = [line for path in staged.files(feed) for line in path.read_text(encoding="utf-8").splitlines()[1:]]
        assert len(lines) == len(set(lines)) == len(staged.rows(feed))


def test_bots_and_testers_are_there(staged: Staged) -> None:
    agents = {text(inner(row, "context"), "userAgent") for row in staged.rows("web/event")}
    testers = [row for row in staged.rows("app/event") if text(inner(row, "traits"), "email") == "test@example.com"]
    assert any("Bot" in agent for agent in agents)
    assert testers
