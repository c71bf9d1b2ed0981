"""What a value looks like: the shapes of phones, addresses, times and codes, as regular expressions that DuckDB counts."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """A shape of values. ``sql`` is DuckDB over ``v`` (trimmed text); ``rule`` the standardisation rule that reads it;
    ``is_personal``: what has this shape says who somebody is.
    """

    name: str
    sql: str
    words: str
    rule: str = ""
    is_personal: bool = False


@dataclass(frozen=True, slots=True)
class TimeFormat:
    """How a time is written: ``pattern`` as DuckDB reads it, ``spark`` the expression over ``{}`` that gives a timestamp."""

    pattern: str
    spark: str
    words: str


def _like(expression: str) -> str:
    return f"regexp_full_match(v, '{expression}')"


ID_CARD = r"[1-9]\d{5}(19|20)\d{2}(0[1-9]|1[0-2])([0-2]\d|3[01])\d{3}[0-9Xx]"
ADDRESS = r".*(省|市|区|县|镇|街道|路|巷|弄|号|室).*\d.*|.*\d.*(号|室|弄|栋|单元).*"
PHONE = r"(\+|00)?(86)?[ -]?1[3-9]\d([ -]?\d{4}){2}|\+[1-9]\d{6,14}|1[3-9]\d\*{4}\d{4}"
_DIGIT = "TRY_CAST(c AS INT)"
LUHN = (
    "(list_sum(list_transform(string_split(v, ''), lambda c, i: "
    f"CASE WHEN (length(v) - i) % 2 = 1 THEN ({_DIGIT} * 2) // 10 + ({_DIGIT} * 2) % 10 ELSE {_DIGIT} END)) % 10 = 0)"
)
# From the narrowest to the widest: the first that fits nearly all values is what a column holds.
KINDS = (
    Kind("email", _like(r"(?i)[^@\s]+@[a-z0-9-]+(\.[a-z0-9-]+)+"), "e-mail addresses", "email", is_personal=True),
    Kind(
        "id_card",
        _like(r"[1-9]\d{5}(19|20)\d{2}(0[1-9]|1[0-2])([0-2]\d|3[01])\d{3}[0-9Xx]"),
        "identity cards",
        is_personal=True,
    ),
    Kind("phone", _like(PHONE), "phones", "phone", is_personal=True),
    Kind(
        "bank_card", f"{_like(r'[3-6][0-9]{12,18}')} AND {LUHN}", "payment cards (check digit right)", is_personal=True
    ),
    Kind("uuid", _like(r"(?i)[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"), "UUIDs"),
    Kind("ip", _like(r"\d{1,3}(\.\d{1,3}){3}"), "IP addresses", is_personal=True),
    Kind("url", _like(r"(?i)https?://\S+"), "URLs"),
    Kind(
        "gender",
        "lower(v) IN ('f', 'm', 'female', 'male', '男', '女', '男士', '女士', '先生', 'w')",
        "genders",
        "gender",
    ),
    Kind("boolean", "lower(v) IN ('true', 'false', 'yes', 'no', 'y', 'n', 't', 'f', '是', '否')", "yes or no"),
    Kind("time", "", "times"),
    Kind("date", "", "dates", "date"),
    Kind("integer", _like(r"[+-]?\d{1,18}"), "whole numbers"),
    Kind("decimal", _like(r"[¥￥$€]?[+-]?(\d{1,3}(,\d{3})+|\d{1,15})(\.\d{1,6})?"), "numbers"),
    Kind(
        "address_cn",
        _like(r".*(省|市|区|县|镇|街道|路|巷|弄|号|室).*\d.*|.*\d.*(号|室|弄|栋|单元).*"),
        "addresses",
        is_personal=True,
    ),
    Kind("name_cn", _like(r"[\x{4e00}-\x{9fa5}·]{2,4}(先生|女士)?"), "Chinese words of two to four signs"),
    Kind("code", _like(r"[A-Za-z0-9][A-Za-z0-9_.:/-]*"), "codes"),
)
BY_NAME = {kind.name: kind for kind in KINDS}

TIMES = (
    TimeFormat("%Y-%m-%d %H:%M:%S", "{}", "2025-01-31 10:00:00"),
    TimeFormat("%Y-%m-%dT%H:%M:%S", "{}", "2025-01-31T10:00:00"),
    TimeFormat("iso", "{}", "ISO 8601 with zone"),
    TimeFormat("%Y/%m/%d %H:%M:%S", "try_to_timestamp({}, 'yyyy/M/d H:mm:ss')", "2025/1/31 10:00:00"),
    TimeFormat("%Y/%m/%d %H:%M", "try_to_timestamp({}, 'yyyy/M/d H:mm')", "2025/1/31 10:00"),
    TimeFormat("%Y-%m-%d %H:%M", "try_to_timestamp({}, 'yyyy-M-d H:mm')", "2025-01-31 10:00"),
    TimeFormat("%Y%m%d%H%M%S", "try_to_timestamp({}, 'yyyyMMddHHmmss')", "20250131100000"),
    TimeFormat("%Y年%m月%d日 %H:%M:%S", "try_to_timestamp({}, 'yyyy年M月d日 H:mm:ss')", "2025年1月31日 10:00:00"),
    TimeFormat("%Y年%m月%d日 %H:%M", "try_to_timestamp({}, 'yyyy年M月d日 H:mm')", "2025年1月31日 10:00"),
    TimeFormat("%d.%m.%Y %H:%M:%S", "try_to_timestamp({}, 'd.M.yyyy H:mm:ss')", "31.01.2025 10:00:00"),
    TimeFormat("%d.%m.%Y %H:%M", "try_to_timestamp({}, 'd.M.yyyy H:mm')", "31.01.2025 10:00"),
    TimeFormat("%m/%d/%Y %H:%M:%S", "try_to_timestamp({}, 'M/d/yyyy H:mm:ss')", "1/31/2025 10:00:00"),
    TimeFormat("%d/%m/%Y %H:%M:%S", "try_to_timestamp({}, 'd/M/yyyy H:mm:ss')", "31/1/2025 10:00:00"),
    TimeFormat("%d/%m/%Y %H:%M", "try_to_timestamp({}, 'd/M/yyyy H:mm')", "31/1/2025 10:00"),
    TimeFormat("%m/%d/%Y %H:%M", "try_to_timestamp({}, 'M/d/yyyy H:mm')", "1/31/2025 10:00"),
    TimeFormat("millis", "timestamp_millis(try_cast({} as bigint))", "milliseconds since 1970"),
    TimeFormat("seconds", "timestamp_seconds(try_cast({} as bigint))", "seconds since 1970"),
)
DATES = (
    TimeFormat("%Y-%m-%d", "{}", "2025-01-31"),
    TimeFormat("%Y/%m/%d", "try_to_timestamp({}, 'yyyy/M/d')", "2025/1/31"),
    TimeFormat("%Y%m%d", "try_to_timestamp({}, 'yyyyMMdd')", "20250131"),
    TimeFormat("%Y年%m月%d日", "try_to_timestamp({}, 'yyyy年M月d日')", "2025年1月31日"),
    TimeFormat("%d.%m.%Y", "try_to_timestamp({}, 'd.M.yyyy')", "31.01.2025"),
    TimeFormat("%m/%d/%Y", "try_to_timestamp({}, 'M/d/yyyy')", "1/31/2025"),
    TimeFormat("%d/%m/%Y", "try_to_timestamp({}, 'd/M/yyyy')", "31/1/2025"),
)


def time_sql(form: TimeFormat) -> str:
    """DuckDB over ``v``: whether a value is written so and lies between 1900 and 2100."""
    if form.pattern == "millis":
        return "regexp_full_match(v, '[1-3]?\\d{12}') AND length(v) = 13"
    if form.pattern == "seconds":
        return "regexp_full_match(v, '[1-3]\\d{9}')"
    if form.pattern == "iso":
        zone = r"(\.\d{1,9})?\s?(Z|[+-]\d{2}(:?\d{2})?)?"
        return f"regexp_full_match(v, '\\d{{4}}-\\d{{2}}-\\d{{2}}[T ]\\d{{2}}:\\d{{2}}(:\\d{{2}})?{zone}')"
    return f"year(try_strptime(v, '{form.pattern}')) BETWEEN 1900 AND 2100"


def moment_sql(form: TimeFormat) -> str:
    """DuckDB over ``v``: the moment that a value of this format tells, null where it is none."""
    if form.pattern == "millis":
        return "make_timestamp(TRY_CAST(v AS BIGINT) * 1000)"
    if form.pattern == "seconds":
        return "make_timestamp(TRY_CAST(v AS BIGINT) * 1000000)"
    if form.pattern == "iso":
        return "CAST(TRY_CAST(v AS TIMESTAMPTZ) AS TIMESTAMP)"
    return f"try_strptime(v, '{form.pattern}')"


PLACEHOLDERS = (
    "-", "--", "null", "none", "n/a", "na", "nan", "nil", "undefined", "unknown", "test", "00000000000", "13800138000",
    "13000000000", "13888888888", "18888888888", "11111111111", "test@test.com", "a@a.com", "none@none.com", "1900-01-01",
    "1970-01-01", "9999-12-31", "未知", "无", "空", "匿名", "游客", "测试",
)  # fmt: skip
