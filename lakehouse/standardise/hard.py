"""Texts that SQL leaves over, judged by a Python library on distinct values through Arrow.

SQL puts ``HARD`` before such a text. All verdicts pass through Python as Arrow arrays: those without the sign as they
are; of the others Arrow's own functions judge what they can, and then each distinct text of a batch is judged once.
"""

from collections.abc import Callable
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import Column
from pyspark.sql import functions as F

HARD = "\x02"


@dataclass(frozen=True, slots=True)
class Judge:
    """Who judges: ``one`` gives the verdict on a text (null: missing), a pure function that remembers its answers.

    ``many`` may judge an array of texts before, and gives null for each that it cannot.
    """

    one: Callable[[str], str | None]
    many: Callable[[pa.Array], pa.Array] | None = None


def settled(verdict: Column, judge: Judge) -> Column:
    """The verdicts of SQL with those of ``judge`` in the places that it left open."""

    def settle(verdicts: pa.Array) -> pa.Array:
        return settle_batch(verdicts, judge)

    by_batch: Callable[[Column], Column] = F.arrow_udf(settle, "string")  # type: ignore[attr-defined] # not in the stubs
    return by_batch(verdict)


def settle_batch(verdicts: pa.Array, judge: Judge) -> pa.Array:
    """An array of verdicts of which the hard ones are judged, each distinct text once."""
    is_hard = pc.fill_null(pc.starts_with(verdicts, HARD), fill_value=False)
    texts = verdicts.filter(is_hard)
    if not len(texts):
        return verdicts
    return pc.replace_with_mask(verdicts, is_hard, _judged(pc.utf8_slice_codeunits(texts, 1), judge))


def _judged(texts: pa.Array, judge: Judge) -> pa.Array:
    if judge.many is None:
        return _one_by_one(texts, judge)
    verdicts = judge.many(texts)
    is_open = verdicts.is_null()
    return pc.replace_with_mask(verdicts, is_open, _one_by_one(texts.filter(is_open), judge))


def _one_by_one(texts: pa.Array, judge: Judge) -> pa.Array:
    coded = texts.dictionary_encode()
    judged = pa.array([judge.one(text) for text in coded.dictionary.to_pylist()], texts.type)
    return judged.take(coded.indices)
