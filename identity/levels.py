"""How well a person is known: anonymous, pseudonymous, known or verified, by the identifiers that belong to them."""

from pyspark.sql import Column
from pyspark.sql import functions as F

from identity.identifiers import IdentityRules, attribute, lookup

LEVELS = ("anonymous", "pseudonymous", "known", "verified")
"""From least to best. What an identifier shows on its own is said by its type (``IdentifierType.shown_level``)."""
KNOWN = LEVELS.index("known")
CONFIRMED = 2
"""Sources that must show a contact before it verifies its person."""


def shown(rules: IdentityRules, id_type: Column) -> Column:
    """Place in :data:`LEVELS` of what an identifier of this type shows by itself; a type nobody knows shows nothing (0)."""
    places: dict[str, object] = {name: place for place, name in enumerate(LEVELS)}
    return F.coalesce(lookup(places, attribute(rules, "shown_level", id_type)), F.lit(0))


def confirmed(rules: IdentityRules, id_type: Column, n_sources: Column) -> Column:
    """The same, raised to ``verified`` for a contact that two sources confirm."""
    is_contact = attribute(rules, "kind", id_type) == "contact"
    return F.when(is_contact & (n_sources >= CONFIRMED), LEVELS.index("verified")).otherwise(shown(rules, id_type))


def level(place: Column) -> Column:
    """The name of a place; a person has the greatest of their identifiers' places. Null is anonymous."""
    return F.element_at(F.array(*map(F.lit, LEVELS)), F.coalesce(place, F.lit(0)).cast("int") + 1)
