"""Regular expressions that stand in configuration: Python checks them offline, Java (Spark) runs them, so both must read them."""

import re

FOREIGN = (
    (re.compile(r"\(\?P"), "(?P…) is Python only: write (…), a whole value has no use for named groups"),
    (re.compile(r"\(\?\("), "(?(…)…) is Python only: Java has no conditional groups"),
    (re.compile(r"\(\?#"), "(?#…) is Python only: put the comment beside the key"),
    (re.compile(r"\(\?[a-zA-Z]*[aL]"), "the flags a and L are Python only"),
    (re.compile(r"\{,\d+\}"), "{,n} is Python only: write {0,n}"),
)
CLASS = re.compile(r"\[\^?\]?(?:[^\]]*)\]")


def regexp_fault(pattern: str) -> str | None:
    """Why a pattern cannot be used, in words; null: Python compiles it, and it has nothing that Java reads differently."""
    bare = re.sub(r"\\.", "__", pattern, flags=re.DOTALL)
    outside = CLASS.sub("_", bare)
    for form, reason in FOREIGN:
        if form.search(outside):
            return f"not a regular expression for Java: {reason}"
    if any("[" in found[1:] or "&&" in found for found in CLASS.findall(bare)):
        return r"not a regular expression for Java: [ or && within […] means sets of sets there: write \[ and \&"
    if any(found[0] == "\\Z" for found in re.finditer(r"\\.", pattern)):
        return r"not a regular expression for Java: \Z means something else there; the whole value is matched anyway"
    try:
        re.compile(pattern)
    except re.error as error:
        return f"not a regular expression: {error}"
    return None
