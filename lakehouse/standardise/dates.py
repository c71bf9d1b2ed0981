"""Days and times of the usual written forms, as ISO 8601 dates and UTC times."""

from lakehouse.standardise.texts import BLANKS, is_blank, narrow
from lakehouse.standardise.verdict import Rule, extracted, let, matches, quoted, refused, replaced

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
MONTH = rf"({'|'.join(MONTHS)})[a-z]*[.]?"
WEEKDAY = r"(?i)^(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*[,.]? )?"
DAY_MONTH = rf"{WEEKDAY}(\d{{1,2}})(?:st|nd|rd|th)?[ -]{MONTH}[ ,-]+(\d{{4}})$"
MONTH_DAY = rf"{WEEKDAY}{MONTH}[ -](\d{{1,2}})(?:st|nd|rd|th)?[ ,]+(\d{{4}})$"
YEAR_LAST = {"dmy": "$3-$2-$1", "mdy": "$3-$1-$2", "ymd": "$3-$2-$1"}
"""What day and month first mean where the year stands last, by the order of a source."""
EPOCH = r"^\d{10}(?:\d{3}(?:\d{3})?)?$"
SERIAL = r"^[1-9]\d{4}(?:[.]\d+)?$"
HOUR = r"((?:[APap][Mm]|[上下]午)?[ ]?\d{1,2}"
MINUTES = r"(?:[:时点]\d{0,2}(?:[:分]\d{0,2}(?:[.,]\d{1,9})?秒?)?分?)?"
CLOCK = rf"(?:T|,? |(?<=日)){HOUR}{MINUTES}(?:[ ]?[APap][.]?[Mm][.]?)?)"
ZONE = r"[ ]?(Z|UTC|GMT|[+-]\d{2}:?\d{2}|[+-]\d{2}|[A-Z][a-z]+/[A-Z][A-Za-z_]+)?$"
BASIC, BASIC_FORM = r"^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})", "$1-$2-$3T$4:$5:$6"
WHOLE = r"^\d{4}-\d{1,2}-\d{1,2}$"
STAMP = "yyyy-MM-dd'T'HH:mm:ss.SSSSSS"
TRAILING = r"(?<=[.]\d{1,5})0+$"
FIRST, LAST = "1900-01-01", "2100-01-01"


def date(text: str, order: str = "dmy", pivot: str = "", numbers: str = "refuse") -> str:
    """SQL of the verdict on a day, from 1900 to 2100; the first of these is what systems write for none."""
    day = f"try_cast({_iso(replaced('_plain', CLOCK + ZONE), order, pivot)} AS DATE)"
    found = _from_number(day) if numbers == "accept" else day
    judged = (
        f"CASE WHEN _day = '{FIRST}' THEN {refused('suspect', 'placeholder')} "
        f"WHEN _day > '{FIRST}' AND _day <= '{LAST}' THEN _day ELSE {refused('invalid', 'not_a_date')} END"
    )
    read = let("_plain", _plain(text), let("_day", f"date_format({found}, 'yyyy-MM-dd')", judged))
    return f"CASE WHEN {is_blank(text)} THEN NULL ELSE {read} END"


def _plain(text: str) -> str:
    return replaced(replaced(narrow(text), f"[{BLANKS}]+", " "), BASIC, BASIC_FORM)


def steps(order: str, pivot: str) -> list[tuple[str, str]]:
    """Rewritings of a written day towards y-M-d, one after the other: each leaves alone what is not its own."""
    found = [(r"[年月/.]", "-"), ("[日号]$", ""), (r"^(\d{4})(\d{2})(\d{2})$", "$1-$2-$3")]
    if pivot and order != "ymd":
        found.append((r"^(\d{1,2})-(\d{1,2})-(\d{2})$", YEAR_LAST[order]))
    return [*found, (r"^(\d{1,2})-(\d{1,2})-(\d{4})$", YEAR_LAST[order])]


def _iso(day: str, order: str, pivot: str) -> str:
    """A written day as y-M-d; null where it is of no known form."""
    result = let("_written", day, f"if({matches('_written', f'(?i){MONTH}')}, {_with_month()}, _written)")
    for pattern, form in steps(order, pivot):
        result = replaced(result, pattern, form)
    return let("_iso", result, _with_century(pivot) if pivot else f"if({matches('_iso', WHOLE)}, _iso, NULL)")


def _with_century(pivot: str) -> str:
    """Two digits up to the pivot are of 2000, above it of 1900."""
    short = matches("_iso", r"^\d{2}-\d{1,2}-\d{1,2}$")
    century = f"if(try_cast(left(_iso, 2) AS INT) <= {int(pivot)}, '20', '19')"
    return f"CASE WHEN {short} THEN concat({century}, _iso) WHEN {matches('_iso', WHOLE)} THEN _iso END"


def _with_month() -> str:
    """31 Jan 2025, Jan 31st, 2025 and 31-JAN-2025 as 2025-1-31."""
    ordered = replaced(replaced("_written", DAY_MONTH, "$3-$2-$1"), MONTH_DAY, "$3-$1-$2")
    names = ", ".join(map(quoted, MONTHS))
    number = f"array_position(array({names}), lower(split_part(_ordered, '-', 2)))"
    whole = f"concat(split_part(_ordered, '-', 1), '-', {number}, '-', split_part(_ordered, '-', 3))"
    return let("_ordered", ordered, whole)


EPOCH_TIME = "timestamp_micros(try_cast(rpad(_plain, 16, '0') AS BIGINT))"
"""Seconds, milli- and microseconds since 1970, told apart by their number of digits."""


def _from_number(day: str) -> str:
    """Seconds since 1970, and days as spreadsheets count them (1900 system), beside written days."""
    return (
        f"CASE WHEN {matches('_plain', EPOCH)} THEN CAST({EPOCH_TIME} AS DATE) WHEN {matches('_plain', SERIAL)} "
        f"THEN date_add(DATE'1899-12-30', CAST(try_cast(_plain AS DOUBLE) AS INT)) ELSE {day} END"
    )


def timestamp(text: str, order: str = "dmy", pivot: str = "", numbers: str = "accept", zone: str = "UTC") -> str:
    """SQL of the verdict on a time."""
    instant = _instant(order, pivot, zone)
    if numbers == "accept":
        millis = "CAST(round((try_cast(_plain AS DOUBLE) - 25569) * 86400000) AS BIGINT)"
        serial = f"to_utc_timestamp(timestamp_millis({millis}), {quoted(zone)})"
        instant = (
            f"CASE WHEN {matches('_plain', EPOCH)} THEN {EPOCH_TIME} "
            f"WHEN {matches('_plain', SERIAL)} THEN {serial} ELSE {instant} END"
        )
    judged = (
        f"CASE WHEN _time = '{FIRST}T00:00:00.000000' THEN {refused('suspect', 'placeholder')} "
        f"WHEN _time > '{FIRST}' AND _time < '{LAST}' THEN concat({replaced(replaced('_time', '[.]0+$'), TRAILING)}, 'Z') "
        f"ELSE {refused('invalid', 'not_a_time')} END"
    )
    written = f"date_format({instant}, {quoted(STAMP)})"
    return f"CASE WHEN {is_blank(text)} THEN NULL ELSE {let('_plain', _plain(text), let('_time', written, judged))} END"


def _instant(order: str, pivot: str, zone: str) -> str:
    """Day, clock and zone put together for Spark's cast; a time without zone is of ``zone``."""
    day = _iso(replaced("_plain", CLOCK + ZONE), order, pivot)
    clock = let("_clock", extracted("_plain", CLOCK + ZONE, 1), _clock())
    offset = replaced(extracted("_plain", CLOCK + ZONE, 2), r"^([+-]\d{2})(\d{2})$", "$1:$2")
    offset = replaced(replaced(offset, r"^([+-]\d{2})$", "$1:00"), "^$", zone)
    at = f"CASE WHEN {matches('_plain', CLOCK + ZONE)} THEN concat({clock}, ' ', {offset})"
    return f"try_cast(concat({day}, ' ', {at} ELSE {quoted(f'00:00:00 {zone}')} END) AS TIMESTAMP)"


def _clock() -> str:
    """10时5分, 3:05 PM and 下午3点 as H:m:s with a fraction."""
    plain = replaced(replaced("_clock", "[时点分]", ":"), r"[秒 .APMapm上下午]+$|^[ APMapm上下午]+")
    full = replaced(f"replace(concat(rtrim(':', {plain}), ':00:00'), ',', '.')", r"^([^:]*:[^:]*:[^:]*):.*$", "$1")
    late, early = matches("_clock", "(?i)p[.]?m|下午"), matches("_clock", "(?i)a[.]?m|上午")
    hour = f"CASE WHEN {late} AND _hour < 12 THEN _hour + 12 WHEN {early} AND _hour = 12 THEN 0 ELSE _hour END"
    number = "try_cast(split_part(_full, ':', 1) AS INT)"
    return let("_full", full, let("_hour", number, f"concat({hour}, {replaced('_full', '^[^:]*')})"))


ORDERS = tuple(YEAR_LAST)
PIVOTS = tuple(f"{n:02}" for n in range(100))
NUMBERS = ("refuse", "accept")
RULES = (
    Rule(
        "date",
        date,
        "A day as yyyy-MM-dd: 2025-01-31, 20250131, 31.01.2025, 2025年1月31日, 31 Jan 2025, with or without a clock time.",
        version=2,
        options={"order": ORDERS, "pivot": PIVOTS, "numbers": NUMBERS},
    ),
    Rule(
        "timestamp",
        timestamp,
        "A time as UTC in ISO 8601: written with or without a zone, AM/PM, 10时5分, seconds since 1970, spreadsheet numbers.",
        options={"order": ORDERS, "pivot": PIVOTS, "numbers": NUMBERS, "zone": ()},
    ),
)
