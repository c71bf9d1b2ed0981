"""A foreign YAML file, part by part: each part knows its line and what was read of it, so that nothing is dropped unseen."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import yaml

from identity.rulesfile import TOP, Fault, RulesError, read_nodes

NULL = "tag:yaml.org,2002:null"
YES = frozenset({"true", "yes", "on"})


class Text(NamedTuple):
    """A text of a file and the line where it stands."""

    value: str
    line: int


class Left(NamedTuple):
    """A key that nobody read: file, line and dotted path, and its own name."""

    file: Path
    line: int
    path: str
    key: str


@dataclass(eq=False)
class Part:
    """A mapping of a file. Asking it for a key counts as reading the key; what was not read is in :meth:`left`."""

    file: Path
    node: yaml.MappingNode
    path: str = ""
    line: int = 1
    _read: set[str] = field(default_factory=set)
    _inner: dict[str, list["Part"]] = field(default_factory=dict)
    _odd: list[Left] = field(default_factory=list)

    def __contains__(self, key: str) -> bool:
        """Whether the key is there; asking so does not count as reading it."""
        return any(name.value == key for name, _ in self._entries())

    def text(self, key: str) -> Text | None:
        """A scalar as it is written; None where it is not there, or null. A list or mapping is left unread."""
        found = self._find(key)
        if found and isinstance(found[1], yaml.CollectionNode):
            self._read.discard(key)
        return _scalar(found[1], found[0]) if found else None

    def flag(self, key: str, *, default: bool) -> bool:
        """A yes or no."""
        found = self.text(key)
        return found.value.lower() in YES if found else default

    def texts(self, key: str) -> list[Text]:
        """The scalars of a list, nulls left out; a scalar alone counts as a list of one."""
        found = self._find(key)
        if not found:
            return []
        items = found[1].value if isinstance(found[1], yaml.SequenceNode) else [found[1]]
        texts = [_scalar(item, item.start_mark.line + 1) for item in items]
        self._odd += [
            self._left(item, f"{key}[{n}]")
            for n, (item, text) in enumerate(zip(items, texts, strict=True))
            if text is None and item.tag != NULL
        ]
        return [text for text in texts if text is not None]

    def part(self, key: str) -> "Part | None":
        """A mapping inside this one."""
        return next(iter(self.parts(key)), None)

    def parts(self, key: str) -> list["Part"]:
        """The mappings of a list, or the one mapping that stands there; what is none of these is left over."""
        if key in self._inner:
            return self._inner[key]
        found = self._find(key)
        if not found:
            return []
        many = isinstance(found[1], yaml.SequenceNode)
        result = []
        for n, item in enumerate(found[1].value if many else [found[1]]):
            name = f"{key}[{_name(item) or n}]" if many else key
            if isinstance(item, yaml.MappingNode):
                line = item.start_mark.line + 1 if many else found[0]
                result.append(Part(self.file, item, f"{self.path}.{name}".removeprefix("."), line))
            elif item.tag != NULL:
                self._odd.append(self._left(item, name))
        self._inner[key] = result
        return result

    def pass_over(self) -> None:
        """Count all of this part as read: a note speaks for the whole of it."""
        self._read |= {name.value for name, _ in self._entries()}
        self._inner.clear()
        self._odd.clear()

    def left(self) -> Iterator[Left]:
        """What nobody read, the outermost key of it; lists of mappings member by member."""
        yield from dict.fromkeys(self._odd)
        for name, node in self._entries():
            if name.value not in self._read:
                members = node.value if isinstance(node, yaml.SequenceNode) else []
                if members and all(isinstance(item, yaml.MappingNode) for item in members):
                    yield from (self._left(m, f"{name.value}[{_name(m) or n}]") for n, m in enumerate(members))
                else:
                    yield self._left(name, name.value)
        for parts in self._inner.values():
            for inner in parts:
                yield from inner.left()

    def _left(self, node: yaml.Node, key: str) -> Left:
        return Left(self.file, node.start_mark.line + 1, f"{self.path}.{key}".removeprefix("."), key.partition("[")[0])

    def _entries(self) -> list[tuple[yaml.ScalarNode, yaml.Node]]:
        return [(key, value) for key, value in self.node.value if isinstance(key, yaml.ScalarNode)]

    def _find(self, key: str) -> tuple[int, yaml.Node] | None:
        for name, node in self._entries():
            if name.value == key:
                self._read.add(key)
                return name.start_mark.line + 1, node
        return None


def read_parts(path: str | Path) -> Part:
    """The top of a YAML file. Raises :class:`RulesError` where it is no mapping, and what :func:`read_nodes` raises."""
    node = read_nodes(path)
    if not isinstance(node, yaml.MappingNode):
        raise RulesError(Path(path), [Fault(1, TOP, "a mapping of keys is expected")])
    return Part(Path(path), node)


def _scalar(node: yaml.Node, line: int) -> Text | None:
    return Text(node.value, line) if isinstance(node, yaml.ScalarNode) and node.tag != NULL else None


def _name(node: yaml.Node) -> str | None:
    """What a member of a list is called."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if (
                isinstance(key, yaml.ScalarNode)
                and key.value in {"name", "table"}
                and isinstance(value, yaml.ScalarNode)
            ):
                return str(value.value)
    return None
