"""Spark SQL of a source file for one column of a sample: how its field is named, and how its text becomes a typed value."""

import re

from lakehouse.samples.columns import ColumnFacts
from lakehouse.samples.reading import ITEM

PLAIN = re.compile(r"[A-Za-z_]\w*", re.ASCII)
FILE_TIME = "timestamp_micros(_sequence)"
SAID = {
    "grant": ("grant", "granted", "yes", "y", "true", "1", "opt_in", "optin", "accept", "同意", "授权", "是", "允许"),
    "deny": ("deny", "denied", "no", "n", "false", "0", "reject", "拒绝", "否", "不同意"),
    "withdraw": ("withdraw", "withdrawn", "revoke", "revoked", "opt_out", "optout", "撤回", "取消", "撤销"),
}


def field(name: str) -> str:
    """A field as source files name it: ``$.a.b``, ``$['会员号']``; of a list's item ``@.sku``."""
    root, _, path = name.rpartition(ITEM)
    parts = [part for part in path.split(".") if part]
    return ("@" if root else "$") + "".join(f".{p}" if PLAIN.fullmatch(p) else f"['{p}']" for p in parts)


def is_nameable(name: str) -> bool:
    """Whether a source file can name the field: no quotes or brackets within."""
    return not set("'\"]") & set(name.replace(ITEM, ""))


def moment(facts: ColumnFacts) -> str:
    """The timestamp that a column tells; its text where Spark casts that by itself."""
    return facts.time.spark.replace("{}", field(facts.name)) if facts.time else field(facts.name)


def number(facts: ColumnFacts) -> str:
    """A column's number: currency signs and thousands' commas taken out where there are any."""
    has_signs = any(set("¥￥$€,") & set(example) for example in facts.examples)
    return f"regexp_replace({field(facts.name)}, '[¥￥$€,]', '')" if has_signs else field(facts.name)


def consent_action(facts: ColumnFacts) -> str:
    """What was said, as grant, deny or withdraw; the text as it is where it says so already."""
    said = [word for word in facts.examples if word.lower() not in SAID]
    if not said:
        return field(facts.name)
    known = [(word, action) for word in facts.examples for action, words in SAID.items() if word.lower() in words]
    cases = " ".join(f"when '{word.lower()}' then '{action}'" for word, action in known)
    return f"case lower({field(facts.name)}) {cases} end" if known else field(facts.name)


def joined(names: tuple[str, ...]) -> str:
    """Several fields as one key."""
    return field(names[0]) if len(names) == 1 else f"concat_ws(':', {', '.join(map(field, names))})"


def fingerprint(names: tuple[str, ...]) -> str:
    """A key made of the whole record, where it has none."""
    return f"md5(concat_ws('|', {', '.join(map(field, names))}))"
