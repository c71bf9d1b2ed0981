"""Made-up people with known copies and known errors, for tests of matching."""

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np

GIVEN = (
    "anna",
    "bruno",
    "carla",
    "dieter",
    "elena",
    "farid",
    "greta",
    "hugo",
    "ines",
    "jonas",
    "karim",
    "lotte",
    "milan",
    "nadia",
)
SURNAMES = (
    "abel",
    "brandt",
    "castro",
    "dorn",
    "engel",
    "fuchs",
    "gruber",
    "hansen",
    "ivanov",
    "jung",
    "keller",
    "lindner",
    "moser",
)
CITIES = ("graz", "linz", "wien", "bern", "basel", "ulm")
HEAD = ("ref", "first_name", "surname", "dob", "city", "email")
Row = tuple[str, ...]


def person(number: int) -> Row:
    """The clean record of a person, without id; what one person has says nothing about the next."""
    dice = np.random.default_rng(number)
    given, surname = dice.choice(GIVEN), dice.choice(SURNAMES) + "".join(dice.choice(list("abdeiklnorst"), 3))
    born = f"{dice.integers(1940, 2005)}-{dice.integers(1, 13):02d}-{dice.integers(1, 29):02d}"
    return given, surname, born, dice.choice(CITIES), f"{given}.{surname}{number}@mail{dice.integers(9)}.org"


def damaged(row: Row, kind: int) -> Row:
    """The same person with one error or two."""
    given, surname, born, city, email = row
    wrong: Sequence[Row] = (
        (surname, given, born, city, email),
        (given[:-1], surname, born, "", email),
        (given, surname, f"{born[:5]}{born[8:]}-{born[5:7]}" if int(born[8:]) <= 12 else born, city, ""),
        (given, surname[1:] + surname[:1], born, city, email),
        ("", surname, born, city, email),
    )
    return wrong[kind % 5]


def records(people: int) -> tuple[list[Row], dict[str, int]]:
    """Two records of each of ``people``, the second damaged, with ids, and the person of each id."""
    rows, truth = [], {}
    for number in range(people):
        for copy, row in enumerate((person(number), damaged(person(number), number))):
            ident = f"r{2 * number + copy}"
            rows.append((ident, *row))
            truth[ident] = number
    return rows, truth


def write(file: Path, rows: Sequence[Row], head: Row = HEAD) -> Path:
    """A CSV file of rows."""
    with file.open("w", newline="", encoding="utf-8") as out:
        csv.writer(out).writerows([head, *rows])
    return file
