"""Regular expressions of rules as Spark SQL that finds the same and costs less, where their form is one of the usual ones.

Java's matcher costs 100 to 300 ns a text. A code of a fixed text and so many digits needs none: its length in bytes, its order
among texts, and whether the digits are a number say the same. A class such as ``[a-z0-9.]`` is spelled out, since Java tests
a set of single characters by one look-up, and ranges by a chain of calls.
"""

import re
import string

CODE = re.compile(
    r"(?P<head>(?:[A-Za-z0-9 _:;,/#@=&%~<>!\"'-]|\\[.+*?(){}|$^/\[\]-])*)(?:\[0-9\]|\\d)(?:\{(?P<digits>\d{1,2})\})?"
)
"""A fixed text (special characters escaped), then so many digits."""
MOST_DIGITS = 17
"""With one digit more the number still fits 64 bits."""
PARTS = re.compile(
    r"\\.|\[(?P<plain>(?:[A-Za-z0-9]-[A-Za-z0-9]|[A-Za-z0-9 .,;:_@#%+*/=!?'\"<>()|{}$~-])+)\]|.", re.DOTALL
)
"""An escaped character, a class of plain characters and ranges, or any other character."""
ELSEWHERE = ("(?", "\\Q", "[^", "&&", "[:")
"""Where these stand, a class may mean something else, and the pattern is left as it is."""
RANGES = (string.ascii_lowercase, string.ascii_uppercase, string.digits)


def matching(column: str, pattern: str) -> str:
    """A Spark SQL predicate: the whole text of the column matches the pattern (Java's dialect)."""
    found = CODE.fullmatch(pattern)
    digits = int(found["digits"] or 1) if found else 0
    if found and 1 <= digits <= MOST_DIGITS:
        return _code(f"`{column}`", re.sub(r"\\(.)", r"\1", found["head"]), digits)
    return f"`{column}` RLIKE {quoted(whole(spelled(pattern)))}"


def quoted(text: str) -> str:
    """A text as a Spark SQL literal."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def whole(pattern: str) -> str:
    """The pattern where the whole text must match; with a group, which costs a third of the time, only where one is needed."""
    return f"^(?:{pattern})\\z" if "|" in pattern else f"^{pattern}\\z"


def _code(name: str, head: str, digits: int) -> str:
    """The text is ``head`` and so many digits.

    A number may have a sign or spaces around it: that the first digit is none of them is told by the order of texts, and
    that nothing follows the last one by a digit that is put behind it. Of no text nothing is known, as with ``RLIKE``.
    """
    first, after = quoted(f"{head}0"), quoted(f"{head}:")  # the colon comes after 9
    number = f"try_cast(concat(substr({name}, {len(head) + 1}), '0') AS bigint)"
    size = f"octet_length({name}) = {len(head) + digits}"
    return f"if({name} IS NULL, NULL, {size} AND {name} >= {first} AND {name} < {after} AND {number} IS NOT NULL)"


def spelled(pattern: str) -> str:
    """The pattern with its plain classes spelled out; as it is where a class may mean something else."""
    if any(mark in pattern for mark in ELSEWHERE):
        return pattern
    return PARTS.sub(lambda found: f"[{_members(found['plain'])}]" if found["plain"] else found[0], pattern)


def _members(plain: str) -> str:
    """The characters of a class, each once, those that mean something in a class escaped."""
    found: dict[str, None] = {}
    for part in re.findall(r"[A-Za-z0-9]-[A-Za-z0-9]|.", plain):
        low, high = part[0], part[-1]
        found |= dict.fromkeys(chr(code) for code in range(ord(low), ord(high) + 1))
    return "".join(f"\\{c}" if c in "-&^[]" else c for c in found)
