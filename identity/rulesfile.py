"""YAML configuration read with its line numbers, so that every fault of a file is named at once: line, key and rule."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import get_args

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from lakehouse.errors import SettingsError

Location = tuple[int | str, ...]
TOP = "(top level)"


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One thing that is wrong in a file: the line (from 1), the dotted key, and the rule that it breaks."""

    line: int
    key: str
    rule: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.key}: {self.rule}"


class RulesError(SettingsError):
    """A file of rules cannot be used; ``faults`` holds all that is wrong with it, by line."""

    def __init__(self, file: Path, faults: Iterable[Fault]) -> None:
        self.faults = tuple(sorted(faults))
        first, *others = self.faults
        text = "".join(f"\n  {fault}" for fault in self.faults) if others else f" {first}"
        end = "\n" if others else ""
        super().__init__(f"the identity rules are wrong:{text}{end}", file=file, row=first.line, key=first.key)


@dataclass(frozen=True, slots=True)
class Document:
    """A YAML file as data, with the node tree that knows its lines, and the keys that stand twice in one mapping."""

    file: Path
    data: object
    node: yaml.Node | None
    repeated: tuple[Fault, ...] = ()

    def line(self, location: Location) -> int:
        """The line of what stands at a location; of the nearest thing around it where it is not in the file."""
        node, line = self.node, 1
        for part in location:
            key, node = _step(node, part)
            if key is None:
                break
            line = key.start_mark.line + 1
        return line

    def key(self, location: Location) -> str:
        """Dotted key of a location; members of a list by their ``name`` instead of by position, where they have one."""
        text, value = "", self.data
        for part in location:
            value = _value(value, part)
            name = value.get("name", part) if isinstance(value, dict) else part
            text += f"[{name}]" if isinstance(part, int) else f".{part}"
        return text.removeprefix(".") or TOP

    def fault(self, location: Location, rule: str) -> Fault:
        """A fault of what stands at a location."""
        return Fault(self.line(location), self.key(location), rule)

    def faults(self, error: ValidationError, model: type[BaseModel]) -> Iterator[Fault]:
        """What pydantic found wrong with the data, in words for the person who wrote the file."""
        for details in error.errors(include_url=False):
            yield self.fault(details["loc"], _rule(details, model))


def read_document(path: str | Path) -> Document:
    """Read a YAML file. Raises :class:`SettingsError` where it is not there, :class:`RulesError` with the line where it
    is not text or not YAML.
    """
    with _loader(Path(path)) as loader:
        node = loader.get_single_node()
        repeated = tuple(_repeated(node, "", set()))  # before <<: is resolved, which may say a key again on purpose
        return Document(Path(path), loader.construct_document(node) if node else None, node, repeated)


def read_nodes(path: str | Path) -> yaml.Node | None:
    """The node tree of a YAML file whose tags may be another program's; raises what :func:`read_document` raises."""
    with _loader(Path(path)) as loader:
        return loader.get_single_node()


@contextmanager
def _loader(file: Path) -> Iterator[yaml.SafeLoader]:
    text = _text(file)
    try:
        loader = yaml.SafeLoader(text)
        try:
            yield loader
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise RulesError(file, [Fault(line, TOP, f"not YAML: {error.problem or error.context}")]) from error
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise RulesError(file, [Fault(line, TOP, f"not YAML: {error.reason}")]) from error


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise SettingsError(f"the identity rules cannot be read: {error.strerror}", file=file) from error
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise RulesError(file, [Fault(line, TOP, f"not UTF-8: {error.reason}")]) from error


def _repeated(node: yaml.Node | None, path: str, seen: set[int]) -> Iterator[Fault]:
    """Keys that stand twice in one mapping: YAML would silently take the last."""
    if not isinstance(node, yaml.CollectionNode) or id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield from _repeated(item, f"{path}[{index}]", seen)
        return
    first: dict[str, int] = {}
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode):
            continue
        line, name = key.start_mark.line + 1, f"{path}.{key.value}".removeprefix(".")
        if key.value in first:
            yield Fault(line, name, f"stands here again, first on line {first[key.value]}")
        first.setdefault(key.value, line)
        yield from _repeated(value, name, seen)


def _step(node: yaml.Node | None, part: int | str) -> tuple[yaml.Node | None, yaml.Node | None]:
    """Where a part of a location stands, and what stands there."""
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        return node.value[part], node.value[part]
    if isinstance(node, yaml.MappingNode):
        for key, value in reversed(node.value):
            if isinstance(key, yaml.ScalarNode) and key.value == part:
                return key, value
    return None, None


def _value(data: object, part: int | str) -> object:
    if isinstance(data, dict):
        return data.get(part)
    return data[part] if isinstance(data, list) and isinstance(part, int) and part < len(data) else None


def _rule(details: ErrorDetails, model: type[BaseModel]) -> str:
    match details["type"]:
        case "contradiction":
            return details["msg"]
        case "missing":
            return "is missing"
        case "extra_forbidden":
            return f"no such key{_nearest(str(details['loc'][-1]), _fields(model, details['loc'][:-1]))}"
        case "value_error":
            return details["msg"].removeprefix("Value error, ")
        case "model_type" | "model_attributes_type" | "dict_type":
            return f"a mapping of keys is expected{_found(details['input'])}"
        case _:
            return f"{details['msg']}{_found(details['input'])}"


def _found(value: object) -> str:
    return f" (found {value!r:.80})"


def _nearest(word: str, known: Sequence[str]) -> str:
    close = get_close_matches(word.lower(), known, n=1, cutoff=0.6)
    return f"; did you mean {close[0]}?" if close else f"; there are {', '.join(known)}"


def _fields(model: type[BaseModel], location: Location) -> tuple[str, ...]:
    """The keys that the model knows at a location."""
    for part in location:
        if isinstance(part, str):
            model = next(_models(model.model_fields[part].annotation), model)
    return tuple(model.model_fields)


def _models(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models(argument)
