"""Shows how a brand's size and calendar follow from its few numbers, and that its chance and its assortment are sound."""

from datetime import date

import pytest

from simulate import Brand
from simulate.assortment import CAFE_SIZE, PAIRS, PRODUCTS, SKUS, gtin, raised
from simulate.campaigns import count, first_day
from simulate.dice import Dice, literal, quoted


def test_labels_are_the_history_and_the_days_after_it() -> None:
    brand = Brand(start=date(2024, 2, 1), history_days=30)
    assert [brand.label(number) for number in range(3)] == ["history", "2024-03-02", "2024-03-03"]


@pytest.mark.parametrize("wrong", [{"people": 0}, {"history_days": 5}, {"increments": -1}])
def test_numbers_that_cannot_work_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="must"):
        Brand(
            people=wrong.get("people", 10),
            history_days=wrong.get("history_days", 365),
            increments=wrong.get("increments", 3),
        )


def test_size_grows_with_people() -> None:
    small, large = Brand(people=1000), Brand(people=100_000_000)
    assert (small.tasks, small.stores, small.guests) == (1, 24, 2)
    assert (large.tasks, large.guests) == (5000, 200_000)
    assert large.stores == 12 * 4166


def test_a_campaign_is_sent_on_the_second_increment() -> None:
    brand = Brand()
    last = first_day(brand) + 30 * (count(brand) - 1)
    assert brand.label(last - brand.history_days + 1) == "2026-01-02"
    assert count(Brand(history_days=30, increments=0)) == 1


def test_the_assortment_is_consistent() -> None:
    assert len(set(SKUS)) == len(PRODUCTS) == len(PAIRS)
    assert all((partner < CAFE_SIZE) == (index < CAFE_SIZE) and partner != index for index, partner in enumerate(PAIRS))
    assert gtin(0) == "6901230000010"
    assert raised(2200) == 2310


def test_decisions_of_one_seed_do_not_hang_together() -> None:
    assert Dice(7).bits("a", "id") != Dice(7).bits("b", "id")
    assert Dice(7).bits("a", "id") != Dice(8).bits("a", "id")
    assert Dice(7).bits("a", "id") == Dice(7).bits("a", "id")


def test_literals_are_quoted() -> None:
    assert quoted("it's \\ ok") == "'it\\'s \\\\ ok'"
    assert [literal(value) for value in (1, 0.5, "x")] == ["1", "0.5D", "'x'"]
