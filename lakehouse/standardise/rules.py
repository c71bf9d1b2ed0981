"""Named standardisation rules: ``Column -> struct(value, status, reason)``; valid, repaired, suspect, invalid or missing."""

from collections.abc import Callable

from pyspark.sql import Column
from pyspark.sql import functions as F

from lakehouse.errors import SourceError

Rule = Callable[[Column], Column]

WIDE = "０１２３４５６７８９＋－（）＠．＿" + "".join(chr(c) for c in range(0xFF21, 0xFF3B)) + "　"
NARROW = "0123456789+-()@._" + "ABCDEFGHIJKLMNOPQRSTUVWXYZ" + " "
PLACEHOLDERS = ("13800138000", "13000000000", "13888888888", "18888888888", "11111111111", "00000000000")


def narrow(text: Column) -> Column:
    """Full-width digits, letters and signs as their half-width forms, outer blanks off."""
    lower = "".join(chr(c) for c in range(0xFF41, 0xFF5B))
    wide = F.translate(text, WIDE, NARROW)
    return F.trim(F.translate(wide, lower, "abcdefghijklmnopqrstuvwxyz"))


def _result(value: Column, status: Column, reason: Column) -> Column:
    return F.struct(value.alias("value"), status.alias("status"), reason.alias("reason"))


def _is_blank(text: Column) -> Column:
    return text.isNull() | narrow(text).isin("", "-", "null", "NULL", "None", "N/A", "nan")


def _judge(text: Column, value: Column, *, ok: Column, suspect: Column, reason: str) -> Column:
    """The usual verdict: missing, suspect (a placeholder), valid as written, repaired, or invalid with ``reason``."""
    blank = _is_blank(text)
    usable = ~blank & F.coalesce(ok, F.lit(False))
    doubtful = usable & F.coalesce(suspect, F.lit(False))
    status = (
        F.when(blank, "missing")
        .when(doubtful, "suspect")
        .when(usable & (value == text), "valid")
        .when(usable, "repaired")
        .otherwise("invalid")
    )
    why = F.when(blank, "blank").when(doubtful, "placeholder").when(~usable, reason)
    return _result(F.when(usable & ~doubtful, value), status, why)


def phone(text: Column) -> Column:
    """A phone as E.164 (ITU-T). Numbers without country code are taken as mainland Chinese mobiles.

    Masked numbers, wrong lengths and placeholders never become a value.
    """
    compact = F.regexp_replace(narrow(text), r"[\s\-().]", "")
    digits = F.regexp_replace(compact, r"^(\+|00)", "")
    national = F.regexp_replace(digits, r"^86(?=1\d{10}$)", "")
    is_elsewhere = compact.rlike(r"^(\+|00)") & ~digits.startswith("86")  # +1 415… is no Chinese mobile 1415…
    is_cn = national.rlike(r"^1[3-9]\d{9}$") & ~is_elsewhere
    is_foreign = is_elsewhere & digits.rlike(r"^[1-9]\d{6,14}$")
    value = F.when(is_cn, F.concat(F.lit("+86"), national)).when(is_foreign, F.concat(F.lit("+"), digits))
    return _judge(text, value, ok=value.isNotNull(), suspect=_is_filler(national), reason="not_a_phone")


def _is_filler(national: Column) -> Column:
    return national.isin(*PLACEHOLDERS) | national.rlike(r"^(\d)\1{7,}|(\d)\2{8,}$")


def email(text: Column) -> Column:
    """An e-mail address, lower case, blanks out (RFC 5321 shape; the domain needs a dot)."""
    value = F.lower(F.regexp_replace(narrow(text), r"\s", ""))
    ok = value.rlike(r"^[a-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9-]+)+$")
    dummy = value.rlike(r"^(test|none|no|noemail|null|a|example)@")
    return _judge(text, value, ok=ok, suspect=dummy, reason="not_an_email")


def name(text: Column) -> Column:
    """A person's name: half-width, single blanks, Latin names capitalised; digits make it invalid."""
    plain = F.regexp_replace(narrow(text), r"\s+", " ")
    value = F.when(plain.rlike(r"^[A-Za-z .'-]+$"), F.initcap(plain)).otherwise(plain)
    ok = (F.length(value) >= 1) & ~value.rlike(r"\d|@")
    dummy = F.lower(value).isin("test", "测试", "匿名", "游客", "unknown", "先生", "女士")
    return _judge(text, value, ok=ok, suspect=dummy, reason="not_a_name")


def name_phone(text: Column) -> Column:
    """A name with what shops show of a phone, ``name|phone``: the name without blanks or title, three digits, and the last four.

    Of mainland Chinese mobiles, whole or masked (138****1234), which are the ones that marketplaces mask.
    """
    plain = F.lower(F.regexp_replace(narrow(text), r"\s", ""))
    who = _plain_name(F.substring_index(text, "|", 1))
    rest = F.regexp_replace(F.regexp_extract(plain, r"\|(.*)$", 1), r"[-().]", "")
    shown = F.regexp_replace(rest, r"^(\+|00)?86(?=1)", "")
    ok = (F.length(who) > 1) & ~who.rlike(r"\d|@") & shown.rlike(r"^1[3-9]\d([*\d]{4}|\|)\d{4}$")
    value = F.concat_ws("|", who, F.substring(shown, 1, 3), F.right(shown, F.lit(4)))
    dummy = who.isin("test", "测试", "匿名", "游客", "unknown") | _is_filler(shown)
    return _judge(text, value, ok=ok, suspect=dummy, reason="not_a_name_and_phone")


def full_name(text: Column) -> Column:
    """A name as something to compare: half-width, lower case, without blanks or title; one letter is no name."""
    value = _plain_name(text)
    dummy = value.isin("test", "测试", "匿名", "游客", "unknown", "undefined")
    return _judge(text, value, ok=(F.length(value) > 1) & ~value.rlike(r"\d|@"), suspect=dummy, reason="not_a_name")


def _plain_name(text: Column) -> Column:
    return F.regexp_replace(F.lower(F.regexp_replace(narrow(text), r"\s", "")), "(先生|女士)$", "")


def gender(text: Column) -> Column:
    """Gender as female or male, from the usual codes in English and Chinese; anything else is invalid."""
    word = F.lower(narrow(text))
    value = F.when(word.isin("f", "female", "女", "w", "2", "女士"), "female").when(
        word.isin("m", "male", "男", "1", "先生"), "male"
    )
    return _judge(text, value, ok=value.isNotNull(), suspect=F.lit(False), reason="unknown_gender")


def date(text: Column) -> Column:
    """A day from the usual orders: 2025-01-31, 2025/1/31, 20250131, 31.01.2025, 2025年1月31日."""
    plain = F.regexp_replace(narrow(text), r"[年月/.]", "-")
    plain = F.regexp_replace(plain, "日", "")
    compact = F.regexp_replace(plain, r"^(\d{4})(\d{2})(\d{2})$", "$1-$2-$3")
    iso = F.regexp_replace(compact, r"^(\d{1,2})-(\d{1,2})-(\d{4})$", "$3-$2-$1")
    day = F.to_date(F.try_to_timestamp(iso, F.lit("y-M-d")))
    value = F.date_format(day, "yyyy-MM-dd")
    ok = day.between(F.lit("1900-01-01").cast("date"), F.lit("2100-01-01").cast("date"))
    return _judge(text, value, ok=ok, suspect=day == F.lit("1900-01-01").cast("date"), reason="not_a_date")


def code(text: Column) -> Column:
    """An identifier of a system: half-width, blanks out, letters as they are; blank and dummy values are missing."""
    value = F.regexp_replace(narrow(text), r"\s", "")
    dummy = value.rlike(r"^(0+|-1|null|none|anonymous|undefined)$")
    return _judge(text, value, ok=F.length(value) >= 1, suspect=dummy, reason="not_a_code")


RULES: dict[str, Rule] = {
    "phone": phone,
    "email": email,
    "name": name,
    "name_phone": name_phone,
    "full_name": full_name,
    "gender": gender,
    "date": date,
    "code": code,
}
IDENTIFIER_RULES = {
    "phone": "phone",
    "recipient_phone": "phone",
    "email": "email",
    "name_phone": "name_phone",
    "full_name": "full_name",
    "birth_on": "date",
}


def rule(named: str) -> Rule:
    """The rule of that name. Raises :class:`SourceError` when there is none."""
    if named not in RULES:
        raise SourceError(f"there is no such rule; known: {', '.join(RULES)}", rule=named)
    return RULES[named]


def identifier_rule(id_type: str) -> Rule:
    """The rule that an identifier type goes through before it is hashed: its own, else ``code``."""
    return RULES[IDENTIFIER_RULES.get(id_type, "code")]
