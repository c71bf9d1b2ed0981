"""Files put where a source's stream looks for them: each whole or not at all, under a name that the stream has not seen."""

import hashlib
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from lakehouse.errors import SourceError
from lakehouse.settings import Settings
from lakehouse.sources.spec import Source


@dataclass(frozen=True, slots=True)
class Delivered:
    """A file as it was given, and where it stands now; not ``is_new`` where the very same file stood there before."""

    given: Path
    target: Path
    is_new: bool


def landing_folder(settings: Settings, source: Source) -> Path:
    """Where a source's files are delivered. Raises :class:`SourceError` where that is an object store."""
    folder = f"{settings.landing_path}/{source.folder}"
    if "://" in folder:
        raise SourceError("put files of an object store there by its own tools, then land without paths", file=folder)
    return Path(folder)


def deliver(settings: Settings, source: Source, given: Iterable[Path]) -> list[Delivered]:
    """Copy files, and the files of folders, to the source's landing folder; each keeps its time, which orders versions.

    A file whose name is taken by other content gets a part of its content's hash in its name: a stream reads no file twice.
    Raises :class:`SourceError` for a path that is not there.
    """
    folder = landing_folder(settings, source)
    folder.mkdir(parents=True, exist_ok=True)
    return [_place(path, folder) for path in _files(given)]


def _files(given: Iterable[Path]) -> Iterator[Path]:
    for path in given:
        if path.is_dir():
            yield from sorted(p for p in path.rglob("*") if p.is_file() and p.name[0] not in "._")
        elif path.is_file():
            yield path
        else:
            raise SourceError("there is no such file", file=path)


def _place(path: Path, folder: Path) -> Delivered:
    target = folder / path.name
    if target.exists() and path.samefile(target):
        return Delivered(path, target, is_new=False)
    if target.exists():
        if _digest(target) == _digest(path):
            return Delivered(path, target, is_new=False)
        target = target.with_name(f"{path.stem}~{_digest(path)[:8]}{path.suffix}")
    is_new = not target.exists()
    put(path, target)
    return Delivered(path, target, is_new)


def put(path: Path, target: Path) -> None:
    """Copy a file with its time; it appears whole, or not at all."""
    if target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.partial")
    shutil.copy2(path, partial)
    partial.replace(target)


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
