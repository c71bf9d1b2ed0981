"""The project's own code as syntax trees, for the tests that hold it to the rules of the architecture."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from lakehouse.settings import ROOT

PACKAGES = ("lakehouse", "identity", "ml", "jobs", "simulate", "infra", "airflow_dags")
Function = ast.FunctionDef | ast.AsyncFunctionDef
Named = Function | ast.ClassDef


@dataclass(frozen=True)
class Module:
    """One file of code."""

    path: Path

    @property
    def name(self) -> str:
        """The path below the project's root."""
        return self.path.relative_to(ROOT).as_posix()

    @cached_property
    def lines(self) -> list[str]:
        """Its lines."""
        return self.path.read_text(encoding="utf-8").splitlines()

    @cached_property
    def tree(self) -> ast.Module:
        """Its syntax tree."""
        return ast.parse("\n".join(self.lines), self.name)

    def functions(self) -> Iterator[Function]:
        """Every function, nested ones too."""
        return (node for node in ast.walk(self.tree) if isinstance(node, Function))

    def public(self) -> Iterator[tuple[str, Named]]:
        """Public functions and classes of the module, and public methods of its public classes."""
        for node in self.tree.body:
            if isinstance(node, Named) and not node.name.startswith("_"):
                yield node.name, node
                if isinstance(node, ast.ClassDef):
                    yield from ((f"{node.name}.{name}", method) for name, method in _methods(node))

    def names_used(self) -> Iterator[tuple[str, int]]:
        """Every name and attribute that the code mentions, with its line."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Attribute):
                yield node.attr, node.lineno
            elif isinstance(node, ast.Name):
                yield node.id, node.lineno
            elif isinstance(node, ast.ImportFrom | ast.Import):
                yield from ((alias.name, node.lineno) for alias in node.names)

    def calls(self) -> Iterator[tuple[str, int]]:
        """The last part of the name of everything that is called, with its line."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute | ast.Name):
                yield (node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id), node.lineno


def _methods(owner: ast.ClassDef) -> Iterator[tuple[str, Function]]:
    for node in owner.body:
        if isinstance(node, Function) and not node.name.startswith("_"):
            yield node.name, node


def modules(*packages: str) -> list[Module]:
    """The modules of packages (all of ours when none is named), by path."""
    folders = [ROOT / package for package in packages or PACKAGES]
    return [Module(path) for folder in folders for path in sorted(folder.rglob("*.py"))]


def every_module() -> list[Module]:
    """All code, tests included."""
    return modules(*PACKAGES, "tests")
