"""Extractors over a frame of texts, as Arrow batches: each distinct text once, whoever said it."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.extractors.feature import Extractor, Text
from lakehouse.extractors.language import language_of

SHAPE = "text string, extractor string, feature string, version int, value string, score double"
COLUMNS = ("extractor", "feature", "version", "value", "score")


def extracted(said: DataFrame, extractors: Sequence[Extractor]) -> DataFrame:
    """Features of each row of ``said``: its columns but ``text``, and ``extractor, feature, version, value, score``.

    A feature that a text does not have (or no more) comes with a null value.
    """
    rows = said.withColumn("text", F.coalesce(F.trim("text"), F.lit("")))
    found = rows.select("text").distinct().mapInArrow(lambda batches: _run(batches, extractors), SHAPE)
    return rows.join(found, on="text", how="inner").select(*[c for c in said.columns if c != "text"], *COLUMNS)


def _run(batches: Iterable[Any], extractors: Sequence[Extractor]) -> Iterator[Any]:
    import pyarrow as pa

    names = ("text", *COLUMNS)
    types = (pa.string(), pa.string(), pa.string(), pa.int32(), pa.string(), pa.float64())
    for batch in batches:
        rows = list(features(batch.column("text").to_pylist(), extractors))
        columns = list(zip(*rows, strict=True)) or [()] * len(names)
        yield pa.RecordBatch.from_arrays([pa.array(c, t) for c, t in zip(columns, types, strict=True)], names=names)


def features(
    texts: Sequence[str], extractors: Sequence[Extractor]
) -> Iterator[tuple[str, str, str, int, str | None, float | None]]:
    """Rows ``text, extractor, feature, version, value, score``: one for each text and feature. Empty texts have no values."""
    known = [Text(text, language_of(text)[0] if text else "und") for text in texts]
    said = [text for text in known if text.text]
    for extractor in extractors:
        found = dict(
            zip((t.text for t in said), extractor.extract(said, extractor.options) if said else [], strict=True)
        )
        for text in texts:
            values = found.get(text, [])[: extractor.slots]
            for n, feature in enumerate(extractor.features):
                value = values[n] if n < len(values) else None
                filled = (value.value, value.score) if value else (None, None)
                yield text, extractor.name, feature, extractor.version, *filled
