"""Texts that SQL leaves over, judged by a Python library on distinct values through Arrow.

SQL puts ``HARD`` before such a text. All verdicts pass through Python as Arrow arrays: those without the sign as they
are; of the others each distinct text of a batch is judged once, and a worker remembers what it has judged.
"""

from collections.abc import Callable

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import Column
from pyspark.sql import functions as F

HARD = "\x02"
HardVerdicts = Callable[[str], str]
"""The verdict on one text; a pure function, which should remember its answers."""


def settled(verdict: Column, judge: HardVerdicts) -> Column:
    """The verdicts of SQL with those of ``judge`` in the places that it left open."""

    def settle(verdicts: pa.Array) -> pa.Array:
        return settle_batch(verdicts, judge)

    by_batch: Callable[[Column], Column] = F.arrow_udf(settle, "string")  # type: ignore[attr-defined] # not in the stubs
    return by_batch(verdict)


def settle_batch(verdicts: pa.Array, judge: HardVerdicts) -> pa.Array:
    """An array of verdicts of which the hard ones are judged, each distinct text once."""
    is_hard = pc.fill_null(pc.starts_with(verdicts, HARD), fill_value=False)
    texts = verdicts.filter(is_hard)
    if not len(texts):
        return verdicts
    coded = texts.dictionary_encode()
    judged = pa.array([judge(text[1:]) for text in coded.dictionary.to_pylist()], verdicts.type)
    return pc.replace_with_mask(verdicts, is_hard, judged.take(coded.indices))
