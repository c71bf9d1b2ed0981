"""The feature views by name, and the columns of each: what a model's file may ask for."""

from collections.abc import Mapping

from ml.features import affinity, interactions, purchases, subscription, voice

VIEWS: Mapping[str, tuple[str, ...]] = {
    "purchases": purchases.COLUMNS,
    "interactions": interactions.COLUMNS,
    "basket": affinity.BASKET,
    "affinity": affinity.AFFINITY,
    "voice": voice.VOICE,
    "subscription": subscription.COLUMNS,
}

FEATURES: tuple[str, ...] = tuple(name for columns in VIEWS.values() for name in columns)
"""Every feature, all of them doubles, null for missing."""

BEHAVIOUR: tuple[str, ...] = (*VIEWS["purchases"], *VIEWS["interactions"])
"""How people buy and come by: what the models of value learn from."""

SLICES: tuple[str, ...] = ("last_channel",)
"""Columns that no model learns from: slices of people, in which it must be fair."""

ATTRIBUTES: tuple[str, ...] = ("gender", "city_tier")
"""More of them, which are told of a person whatever the date (``ml.features.people.Inputs``)."""

STATES: tuple[str, ...] = (*voice.CONSENT, *purchases.HISTORY)
"""No features either: what people allow as of the date, which limits populations, and what histories of purchases need."""
