"""The feature views by name, and the columns of each: what a model's file may ask for."""

from collections.abc import Mapping

from ml.features import affinity, interactions, purchases, voice

VIEWS: Mapping[str, tuple[str, ...]] = {
    "purchases": purchases.COLUMNS,
    "interactions": interactions.COLUMNS,
    "basket": affinity.BASKET,
    "affinity": affinity.AFFINITY,
    "voice": voice.VOICE,
}

FEATURES: tuple[str, ...] = tuple(name for columns in VIEWS.values() for name in columns)
"""Every feature, all of them doubles, null for missing."""

SLICES: tuple[str, ...] = ("last_channel",)
"""Columns that no model learns from: slices of people, in which it must be fair."""

STATES: tuple[str, ...] = voice.CONSENT
"""What people allow as of the date: no features either, but limits of populations."""
