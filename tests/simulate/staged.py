"""Reads generated and landed files without Spark, as any other program would."""

import csv
import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from pyarrow import parquet

Row = dict[str, object]
CHARSETS = {"pos/receipt_south": "gb18030"}
JSON_FEEDS = frozenset(
    (
        *(f"{app}/event" for app in ("app", "miniprogram_coffee", "miniprogram_mall", "web", "consent")),
        *("market_tiger/order", "market_dog/order", "ads/click", "campaign/receipt", "service/call", "review/review"),
        "club/subscription",
    )
)


@dataclass(frozen=True)
class Staged:
    """What ``generate`` wrote below a folder, for a brand of the default calendar."""

    out: Path

    def files(self, feed: str, delivery: str = "*") -> list[Path]:
        """The files of a feed, of one delivery or all."""
        found = (self.out / "staged" / feed).glob(f"delivery={delivery}/**/part-*")
        return sorted(path for path in found if path.is_file())

    def lines(self, feed: str, delivery: str = "*") -> list[str]:
        """The lines of a feed's text files, headers included."""
        charset = CHARSETS.get(feed, "utf-8")
        return [line for path in self.files(feed, delivery) for line in path.read_text(encoding=charset).splitlines()]

    def rows(self, feed: str, delivery: str = "*") -> list[Row]:
        """The well-formed rows of a feed, the same line only once."""
        if feed == "crm/member":
            return [row for path in self.files(feed, delivery) for row in parquet.read_table(path).to_pylist()]
        if feed in JSON_FEEDS:
            return [row for line in dict.fromkeys(self.lines(feed, delivery)) if (row := parsed(line))]
        return [row for path in self.files(feed, delivery) for row in csv_rows(path, CHARSETS.get(feed, "utf-8"))]

    def truth(self, table: str) -> list[Row]:
        """The rows of a table of truth."""
        return [row for path in self._parquet(f"truth/{table}") for row in parquet.read_table(path).to_pylist()]

    def base(self, table: str) -> list[Row]:
        """The rows of ``people`` or ``orders``, from which all is made."""
        return [row for path in self._parquet(f"base/{table}") for row in parquet.read_table(path).to_pylist()]

    def digest(self) -> dict[str, str]:
        """A hash of the content of each output, whatever its files are called."""
        files: dict[str, list[bytes]] = {}
        for path in sorted(self.out.glob("*/**/part-*")):
            folder = path.parent.relative_to(self.out).as_posix()
            rows = parquet.read_table(path).to_pylist() if path.suffix == ".parquet" else path.read_bytes().splitlines()
            files.setdefault(folder, []).extend(row if isinstance(row, bytes) else repr(row).encode() for row in rows)
        return {folder: hashlib.sha256(b"\n".join(sorted(rows))).hexdigest() for folder, rows in files.items()}

    def _parquet(self, folder: str) -> Iterator[Path]:
        return (self.out / folder).glob("part-*.parquet")


def parsed(line: str) -> Row | None:
    """A JSON line, or None where it is broken."""
    try:
        row = json.loads(line)
    except json.JSONDecodeError:
        return None
    return row if isinstance(row, dict) else None


def csv_rows(path: Path, charset: str) -> list[Row]:
    """The rows of a CSV file that have as many fields as its header, the same line only once; empty is None."""
    header, *lines = dict.fromkeys(path.read_text(encoding=charset).splitlines())
    names = header.split(",")
    cells = csv.reader(lines, escapechar="\\")
    return [
        {name: value or None for name, value in zip(names, row, strict=True)} for row in cells if len(row) == len(names)
    ]


def day_of(delivery: int) -> date:
    """The day that a delivery after the history holds."""
    return date(2025, 12, 31) + timedelta(days=delivery)


def text(row: Row, name: str) -> str:
    """A field as text, empty where there is none."""
    value = row.get(name)
    return "" if value is None else str(value)


def inner(row: Row, name: str) -> Row:
    """A nested object, empty where there is none."""
    value = row.get(name)
    return value if isinstance(value, dict) else {}


def digits(phone: str) -> str:
    """The eleven digits of a phone in any of the spellings of the dirt, or empty."""
    narrow = re.sub(r"\D", "", phone.translate({0xFF10 + number: str(number) for number in range(10)}))
    return narrow[-11:] if len(narrow) in (11, 13) else ""
