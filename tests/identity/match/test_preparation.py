"""What the preparation makes of names, dates, telephone numbers and Chinese text."""

import duckdb
import pytest

from identity.match.kinds import Kind
from identity.match.nicknames import canonical_names
from identity.match.preparation import prepare
from identity.match.transliterate import readings


def prepared(kind: Kind, *values: str | None) -> list[dict[str, object]]:
    con = duckdb.connect()
    con.execute("CREATE TABLE raw (rid int, source int, x varchar)")
    con.executemany("INSERT INTO raw VALUES (?, 0, ?)", [list(row) for row in enumerate(values)])
    prepare(con, [("x", kind)])
    found = con.execute("SELECT * FROM prepared ORDER BY rid")
    names = [column[0] for column in found.description or ()]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


@pytest.mark.parametrize(
    ("kind", "written", "canonical"),
    [
        (Kind.GIVEN, " Élo-die ", "elodie"),
        (Kind.SURNAME, "O'Brien", "obrien"),
        (Kind.GIVEN, "N/A", None),
        (Kind.BIRTH, "1971-06-24", "19710624"),
        (Kind.BIRTH, "19710624", "19710624"),
        (Kind.BIRTH, "24/06/1971", "19710624"),
        (Kind.BIRTH, "06/24/1971", "19710624"),
        (Kind.BIRTH, "soon", None),
        (Kind.PHONE, "+86 138-0013-8000", "3800138000"),
        (Kind.PHONE, "13800138000", "3800138000"),
        (Kind.EMAIL, " Bob@Mail.Org", "bob@mail.org"),
        (Kind.PLACE, "St. James", "stjames"),
        (Kind.PLACE, "北京", "beijing"),
        (Kind.YEAR, "1997", 1997.0),
    ],
)
def test_values_take_their_canonical_form(kind: Kind, written: str, canonical: object) -> None:
    assert prepared(kind, written)[0]["x"] == canonical


@pytest.mark.parametrize("written", ["Wei Wang", "WANG, Wei", "王伟"])
def test_whole_names_meet_in_either_script_and_order(written: str) -> None:
    row = prepared(Kind.FULL_NAME, written)[0]
    assert (row["x_given"], row["x_surname"]) == ("wei", "wang")


def test_a_compound_surname_stays_whole() -> None:
    assert readings(["欧阳娜娜", "Anna"], person=True) == {"欧阳娜娜": "nana ouyang"}


def test_a_nickname_stands_for_its_name_only_where_it_is_of_one() -> None:
    assert [row["x_alias"] for row in prepared(Kind.GIVEN, "Liz", "elizabeth", "Alex")] == [
        "elizabeth",
        "elizabeth",
        "alex",
    ]
    assert "alex" not in canonical_names(), "of Alexander and of Alexandra"
