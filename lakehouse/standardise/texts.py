"""What all rules begin with: half-width forms, outer blanks, and the words that systems write for nothing."""

import unicodedata
from functools import cache

from lakehouse.standardise.verdict import quoted

LATIN = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
NARROW = "0123456789+-()@._" + LATIN + " "
WIDE = "".join("　" if sign == " " else chr(ord(sign) + 0xFEE0) for sign in NARROW)
HALF_WIDTH = str.maketrans(WIDE, NARROW)
NOTHING = ("", "-", "null", "NULL", "None", "N/A", "nan")
BLANKS = r"\s\x01\x02\u0085\u00a0\u2028\u2029\u200b\ufeff"
"""White space for a class of a regular expression: ASCII's, and what web pages and Windows put between words."""


def narrow(text: str) -> str:
    """SQL: full-width digits, letters and signs as their half-width forms, outer blanks off."""
    wide = f"translate({text}, {quoted(WIDE)}, {quoted(NARROW)})"
    return f"trim(if(octet_length({text}) = char_length({text}), {text}, {wide}))"  # ASCII has nothing wide


def is_blank(text: str) -> str:
    """SQL: whether there is nothing in a text, or a word for nothing."""
    return f"({text} IS NULL OR {narrow(text)} IN ({', '.join(map(quoted, NOTHING))}))"


def squeezed(text: str) -> str:
    """SQL: half-width, without any blank."""
    return f"regexp_replace({narrow(text)}, {quoted(f'[{BLANKS}]+')}, '')"


def one_of(words: tuple[str, ...]) -> str:
    """A list of literals for SQL's IN."""
    return "(" + ", ".join(map(quoted, words)) + ")"


@cache
def compatible_characters() -> tuple[str, str]:
    """Unicode's NFKC (UAX 15) for the characters of the first plane that it maps to one other: from and to."""
    pairs = [(chr(c), unicodedata.normalize("NFKC", chr(c))) for c in range(0xA0, 0x10000) if not 0xD800 <= c < 0xE000]
    kept = [(one, other) for one, other in pairs if len(other) == 1 and one != other]
    return "".join(one for one, _ in kept), "".join(other for _, other in kept)


def composed(text: str) -> str:
    """SQL: :func:`compatible_characters` applied, outer blanks off."""
    one, other = compatible_characters()
    whole = f"translate({text}, {quoted(one)}, {quoted(other)})"
    return f"trim(if(octet_length({text}) = char_length({text}), {text}, {whole}))"
