"""The standardisation rules on literal texts: what is valid, repaired, suspect, invalid or missing, and why."""

import hashlib
import hmac

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from lakehouse.errors import SourceError
from lakehouse.standardise.rules import IDENTIFIER_RULES, RULES, identifier_rule, rule
from lakehouse.standardise.token import token

Case = tuple[str | None, str | None, str]
BLANKS: list[Case] = [(t, None, "missing") for t in (None, "", "  ", "-", "null", "NULL", "None", "N/A", "nan", "　")]
PHONES: list[Case] = [
    ("+8613912345678", "+8613912345678", "valid"),
    *((t, "+8613912345678", "repaired") for t in ("13912345678", " 139 1234 5678", "139-1234-5678", "8613912345678")),
    *((t, "+8613912345678", "repaired") for t in ("+86 139 1234 5678", "0086-13912345678", "(86)139.1234.5678")),
    *(
        (t, "+8613912345678", "repaired")
        for t in ("１３９１２３４５６７８", "＋８６　139－1234－5678", "（＋86）13912345678")
    ),
    ("19912345678", "+8619912345678", "repaired"),
    ("+14155552671", "+14155552671", "valid"),
    ("+44 20 7946 0958", "+442079460958", "repaired"),
    ("0081 90-1234-5678", "+819012345678", "repaired"),
    *((t, None, "suspect") for t in ("13800138000", "+8613800138000", "13888888888", "13999999999", "18888888888")),
    *((t, None, "invalid") for t in ("139****5678", "1391234567", "139123456789", "12345678901", "02012345678")),
    *((t, None, "invalid") for t in ("4155552671", "+86139123456", "86139123456789", "call me", "13912345678 ext 2")),
    *((t, None, "invalid") for t in ("+123456", "+0123456789", "+12345678901234567", "--", "１３９＊＊＊＊５６７８")),
]
EMAILS: list[Case] = [
    ("li.na@qq.com", "li.na@qq.com", "valid"),
    *(
        (t, "li.na@qq.com", "repaired")
        for t in ("Li.Na@QQ.com", " li.na@qq.com ", "li .na@qq.com", "ｌｉ．ｎａ＠ｑｑ．ｃｏｍ")
    ),
    ("o'brien+tag@mail.example-shop.co.uk", "o'brien+tag@mail.example-shop.co.uk", "valid"),
    *((t, None, "suspect") for t in ("test@qq.com", "noemail@shop.com", "example@shop.com", "a@a.com")),
    *(
        (t, None, "invalid")
        for t in ("li.na", "li.na@", "@qq.com", "li@qq", "li@na@qq.com", "li@qq..com", "li@-qq.com")
    ),
    (f"{'x' * 65}@qq.com", None, "invalid"),
]
NAMES: list[Case] = [
    ("李娜", "李娜", "valid"),
    ("Li Na", "Li Na", "valid"),
    ("LI  NA", "Li Na", "repaired"),
    ("ｌｉ　ｎａ", "Li Na", "repaired"),
    ("o'brien", "O'Brien", "repaired"),
    (" 李娜", "李娜", "repaired"),
    *((t, None, "suspect") for t in ("test", "测试", "匿名", "先生", "Unknown")),
    *((t, None, "invalid") for t in ("13912345678", "li@qq.com", "李娜2")),
]
GENDERS: list[Case] = [
    ("female", "female", "valid"),
    *((t, "female", "repaired") for t in ("F", "女", "2", " Female ", "女士", "Ｆ")),
    *((t, "male", "repaired") for t in ("m", "男", "1", "MALE", "先生")),
    *((t, None, "invalid") for t in ("x", "0", "未知", "3")),
]
DATES: list[Case] = [
    ("2025-01-31", "2025-01-31", "valid"),
    *(
        (t, "2025-01-31", "repaired")
        for t in ("2025/1/31", "20250131", "31.01.2025", "2025年1月31日", "２０２５－０１－３１")
    ),
    ("31/1/2025", "2025-01-31", "repaired"),
    ("2024-02-29", "2024-02-29", "valid"),
    ("1900-01-01", None, "suspect"),
    *(
        (t, None, "invalid")
        for t in ("2025-02-29", "2025-13-01", "1899-12-31", "2101-01-01", "today", "25-01-31", "0000-00-00")
    ),
]
CODES: list[Case] = [
    ("M0001", "M0001", "valid"),
    *((t, "M0001", "repaired") for t in ("Ｍ０００１", " M 00 01 ")),
    ("m0001", "m0001", "valid"),
    *((t, None, "suspect") for t in ("0", "000", "-1", "anonymous", "undefined", "none")),
]
NAME_PHONES: list[Case] = [
    ("王芳|138|5678", "王芳|138|5678", "valid"),
    *(
        (t, "王芳|138|5678", "repaired")
        for t in (
            "王芳|138****5678",
            " 王 芳 女士|+86 138-1234-5678",
            "王芳|１３８１２３４５６７８",
            "王芳|8613812345678",
        )
    ),
    ("Li Na|13912345678", "lina|139|5678", "repaired"),
    *(
        (t, None, "invalid")
        for t in ("王芳", "王芳|", "|138****5678", "王芳|1381234567", "13812345678|王芳", "王|138****5678")
    ),
    *((t, None, "suspect") for t in ("测试|138****5678", "王芳|13800138000")),
]
FULL_NAMES: list[Case] = [
    ("王芳", "王芳", "valid"),
    *((t, "王芳", "repaired") for t in (" 王 芳 ", "王芳女士", "王芳 先生")),
    *((t, "lina", "repaired") for t in ("Li Na", "LI NA", "Ｌｉ　Ｎａ")),
    *((t, None, "invalid") for t in ("王", "13812345678", "a@b.cn")),
    ("测试", None, "suspect"),
]
CASES = {
    "name_phone": NAME_PHONES,
    "full_name": FULL_NAMES,
    "phone": PHONES,
    "email": EMAILS,
    "name": NAMES,
    "gender": GENDERS,
    "date": DATES,
    "code": CODES,
}
KEYS = (b"k" * 32, b"a key that is longer than one block of SHA-256, which RFC 2104 hashes before use" * 2)


def test_every_rule_of_an_identifier_has_cases() -> None:
    assert {*IDENTIFIER_RULES.values(), "code"} <= set(CASES) <= set(RULES)


@pytest.mark.parametrize("name", list(CASES))
def test_a_rule_gives_value_and_status(spark: SparkSession, name: str) -> None:
    cases = [*BLANKS, *CASES[name]]
    frame = spark.createDataFrame([(n, case[0]) for n, case in enumerate(cases)], "n int, text string")
    rows = frame.select("n", rule(name)(F.col("text")).alias("r")).select("n", "r.*").orderBy("n").collect()
    found = [(cases[r["n"]][0], r["value"], r["status"]) for r in rows]
    assert [(one, other) for one, other in zip(found, cases, strict=True) if one != other] == []


@pytest.mark.parametrize("name", list(CASES))
def test_a_reason_is_given_when_there_is_no_value_and_only_then(spark: SparkSession, name: str) -> None:
    texts = [(case[0],) for case in [*BLANKS, *CASES[name]]]
    frame = spark.createDataFrame(texts, "text string").select(rule(name)(F.col("text")).alias("r")).select("r.*")
    assert frame.where(F.col("value").isNull() != F.col("reason").isNotNull()).collect() == []
    reasons = {r["status"]: r["reason"] for r in frame.where("reason IS NOT NULL").distinct().collect()}
    assert reasons["missing"] == "blank"
    assert reasons.get("suspect", "placeholder") == "placeholder"


def test_a_standardised_value_stays_as_it_is(spark: SparkSession) -> None:
    for name, cases in CASES.items():
        values = sorted({case[1] for case in cases if case[1]})
        frame = spark.createDataFrame([(v,) for v in values], "text string")
        again = frame.select("text", rule(name)(F.col("text")).alias("r")).where(
            "r.value <> text OR r.status <> 'valid'"
        )
        assert again.collect() == [], name


def test_a_rule_that_is_not_there_is_told() -> None:
    with pytest.raises(SourceError, match="fax"):
        rule("fax")


def test_an_identifier_goes_through_its_own_rule() -> None:
    assert identifier_rule("phone") is RULES["phone"]
    assert identifier_rule("recipient_phone") is RULES["phone"]
    assert identifier_rule("email") is RULES["email"]
    assert identifier_rule("member_no") is RULES["code"]


@pytest.mark.parametrize("key", KEYS, ids=["32 bytes", "longer than a block"])
def test_a_token_is_pythons_hmac(spark: SparkSession, key: bytes) -> None:
    values = ["+8613912345678", "M0001", "", "李娜", "x" * 500, None]
    frame = spark.createDataFrame([(v,) for v in values], "v string")
    found = [(r[0], r[1]) for r in frame.select("v", token("phone", F.col("v"), key)).collect()]
    expected = [
        (v, hmac.new(key, f"phone:{v}".encode(), hashlib.sha256).hexdigest()[:32] if v is not None else None)
        for v in values
    ]
    assert found == expected


def test_tokens_differ_by_type_and_by_key(spark: SparkSession) -> None:
    value = F.lit("12345678")
    tokens = [token(kind, value, key) for kind in ("phone", "member_no") for key in KEYS]
    row = spark.range(1).select(*[t.alias(f"t{n}") for n, t in enumerate(tokens)]).collect()[0]
    assert len(set(row)) == 4
