"""Delivers simulated files into a landing zone, as the sources' systems would drop them; the standard library only."""

import json
import os
import re
import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from simulate.brand import Brand
from simulate.dirt import RESENT

_SUFFIXES = {".txt": ".jsonl"}
_PART = re.compile(r"part-(\d+)")


def deliver(out: str, landing: str, delivery: int) -> int:
    """Put one delivery's files into ``<landing>/<source>/<object>/<label>/<file>`` and return how many it has.

    ``out`` is what ``generate`` wrote, ``delivery`` 0 for the history and 1, 2, … for the days after it; the label is
    ``history`` or the day. Some files come once more under another name (``dirt.RESENT``). Files are hard links where
    that works, else copies; each appears whole or not at all, and one that is there already is left alone.
    Raises ``FileNotFoundError`` where nothing was generated and ``ValueError`` for a delivery that the brand has not.
    """
    brand = brand_of(out)
    if not 0 <= delivery <= brand.increments:
        raise ValueError(f"the brand has deliveries 0 to {brand.increments}, not {delivery}")
    number = 0
    for source, target in _files(Path(out) / "staged", delivery):
        _place(source, Path(landing) / target.parent / brand.label(delivery) / target.name)
        number += 1
    return number


def brand_of(out: str) -> Brand:
    """The brand whose data lies below ``out``. Raises ``FileNotFoundError`` where there is none."""
    for path in sorted((Path(out) / "brand").glob("part-*.json")):
        facts = json.loads(path.read_text(encoding="utf-8"))
        return Brand(**{**facts, "start": date.fromisoformat(facts["start"])})
    raise FileNotFoundError(f"no generated brand in {out}")


def _files(staged: Path, delivery: int) -> Iterator[tuple[Path, Path]]:
    for folder in sorted(staged.glob(f"*/*/delivery={delivery:03d}")):
        feed = folder.parent.relative_to(staged)
        for number, path in enumerate(sorted(_parts(folder), key=_order)):
            name = f"{feed.name}-{number:05d}"
            suffix = _SUFFIXES.get(path.suffix, path.suffix)
            yield path, feed / f"{name}{suffix}"
            if number == 0 and (feed.as_posix(), delivery) in RESENT:
                yield path, feed / f"{name}-resent{suffix}"


def _parts(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("part-*") if path.is_file())


def _order(path: Path) -> tuple[str, int]:
    match = _PART.match(path.name)
    return str(path.parent), int(match.group(1)) if match else 0


def _place(source: Path, target: Path) -> None:
    if target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target)
    except FileExistsError:
        return
    except OSError:
        partial = target.with_name(f".{target.name}.partial")
        shutil.copyfile(source, partial)
        partial.replace(target)
