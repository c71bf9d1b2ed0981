"""Shows that check digits, phones and characters agree with python-stdnum, phonenumbers and OpenCC on random values."""

import random
from collections.abc import Callable, Iterator

import phonenumbers
import pyarrow as pa
import pytest
from opencc import OpenCC
from pyspark.sql import SparkSession
from stdnum import ean, iban, imei, luhn
from stdnum.cn import ric, uscc
from stdnum.exceptions import InvalidComponent

from lakehouse.standardise.rules import rule

SIGNS = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def _digits(draw: random.Random, length: int) -> str:
    return "".join(draw.choice("0123456789") for _ in range(length))


def gtins(draw: random.Random) -> Iterator[str]:
    body = _digits(draw, draw.choice((7, 11, 12, 13)))
    yield body + ean.calc_check_digit(body)
    yield body + draw.choice("0123456789")


def cards(draw: random.Random) -> Iterator[str]:
    body = draw.choice("3456") + _digits(draw, draw.randrange(11, 18))
    yield body + luhn.calc_check_digit(body)
    yield body + draw.choice("0123456789")


def imeis(draw: random.Random) -> Iterator[str]:
    body = draw.choice("0135") + _digits(draw, 13)
    yield body + luhn.calc_check_digit(body)
    yield body + draw.choice("0123456789")


def id_cards(draw: random.Random) -> Iterator[str]:
    region = draw.choice(("110105", "440304", "310101", "330106", "510107", "650104"))
    day = f"{draw.randrange(1930, 2024)}{draw.randrange(1, 13):02}{draw.randrange(1, 32):02}"
    body = region + day + _digits(draw, 3)
    yield body + ric.calc_check_digit(f"{body}0")  # which leaves out the last sign
    yield body + draw.choice("0123456789X")


def firms(draw: random.Random) -> Iterator[str]:
    body = "".join(draw.choice("19")) + draw.choice("123") + "110105" + "".join(draw.choice(SIGNS) for _ in range(9))
    yield body + uscc.calc_check_digit(body)
    yield body + draw.choice(SIGNS)


def accounts(draw: random.Random) -> Iterator[str]:
    country, length = draw.choice((("DE", 18), ("AT", 16), ("DK", 14), ("PT", 21), ("SI", 15)))
    body = _digits(draw, length)
    yield country + iban.calc_check_digits(f"{country}00{body}") + body
    yield f"{country}{_digits(draw, 2)}{body}"


def _is_resident(text: str) -> bool:
    """By check sign and day of birth; python-stdnum also asks since when a district has its number."""
    try:
        ric.get_birth_date(text)
    except InvalidComponent:
        return False
    return bool(ric.calc_check_digit(text) == text[-1])


def _is_account(text: str) -> bool:
    return iban.is_valid(text, check_country=False)


ORACLES: dict[str, tuple[Callable[[random.Random], Iterator[str]], Callable[[str], bool]]] = {
    "gtin": (gtins, ean.is_valid),
    "card_number": (cards, luhn.is_valid),
    "imei": (imeis, imei.is_valid),
    "id_card": (id_cards, _is_resident),
    "credit_code": (firms, uscc.is_valid),
    "iban": (accounts, _is_account),
}


@pytest.mark.parametrize("name", list(ORACLES))
def test_check_digits_are_those_of_stdnum(spark: SparkSession, name: str) -> None:
    values, is_valid = ORACLES[name]
    draw = random.Random(7)
    asked = sorted({text for _ in range(800) for text in values(draw)})
    rows = _judged(spark, name, asked)
    wrong = [(text, status) for text, _, status in rows if (status == "valid") != is_valid(text)]
    assert wrong == []
    assert {status for _, _, status in rows} >= {"valid", "invalid"}


def _judged(spark: SparkSession, name: str, asked: list[str], **options: str) -> list[tuple[str, str | None, str]]:
    frame = spark.createDataFrame(pa.table({"text": asked}))
    rows = frame.select("text", rule(name)("text", **options).alias("r")).select("text", "r.*").collect()
    assert len(rows) == len(asked)
    return [(row["text"], row["value"], row["status"]) for row in rows]


def _written(draw: random.Random, region: str) -> str:
    """A number of some country with wrong or right last digits, in one of the ways to write it."""
    home = draw.choice((region, region, "US", "GB", "DE", "JP", "KZ", "IT", "BR", "AR", "MX", "CN", "HK"))
    found = phonenumbers.example_number_for_type(home, draw.choice(list(phonenumbers.supported_types_for_region(home))))
    example = found or phonenumbers.example_number(home)
    assert example is not None
    digits = str(example.national_number)
    cut = draw.randrange(0, min(5, len(digits)))
    digits = digits[: len(digits) - cut] + _digits(draw, cut)
    code = phonenumbers.country_code_for_region(home)
    number = phonenumbers.PhoneNumber(country_code=code, national_number=int(digits))
    forms = ("E164", "INTERNATIONAL", "NATIONAL", "RFC3966")
    return phonenumbers.format_number(number, getattr(phonenumbers.PhoneNumberFormat, draw.choice(forms)))


def by_library(text: str, region: str) -> str | None:
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    is_valid = phonenumbers.is_valid_number(number)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) if is_valid else None


@pytest.mark.parametrize("region", ["CN", "GB", "US", "DE"])
def test_with_a_region_phones_are_those_of_phonenumbers(spark: SparkSession, region: str) -> None:
    draw = random.Random(11)
    asked = sorted(
        {_written(draw, region) for _ in range(1200)} | {"call me", "+", "12", "1-800-FLOWERS", "139****1234"}
    )
    rows = _judged(spark, "phone", asked, default_region=region)
    wrong = [row for row in rows if row[1] != by_library(row[0], region) and row[2] != "suspect"]
    assert [row for row in wrong if "*" not in row[0]] == []
    assert {status for _, _, status in rows} >= {"valid", "repaired", "invalid"}
    suspects = [text for text, _, status in rows if status == "suspect"]
    assert len(suspects) < len(rows) / 50


def test_simplified_names_are_those_of_opencc(spark: SparkSession) -> None:
    draw = random.Random(5)
    family, given = "陳張劉黃蔡鄭謝許鄧馮蕭葉盧鍾羅蘇趙吳韓龔", "淑華偉國強麗婷慧玲雅儀嘉誠榮輝鳳麟鵬飛騰敬軒"
    asked = sorted({draw.choice(family) + draw.choice(given) + draw.choice(given) for _ in range(500)})
    convert = OpenCC("t2s").convert
    wrong = [
        (text, value) for text, value, _ in _judged(spark, "name", asked, script="simplified") if value != convert(text)
    ]
    assert wrong == []
