"""Other systems' identity configuration in our words: Treasure Data's unify.yml, RudderStack's Profiles project."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from identity.imported.completed import completed
from identity.imported.draft import Draft, Note
from identity.imported.guesses import guess
from identity.imported.parts import Part, read_parts
from identity.imported.profiles import PROJECT, project_files, read_profiles
from identity.imported.unify import read_unify
from identity.imported.written import Written, written
from identity.rulesfile import TOP, Fault, RulesError
from lakehouse.errors import SettingsError

FormatName = Literal["unify", "profiles"]
SIGNS: dict[FormatName, tuple[str, ...]] = {
    "unify": ("keys", "canonical_ids", "persistent_ids"),
    "profiles": ("entities", "id_types", "inputs", "models", "var_groups"),
}


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import gives: the files to write, and all that is to be known about them, by file and line."""

    format: str
    files: Written
    notes: tuple[Note, ...]


def format_of(top: Part) -> FormatName | None:
    """Which format a file has, by its top keys; None where none of them is there."""
    found = {name: sum(key in top for key in keys) for name, keys in SIGNS.items()}
    best = max(found, key=lambda name: found[name])
    return best if found[best] else None


def import_rules(path: str | Path, entity: str | None = None) -> Imported:
    """Convert a unify.yml, or a file of a Profiles project with the files that belong to it.

    ``entity``: which canonical id, or which entity, where the file has several. Raises :class:`RulesError` with file and
    line where the format is not known, or what merges cannot be told.
    """
    file = _file(Path(path))
    top = read_parts(file)
    found = format_of(top)
    if found is None:
        known = "; ".join(f"{name}: {', '.join(keys)}" for name, keys in SIGNS.items())
        raise RulesError(file, [Fault(1, TOP, f"no format that is known, by its top keys ({known})")])
    draft = read_unify(top, entity) if found == "unify" else _read_project(top, entity)
    draft.keep_known()
    entries = completed(draft)
    return Imported(draft.format, written(draft, entries, file.name), tuple(sorted(set(draft.notes))))


def _file(path: Path) -> Path:
    """The file itself; of a folder the one that an import starts from."""
    if not path.is_dir():
        return path
    names = ("unify.yml", "unify.yaml", PROJECT)
    for file in (path / name for name in names):
        if file.exists():
            return file
    raise SettingsError(f"the folder has none of {', '.join(names)}", file=path)


def _read_project(top: Part, entity: str | None) -> Draft:
    """Profiles has no priorities: registrations first, then what reaches somebody, then traces."""
    draft = read_profiles(
        [top if other == top.file else read_parts(other) for other in project_files(top.file)], entity
    )
    kinds = ["account", "contact", "trace"]
    draft.types.sort(key=lambda found: kinds.index(guess(found.name).kind))
    return draft
