"""Words with few meanings: gender, and the identifiers of systems, which have any form."""

from lakehouse.standardise.texts import is_blank, narrow, one_of, squeezed
from lakehouse.standardise.verdict import Rule, let, matches, refused

FEMALE = ("f", "female", "女", "w", "2", "女士", "woman", "女性", "小姐", "ms", "mrs")
MALE = ("m", "male", "男", "1", "先生", "man", "男性", "mr")
DUMMY_CODE = r"^(0+|-1|null|none|anonymous|undefined)$"


def gender(text: str) -> str:
    """SQL of the verdict on a gender."""
    word = f"lower({narrow(text)})"
    return (
        f"CASE WHEN {is_blank(text)} THEN NULL WHEN {word} IN {one_of(FEMALE)} THEN 'female' "
        f"WHEN {word} IN {one_of(MALE)} THEN 'male' ELSE {refused('invalid', 'unknown_gender')} END"
    )


def code(text: str) -> str:
    """SQL of the verdict on an identifier of a system."""
    judged = (
        f"CASE WHEN _code = '' THEN {refused('invalid', 'not_a_code')} "
        f"WHEN {matches('_code', DUMMY_CODE)} THEN {refused('suspect', 'placeholder')} ELSE _code END"
    )
    return f"CASE WHEN {is_blank(text)} THEN NULL ELSE {let('_code', squeezed(text), judged)} END"


RULES = (
    Rule("gender", gender, "female or male, from the usual codes and words in English and Chinese.", version=2),
    Rule("code", code, "An identifier of a system: half-width, blanks out, letters as they are.", version=2),
)
