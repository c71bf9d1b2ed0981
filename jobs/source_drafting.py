"""A source file drafted from a sample, proven by the loader before it is written."""

import re
import tempfile
from pathlib import Path

from identity.identifiers import load_rules
from lakehouse.errors import SourceError
from lakehouse.samples.draft import Draft, draft
from lakehouse.samples.reading import read_sample
from lakehouse.samples.sourcefile import source_text
from lakehouse.settings import Settings
from lakehouse.sources.spec import NAME, Source, load_source


def id_types(settings: Settings) -> frozenset[str]:
    """The identifier types that the environment's rules of identity know."""
    return frozenset(kind.name for kind in load_rules(Path(settings.conf) / "identity.yml").identifiers)


def write_source(settings: Settings, sample: Path, *, name: str, out: Path | None, force: bool) -> tuple[Draft, Path]:
    """Draft and write a source file, proven by the loader; returns the draft and the path.

    Raises :class:`SourceError` where the sample cannot be read, the name is none, or the file is there already.
    """
    called = name or name_of(sample)
    if not NAME.match(called):
        raise SourceError("a source is called <source>__<object>, lower case: give --name", file=sample, key=called)
    path = (out or settings.sources_path) / f"{called}.yml"
    if path.exists() and not force:
        raise SourceError("the file is there already; --force writes over it", file=path)
    made = draft(called, read_sample(sample), id_types(settings))
    text = source_text(made)
    proven(called, text)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)
    return made, path


def proven(name: str, text: str) -> Source:
    """The text as the loader reads it; what the loader refuses is never written."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{name}.yml"
        path.write_text(text, encoding="utf-8")
        return load_source(path)


def name_of(sample: Path) -> str:
    """A name from the file's folder and stem: ``partner/members-2025.csv`` is ``partner__members``."""
    parts = sample.stem.split("__", 1) if "__" in sample.stem else [sample.absolute().parent.name, sample.stem]
    system, entity = [re.sub(r"[^a-z0-9]+", "_", part.lower()).strip("_") for part in parts]
    return f"{system or 'new'}__{re.sub(r'(_?[0-9]+)+$', '', entity) or 'record'}"
