"""Slices: small numbered files that say what one batch lands of a feed that Spark has no stream for.

A database, an API and a bucket do not number what is new in them. So the driver asks what there is, and writes the answer
down: a slice, with the state from which the next one goes on. The one mechanism streams the slices: its checkpoint says
which of them have landed, and a batch that was killed reads its slice again, which says the same as before.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from pyspark.sql import DataFrame, SparkSession

from lakehouse import session
from lakehouse.errors import SourceError
from lakehouse.textfiles import reader

Json = Mapping[str, object]
KEPT = 100
"""How many landed slices stay; the state of the last one holds what is to be known of the others."""


@dataclass(frozen=True, slots=True)
class Slice:
    """What one batch lands (``what``), and what is known after it (``state``), as the feed's kind writes them."""

    what: Json
    state: Json


@dataclass(frozen=True)
class SliceFolder:
    """The slices of one source in a folder of its checkpoint, numbered from 0 and streamed in the order of their writing."""

    spark: SparkSession
    path: str

    @cached_property
    def numbers(self) -> list[int]:
        """The slices that are there, ascending, as they were when first asked for."""
        found = session.names(self.spark, self.path)
        return [int(name.removesuffix(".json")) for name in found if name.endswith(".json") and name[0] != "."]

    def read(self, number: int) -> Slice:
        """One slice. Raises :class:`SourceError` where it is gone."""
        path = self._file(number)
        found = reader(self.spark)(path)
        if not found:
            raise SourceError("the slice of a batch is gone", file=path)
        return Slice(**json.loads(found[0]))

    @property
    def next(self) -> int:
        """The number that the next slice will have."""
        return self.numbers[-1] + 1 if self.numbers else 0

    def state(self) -> Json:
        """What is known after the last slice; nothing before the first."""
        return self.read(self.numbers[-1]).state if self.numbers else {}

    def add(self, new: Slice) -> None:
        """Write the next slice durably."""
        number = self.next
        session.write_text(self.spark, self._file(number), json.dumps({"what": new.what, "state": new.state}))
        self.numbers.append(number)

    def take(self, number: int) -> Slice:
        """The slice that a batch lands; those that were landed long before it are removed."""
        for old in self.numbers:
            if old < number - KEPT:
                session.remove(self.spark, self._file(old))
        return self.read(number)

    def stream(self) -> DataFrame | None:
        """A stream with one slice a batch; None where nothing was ever found."""
        if not self.numbers:
            return None
        stream = self.spark.readStream.format("text").option("maxFileAge", "36500d").option("maxFilesPerTrigger", 1)
        return stream.load(self.path)

    def _file(self, number: int) -> str:
        return f"{self.path}/{number:012d}.json"
