"""Rules of a user's own: files in ``conf/standardise`` (regex, map, expression), and Python functions of one value."""

import importlib
import re
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from yaml.nodes import MappingNode, Node, SequenceNode

from lakehouse.errors import SettingsError, SourceError
from lakehouse.standardise import rules
from lakehouse.standardise.python_rules import MADE
from lakehouse.standardise.texts import is_blank, narrow, one_of
from lakehouse.standardise.verdict import Rule, let, matches, or_invalid, quoted, refused, replaced

NAME = re.compile(r"[a-z][a-z0-9_]*")
Status = Literal["valid", "repaired", "suspect", "invalid", "missing"]


class Example(BaseModel):
    """A text and what the rule makes of it."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    text: str | None = Field(alias="in")
    value: str | None = None
    status: Status


UserRule = tuple[Rule, tuple[Example, ...]]
"""A rule, and the examples that its file holds."""


class RuleFile(BaseModel):
    """What every rule file says; ``reason`` is the code of what is refused, ``suspect`` words that stand for nothing."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    description: str = Field(min_length=1)
    version: int = Field(ge=1)
    reason: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    suspect: Annotated[tuple[str, ...], Field(strict=False)] = ()
    tests: Annotated[tuple[Example, ...], Field(strict=False, min_length=1)]

    def value(self) -> str:
        """SQL of the value of ``_text``, the half-width text without outer blanks; null where it is refused."""
        raise NotImplementedError


class RegexFile(RuleFile):
    """``pattern`` (of Java, found anywhere) is replaced by ``replace``; the result must match ``valid`` where that is said."""

    kind: Literal["regex"]
    pattern: str = Field(min_length=1)
    replace: str | None = None
    valid: str = ""

    def value(self) -> str:
        """The text where the pattern is found, with its matches replaced."""
        result = "_text" if self.replace is None else replaced("_text", self.pattern, self.replace)
        is_valid = matches("_result", self.valid) if self.valid else "true"
        kept = let("_result", result, f"if({is_valid}, _result, NULL)")
        return f"if({matches('_text', self.pattern)}, {kept}, NULL)"


class MapFile(RuleFile):
    """``cases`` gives the words (in any case) of each value; other texts are refused, kept or become ``default``."""

    kind: Literal["map"]
    cases: Mapping[str, Annotated[tuple[str, ...], Field(strict=False)]]
    default: str | None = None
    keep_others: bool = False

    def value(self) -> str:
        """The value whose words hold the text."""
        branches = [
            f"WHEN lower(_text) IN {one_of(tuple(word.lower() for word in (value, *words)))} THEN {quoted(value)}"
            for value, words in self.cases.items()
        ]
        other = "_text" if self.keep_others else "NULL" if self.default is None else quoted(self.default)
        return f"CASE {' '.join(branches)} ELSE {other} END"


class ExpressionFile(RuleFile):
    """``expression`` is Spark SQL of the value over ``{text}``; null refuses the text."""

    kind: Literal["expression"]
    expression: str = Field(pattern=r"\{text\}")

    def value(self) -> str:
        """The expression on the half-width text."""
        return f"CAST({self.expression.replace('{text}', '_text')} AS STRING)"


ParsedFile = RegexFile | MapFile | ExpressionFile
FORM: TypeAdapter[ParsedFile] = TypeAdapter(Annotated[ParsedFile, Field(discriminator="kind")])


def _body(file: ParsedFile, text: str) -> str:
    words = tuple(word.lower() for word in file.suspect)
    doubtful = f"WHEN lower(_text) IN {one_of(words)} THEN {refused('suspect', 'placeholder')}" if words else ""
    judged = f"CASE {doubtful} WHEN true THEN {or_invalid(file.value(), file.reason)} END"
    return f"CASE WHEN {is_blank(text)} THEN NULL ELSE {let('_text', narrow(text), judged)} END"


def read_rule(path: Path) -> UserRule:
    """A rule file as a rule, and its examples. Raises :class:`SourceError` that names file, line, key and rule."""
    if not NAME.fullmatch(path.stem):
        raise SourceError("a rule file is named <rule>.yml, in small letters, digits and _", file=path, rule=path.stem)
    text = path.read_text(encoding="utf-8")
    try:
        file = FORM.validate_python(yaml.safe_load(text))
    except yaml.YAMLError as error:
        raise SourceError(f"not YAML: {error}", file=path, rule=path.stem) from error
    except ValidationError as error:
        first = error.errors()[0]
        place = [
            part for part in first["loc"] if part not in {"regex", "map", "expression"} or part == first["loc"][-1]
        ]
        raise SourceError(
            first["msg"], file=path, row=line_of(text, place), rule=path.stem, key=".".join(map(str, place))
        ) from error
    rule = Rule(path.stem, partial(_body, file), file.description, file.version, origin=str(path))
    return rule, file.tests


def line_of(text: str, place: Iterable[int | str]) -> int:
    """The line, from 1, on which a key stands, or the nearest one around it that is there."""
    node: Node | None = yaml.compose(text)
    line = 1
    for part in place:
        found: tuple[Node, Node] | None = None
        if isinstance(node, MappingNode):
            found = next(((k, v) for k, v in node.value if k.value == str(part)), None)
        elif isinstance(node, SequenceNode) and isinstance(part, int) and part < len(node.value):
            found = (node.value[part], node.value[part])
        if found is None:
            break
        line, node = found[0].start_mark.line + 1, found[1]
    return line


def read_rules(folder: Path, modules: Iterable[str] = ()) -> dict[str, UserRule]:
    """All rules of a user by name: files of a folder (none where it is absent), and functions of modules.

    Raises :class:`SourceError` on a wrong file or a name that is taken, :class:`SettingsError` on a module that cannot
    be imported.
    """
    found = [read_rule(path) for path in sorted(folder.glob("*.yml"))]
    found += [(rule, ()) for module in modules for rule in _rules_of(module)]
    by_name: dict[str, UserRule] = {}
    for rule, examples in found:
        known = rules.BUILT_IN.get(rule.name) or (by_name[rule.name][0] if rule.name in by_name else None)
        if known is not None:
            raise SourceError(f"there is such a rule already: {known.description}", file=rule.origin, rule=rule.name)
        by_name[rule.name] = (rule, examples)
    return by_name


def _rules_of(module: str) -> list[Rule]:
    try:
        importlib.import_module(module)
    except ImportError as error:
        raise SettingsError(
            f"the module of rules cannot be imported: {error}", key="rule_modules", rule=module
        ) from error
    return [rule for rule in MADE.values() if rule.origin == module]


def install(folder: Path, modules: Iterable[str] = ()) -> dict[str, UserRule]:
    """Put a user's rules beside those of the library, in place of those of an earlier call; returns them with their examples."""
    found = read_rules(folder, modules)
    for name in set(rules.RULES) - set(rules.BUILT_IN) - set(found):
        del rules.RULES[name]
    rules.RULES.update({name: rule for name, (rule, _) in found.items()})
    return found
