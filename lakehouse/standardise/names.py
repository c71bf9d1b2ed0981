"""Names of people: width, blanks, titles, order and capitals of written names; and names as something to compare."""

from functools import cache
from importlib.resources import files

from lakehouse.standardise.phone_library import FILLER, PLACEHOLDERS
from lakehouse.standardise.texts import BLANKS, composed, is_blank, one_of, squeezed
from lakehouse.standardise.verdict import Rule, extracted, let, matches, quoted, refused, replaced

DUMMIES = ("test", "测试", "匿名", "游客", "unknown")
TITLE = r"^(?:mr|mrs|ms|miss|mx|dr|prof|sir|madam|mme|herr|frau)[.]?\s+(?=\S)"
CHINESE_TITLE = r"(?<=.)(?:先生|女士|小姐|太太)$"
PARTICLES = "van|von|der|den|de|del|della|di|da|dos|du|la|le|el|al|bin|ibn|ten|ter|zu|zur|y|e"
SHOWN = r"^1[3-9]\d([*\d]{4}|\|)\d{4}$"
GUARD = "\x03"
BLANK = f"[{BLANKS}]+"
NO_NAME = r"\d|@"
LATIN = r"^[A-Za-zÀ-ɏ .'’-]+$"
COMMA = r"^([^,，]+)[,，]\s*([^,，]+)$"
TWO_WORDS = r"^([A-Za-zÀ-ɏ'’-]+) ([A-Za-zÀ-ɏ'’-]+)$"
PARTED = r"(?i)(?<![^ \-])(o['’]|d['’]|l['’]|mc)(?=[^ ]{2})|(-)"
PARTICLE = rf"(?i)(?<= )({PARTICLES})(?= )"
SMALL = rf"(?:^|[ ])(?!(?:{PARTICLES})\b)[a-zß-öø-ÿ]"
POLITE = "(先生|女士)$"
"""What follows a name in Chinese."""


def name(text: str, order: str = "as_written", script: str = "as_written") -> str:
    """SQL of the verdict on a person's name."""
    untitled = replaced(replaced(_ordered("_plain", order), f"(?i){TITLE}"), CHINESE_TITLE)
    written = let("_name", _in_script(untitled, script), f"if({matches('_name', LATIN)}, {_cased('_name')}, _name)")
    dummy = one_of((*DUMMIES, "先生", "女士"))
    judged = (
        f"CASE WHEN _plain = '' OR {matches('_plain', NO_NAME)} THEN {refused('invalid', 'not_a_name')} "
        f"WHEN lower(_plain) IN {dummy} THEN {refused('suspect', 'placeholder')} ELSE {written} END"
    )
    plain = replaced(composed(text), BLANK, " ")
    return f"CASE WHEN {is_blank(text)} THEN NULL ELSE {let('_plain', plain, judged)} END"


def _ordered(plain: str, order: str) -> str:
    """'Family, Given' is turned round; with ``family_first`` 'Family Given' of two words too."""
    turned = plain if order == "as_written" else replaced(plain, TWO_WORDS, "$2 $1")
    return replaced(turned, COMMA, "$2 $1")


def _cased(name_: str) -> str:
    """Capitals where all letters are of one case: O'Neil, McDonald, Anne-Marie, van der Berg; else as written.

    ``initcap`` begins a word after a blank only: so a blank is set after O', Mc and hyphens and taken out again,
    and a sign before a particle keeps it small.
    """
    kept = replaced(replaced(name_, PARTED, f"$1$2{GUARD} "), PARTICLE, f"{GUARD}$1")
    cased = f"replace(replace(initcap({kept}), '{GUARD} ', ''), '{GUARD}', '')"
    return f"if({name_} = upper({name_}) OR {matches(name_, SMALL)}, {cased}, {name_})"


def _in_script(text: str, script: str) -> str:
    if script == "as_written":
        return text
    one, other = han_characters(script)
    return f"translate({text}, {quoted(one)}, {quoted(other)})"


@cache
def han_characters(script: str) -> tuple[str, str]:
    """Characters that change towards ``simplified`` or ``traditional``, and what they become, by OpenCC's dictionaries.

    One character at a time, which is right for names; where OpenCC gives several, its first.
    """
    file = {"simplified": "TSCharacters.txt", "traditional": "STCharacters.txt"}[script]
    lines = files("opencc").joinpath("dictionary", file).read_text(encoding="utf-8").splitlines()
    pairs = [(one, others.split()[0]) for one, _, others in (line.partition("\t") for line in lines) if others.strip()]
    kept = [
        (one, other) for one, other in pairs if len(one) == len(other) == 1 and one != other and other < "\U00010000"
    ]
    return "".join(one for one, _ in kept), "".join(other for _, other in kept)


def full_name(text: str) -> str:
    """SQL of the verdict on a name as something to compare."""
    judged = (
        f"CASE WHEN char_length(_name) < 2 OR {matches('_name', NO_NAME)} THEN {refused('invalid', 'not_a_name')} "
        f"WHEN _name IN {one_of((*DUMMIES, 'undefined'))} THEN {refused('suspect', 'placeholder')} ELSE _name END"
    )
    return f"CASE WHEN {is_blank(text)} THEN NULL ELSE {let('_name', _compared(text), judged)} END"


def name_phone(text: str) -> str:
    """SQL of the verdict on a name with what shops show of a phone, ``name|phone``."""
    rest = replaced(extracted("_plain", r"\|(.*)$"), "[-().]")
    judged = (
        f"CASE WHEN char_length(_who) < 2 OR {matches('_who', NO_NAME)} OR NOT {matches('_shown', SHOWN)} "
        f"THEN {refused('invalid', 'not_a_name_and_phone')} WHEN _who IN {one_of(DUMMIES)} "
        f"OR _shown IN {one_of(PLACEHOLDERS)} OR {matches('_shown', FILLER)} THEN {refused('suspect', 'placeholder')} "
        f"ELSE concat_ws('|', _who, left(_shown, 3), right(_shown, 4)) END"
    )
    shown = let("_shown", replaced(rest, r"^(\+|00)?86(?=1)"), judged)
    who = let("_who", replaced("substring_index(_plain, '|', 1)", POLITE), shown)
    return f"CASE WHEN {is_blank(text)} THEN NULL ELSE {let('_plain', f'lower({squeezed(text)})', who)} END"


def _compared(text: str) -> str:
    return replaced(f"lower({squeezed(text)})", POLITE)


RULES = (
    Rule(
        "name",
        name,
        "A person's name: NFKC, single blanks, no title, given name before family name after a comma, capitals.",
        version=2,
        options={
            "order": ("as_written", "family_first"),
            "script": ("as_written", "simplified", "traditional"),
        },
    ),
    Rule(
        "name_phone",
        name_phone,
        "A name with what marketplaces show of a mobile, name|phone: the plain name, three digits, and the last four.",
        version=2,
    ),
    Rule("full_name", full_name, "A name as something to compare: lower case, without blanks or title.", version=2),
)
