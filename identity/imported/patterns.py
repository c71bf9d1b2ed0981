"""Foreign patterns and SQL in our words: regular expressions that hold for the whole value, columns as fields of a record."""

import re

TOKEN = re.compile(r"""'(?:[^']|'')*'|"(?P<quoted>[^"]+)"|(?P<word>[A-Za-z_][\w.]*)(?P<call>\s*\()?|[^'"\w]+|\w+""")
KEYWORDS = re.compile(
    "and|any|as|between|bigint|case|cast|date|decimal|distinct|double|else|end|escape|false|from|ilike|in|int|integer|is|like"
    "|not|null|or|rlike|string|then|timestamp|true|varchar|when",
    re.IGNORECASE,
)
NAMED_GROUP = re.compile(r"(?<!\\)\(\?P?<[A-Za-z]\w*>")
COLUMN = re.compile(r'"?([A-Za-z_]\w*)"?')


def found_anywhere(pattern: str) -> str:
    """The same pattern for the whole value, of one that may be found anywhere in it (as SQL's ``regexp_like`` has it)."""
    anchored = pattern.startswith("^") and pattern.endswith("$") and not pattern.endswith(r"\$") and "|" not in pattern
    if anchored:
        return pattern[1:-1]
    if "|" not in pattern and pattern.startswith(".*") and pattern.endswith(".*"):
        return pattern
    return f".*(?:{pattern}).*"


def without_names(pattern: str) -> str:
    """The same pattern with its named groups as plain ones: each system writes names in its own way, a match needs none."""
    return NAMED_GROUP.sub("(", pattern)


def any_of(patterns: list[str]) -> str | None:
    """One pattern for what matches any of several; None for none."""
    if len(patterns) < 2:
        return patterns[0] if patterns else None
    return "|".join(f"(?:{pattern})" for pattern in patterns)


def field_of(column: str) -> str:
    """A column's name as a field of our record: ``$.name``, in brackets where the name is no plain word."""
    return f"$.{column}" if COLUMN.fullmatch(column) else f"$['{column}']"


def fields_of(sql: str) -> tuple[str, bool]:
    """``(text, is_exact)``: SQL over columns as SQL over the record's fields; not exact where words had to be judged."""
    if plain := COLUMN.fullmatch(sql.strip()):
        return field_of(plain[1]), True

    def rewritten(match: re.Match[str]) -> str:
        word = match["word"]
        if match["quoted"]:
            return field_of(match["quoted"])
        if word and not match["call"] and not KEYWORDS.fullmatch(word):
            return f"$.{word}"
        return match[0]

    return TOKEN.sub(rewritten, sql.strip()), bool(re.fullmatch(r"\w+\(\s*\w+\s*\)", sql.strip()))
