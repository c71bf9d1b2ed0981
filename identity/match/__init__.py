"""Probabilistic matching: which records of a file, or of several, are of one person (or paper, or place).

Columns are recognised by name and content, prepared and compared by what they are; pairs come from blocks that share a key,
their weights from a Fellegi-Sunter model that Splink reads, trained without labels; clusters are guarded against welding.
"""

from identity.match.cuts import Cut, cuts
from identity.match.matcher import Matched, Scored, match
from identity.match.reading import Records, read_records, read_table
from identity.match.settings import MatchSettings, load_match_settings

__all__ = [
    "Cut",
    "MatchSettings",
    "Matched",
    "Records",
    "Scored",
    "cuts",
    "load_match_settings",
    "match",
    "read_records",
    "read_table",
]
