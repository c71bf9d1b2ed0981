"""Columns are recognised by name, and by content where the name says nothing or says something else."""

import pytest

from identity.match.kinds import Kind, Shape, normal, recognise


def shape(**said: float) -> Shape:
    shares = ("many_words", "emails", "dates", "digits", "phones")
    usual: dict[str, float] = {"filled": 100, "distinct": 90, "words": 1, "letters": 1, **dict.fromkeys(shares, 0.0)}
    found = {**usual, **said}
    return Shape(int(found.pop("filled")), int(found.pop("distinct")), **found)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        (" given_name", Kind.GIVEN),
        ("firstName", Kind.GIVEN),
        ("Last Name", Kind.SURNAME),
        ("姓名", Kind.FULL_NAME),
        ("手机号", Kind.PHONE),
        ("home_phone", Kind.PHONE),
        ("soc_sec_id", Kind.NATIONAL_ID),
        ("postcode", Kind.POSTCODE),
        ("address_2", Kind.STREET),
        ("suburb", Kind.PLACE),
        ("state", Kind.CATEGORY),
        ("authors", Kind.TEXT),
        ("year", Kind.YEAR),
    ],
)
def test_a_name_says_what_a_column_is(name: str, kind: Kind) -> None:
    assert recognise(name, shape())[0] is kind


@pytest.mark.parametrize("name", ["cluster", "cluster_id", "label", "entity_id", "updated_at"])
def test_a_label_is_never_evidence(name: str) -> None:
    assert recognise(name, shape())[0] is Kind.IGNORE


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ({"emails": 0.9}, Kind.EMAIL),
        ({"dates": 0.95}, Kind.BIRTH),
        ({"words": 6.0}, Kind.TEXT),
        ({"distinct": 3}, Kind.CATEGORY),
        ({"digits": 0.99}, Kind.IGNORE),
        ({"distinct": 1}, Kind.IGNORE),
        ({"filled": 0}, Kind.IGNORE),
    ],
)
def test_values_say_it_where_the_name_does_not(values: dict[str, float], kind: Kind) -> None:
    assert recognise("column_7", shape(**values))[0] is kind


def test_a_name_that_the_values_contradict_is_not_believed() -> None:
    assert recognise("name", shape(many_words=0.5))[0] is Kind.TEXT
    assert recognise("dob", shape())[0] is not Kind.BIRTH
    assert recognise("dob", shape(dates=0.9))[0] is Kind.BIRTH


def test_names_are_compared_as_words() -> None:
    assert normal("dateOfBirth") == normal("DATE-OF_BIRTH") == "date of birth"
