"""Puts dirt on clean fields and whole lines: SQL expressions that follow the rates of ``dirt``."""

from simulate import dirt
from simulate.dice import Dice, quoted

_NARROW = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_WIDE = "".join(chr(ord(letter) + 0xFEE0) for letter in _NARROW)


def cases(dice: Dice, salt: str, keys: tuple[str, ...], otherwise: str, ways: list[tuple[float, str]]) -> str:
    """SQL: one of several expressions, each at its own rate, else the last resort; one throw decides."""
    throw, reached, branches = dice.share(salt, *keys), 0.0, []
    for rate, expression in ways:
        reached += rate
        branches.append(f"WHEN {throw} < {reached:.6f} THEN {expression}")
    return f"CASE {' '.join(branches)} ELSE {otherwise} END"


def wide(text: str) -> str:
    """SQL: letters and digits in their full-width form, as an input method for Chinese leaves them."""
    return f"translate({text}, '{_NARROW}', '{_WIDE}')"


def phone(dice: Dice, salt: str, column: str, *keys: str) -> str:
    """SQL: a phone (a column of 11 digits) as people and tills write it down."""
    pieces = f"substring({column}, 1, 3), substring({column}, 4, 4), substring({column}, 8, 4)"
    digit = f"overlay({column} PLACING cast({dice.below(10, f'{salt}.digit', *keys)} AS STRING) FROM 9)"
    ways = [
        (dirt.PHONE_MISSING, "CAST(NULL AS STRING)"),
        (dirt.PHONE_MISTYPED, digit),
        (dirt.PHONE_PLACEHOLDER, dice.pick(dirt.PLACEHOLDER_PHONES, f"{salt}.filler", *keys)),
        (dirt.PHONE_FULL_WIDTH, wide(column)),
        (dirt.PHONE_PLUS_86, f"concat('+86', {column})"),
        (dirt.PHONE_SPACED, f"concat_ws(' ', {pieces})"),
        (dirt.PHONE_DASHED, f"concat_ws('-', {pieces})"),
    ]
    return f"CASE WHEN {column} IS NOT NULL THEN {cases(dice, salt, keys, column, ways)} END"


def email(dice: Dice, salt: str, column: str, *keys: str, missing: float = dirt.EMAIL_MISSING) -> str:
    """SQL: an e-mail address (a lower-case column) as it is typed into forms."""
    ways = [
        (missing, "CAST(NULL AS STRING)"),
        (dirt.EMAIL_MISTYPED, f"replace(replace({column}, '@', '#'), '.com', ',com')"),
        (dirt.EMAIL_SHOUTED, f"upper({column})"),
        (dirt.EMAIL_PADDED, f"concat(' ', {column}, ' ')"),
        (dirt.EMAIL_PLACEHOLDER, quoted(dirt.PLACEHOLDER_EMAIL)),
    ]
    return cases(dice, salt, keys, column, ways)


def name(dice: Dice, salt: str, column: str, *keys: str) -> str:
    """SQL: a person's name (a column) as clerks and forms keep it."""
    ways = [
        (dirt.NAME_MISSING, "CAST(NULL AS STRING)"),
        (dirt.NAME_SPACED, f"concat('  ', {column}, ' ')"),
        (dirt.NAME_FULL_WIDTH, wide(column)),
        (dirt.NAME_TITLED, f"concat({column}, '女士')"),
    ]
    return cases(dice, salt, keys, column, ways)


def birth_date(dice: Dice, salt: str, column: str, *keys: str) -> str:
    """SQL: a birth date (a column of ISO dates as text) in the forms that members give."""
    ways = [
        (dirt.BIRTH_DATE_MISSING, "CAST(NULL AS STRING)"),
        (dirt.BIRTH_DATE_PLACEHOLDER, quoted(dirt.PLACEHOLDER_BIRTH_DATE)),
        (dirt.BIRTH_DATE_SLASHED, f"replace({column}, '-', '/')"),
    ]
    return cases(dice, salt, keys, column, ways)


def broken_json(dice: Dice) -> str:
    """SQL: the column ``value`` with some lines cut off in the middle."""
    cut = "substring(value, 1, length(value) DIV 2)"
    return cases(dice, "broken.json", ("value",), "value", [(dirt.ROW_MALFORMED, cut)])


def broken_csv(dice: Dice) -> str:
    """SQL: the column ``value`` with some lines that have too few or too many columns."""
    ways = [
        (dirt.ROW_MALFORMED / 2, "substring_index(value, ',', 3)"),
        (dirt.ROW_MALFORMED / 2, "concat(value, ',,0')"),
    ]
    return cases(dice, "broken.csv", ("value",), "value", ways)


def copies(dice: Dice) -> str:
    """SQL: how often the line ``value`` is written, once or twice."""
    return f"IF({dice.chance(dirt.ROW_DUPLICATED, 'copies', 'value')}, 2, 1)"


def lateness(dice: Dice, salt: str, *keys: str) -> str:
    """SQL: days by which a row arrives late: 0, sometimes 1 or 2."""
    late = f"1 + {dice.below(2, f'{salt}.by', *keys)}"
    return f"IF({dice.chance(dirt.ROW_LATE, salt, *keys)}, {late}, 0)"
