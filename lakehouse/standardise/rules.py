"""The one registry of standardisation rules: ``Column -> struct(value, status, reason)``; statuses are in :mod:`.verdict`."""

from lakehouse.errors import SourceError
from lakehouse.standardise import addresses, checkdigits, dates, emails, money, names, phones, units, words
from lakehouse.standardise.verdict import Rule

FAMILIES = (phones, emails, names, words, dates, money, units, checkdigits, addresses)
BUILT_IN: dict[str, Rule] = {rule.name: rule for family in FAMILIES for rule in family.RULES}
RULES: dict[str, Rule] = dict(BUILT_IN)
"""Rules by name: the library's, and a user's own once :func:`lakehouse.standardise.user_rules.install` has put them here."""
IDENTIFIER_RULES = {
    "phone": "phone",
    "recipient_phone": "phone",
    "email": "email",
    "name_phone": "name_phone",
    "full_name": "full_name",
    "birth_on": "date",
}


def rule(named: str) -> Rule:
    """The rule of that name. Raises :class:`SourceError` when there is none."""
    if named not in RULES:
        raise SourceError(f"there is no such rule; known: {', '.join(RULES)}", rule=named)
    return RULES[named]


def identifier_rule(id_type: str) -> Rule:
    """The rule that an identifier type goes through before it is hashed: its own, else ``code``."""
    return RULES[IDENTIFIER_RULES.get(id_type, "code")]
