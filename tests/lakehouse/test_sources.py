"""Shows that every source file fits contracts and feeds, and that a wrong one is refused by file and key."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from lakehouse.errors import SourceError
from lakehouse.settings import ROOT
from lakehouse.sources.spec import MAPPED, Cell, FirstOf, Source, TableMap, load_source, load_sources
from lakehouse.standardise.rules import RULES
from simulate.feeds import FEEDS, Feed

CONF = ROOT / "conf"
FOLDERS = (CONF / "sources", ROOT / "examples" / "online_retail" / "conf" / "sources", ROOT / "examples" / "sources")
FILES = [path for folder in FOLDERS for path in sorted(folder.glob("*.yml"))]
GOOD = """
description: a feed
format: csv
maps:
  silver.consent_event:
    columns: {consent_id: $.id, purpose: $.purpose, action: $.action, occurred_at: $.at}
"""


def identifier_types() -> set[str]:
    rules = yaml.safe_load((CONF / "identity.yml").read_text(encoding="utf-8"))
    return {kind["name"] for kind in rules["identifiers"]}


def table_maps(source: Source) -> Iterator[tuple[str, TableMap]]:
    return ((table, mapping) for table in source.maps for mapping in source.mappings(table))


def texts(source: Source) -> Iterator[str]:
    """Every expression of a source file."""
    for block in source.identifiers:
        yield from (block.at, block.where, *block.ids.values())
    for _, mapping in table_maps(source):
        yield from (mapping.where, mapping.sequence, mapping.explode)
        for cell in mapping.columns.values():
            match cell:
                case str():
                    yield cell
                case Cell():
                    yield cell.source
                case FirstOf():
                    yield from cell.tokens.values()


def types_used(source: Source) -> Iterator[str]:
    for block in source.identifiers:
        yield from block.ids
    for _, mapping in table_maps(source):
        for cell in mapping.columns.values():
            if isinstance(cell, FirstOf):
                yield from cell.tokens
            elif isinstance(cell, Cell) and cell.token:
                yield cell.token


def test_every_feed_of_the_brand_has_a_source_file() -> None:
    assert set(load_sources(FOLDERS[0])) == {feed.name.replace("/", "__") for feed in FEEDS}


@pytest.mark.parametrize("feed", FEEDS, ids=lambda feed: f"{feed.name}-{feed.layout}")
def test_a_source_file_fits_the_feed_that_the_brand_delivers(feed: Feed) -> None:
    source = load_source(FOLDERS[0] / f"{feed.name.replace('/', '__')}.yml")
    used = {name for text in texts(source) for name in re.findall(r"\$\.(\w+)", text)}
    assert used | set(source.required) <= set(feed.fields)
    assert source.format.removesuffix("l") == feed.format
    assert source.options.get("encoding", "UTF-8") == feed.charset


def test_every_silver_table_of_facts_is_fed() -> None:
    fed = {table for source in load_sources(FOLDERS[0]).values() for table in source.maps}
    assert set(MAPPED) - fed == {"silver.object"}  # the brand delivers no images or documents


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_source_file_fits(path: Path) -> None:
    source = load_source(path)
    assert source.name == path.stem
    assert source.folder == path.stem.replace("__", "/", 1)
    assert source.required or source.format != "csv"
    assert set(types_used(source)) <= identifier_types()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_who_is_on_a_row_is_also_observed(path: Path) -> None:
    source = load_source(path)
    cells = [m.columns.get("customer_token") for _, m in table_maps(source)]
    on_rows = {kind for c in cells if isinstance(c, FirstOf) for kind in c.tokens}
    on_rows |= {cell.token for cell in cells if isinstance(cell, Cell)}
    assert on_rows <= {kind for block in source.identifiers for kind in block.ids}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_rules_are_known(path: Path) -> None:
    cells = [c for _, m in table_maps(load_source(path)) for c in m.columns.values() if isinstance(c, Cell)]
    assert {cell.rule for cell in cells} <= {"", *RULES}


@pytest.mark.parametrize(
    ("change", "key"),
    [
        (("format: csv", "format: pigeon"), "format"),
        (("format: csv", "format: xml"), "options.rowTag"),
        (("format: csv", "format: csv\noptions: {delimeter: ;}"), "options.delimeter"),
        (("format: csv", "format: csv\noptions: {encoding: utf-9}"), "options.encoding"),
        (("format: csv", "format: csv\noptions: {encoding: hz}"), "options.encoding"),
        (("format: csv", "format: excel\noptions: {header: 0}"), "options"),
        (("format: csv", "format: csv\nformats: csv"), "formats"),
        (("format: csv", "format: csv\nfields: {at: time}"), "fields.at"),
        (("format: csv", "format: csv\nfields: {'a?b': int}"), "fields.a?b"),
        (("    columns:", "    replaces: $.at\n    columns:"), "maps.silver.consent_event.replaces"),
        (("silver.consent_event", "silver.consents"), "maps.silver.consents"),
        (("silver.consent_event", "silver.identifier_observation"), "maps.silver.identifier_observation"),
        (("{consent_id", "{note: $.x, consent_id"), "maps.silver.consent_event.columns.note"),
        (("{consent_id", "{_file: $.x, consent_id"), "maps.silver.consent_event.columns._file"),
        ((", occurred_at: $.at", ""), "maps.silver.consent_event.columns.occurred_at"),
        (("description: a feed", "name: crm__other\ndescription: a feed"), "name"),
        (("$.purpose", "{rule: code}"), "maps.silver.consent_event"),
    ],
)
def test_a_mistake_is_told_by_file_and_key(tmp_path: Path, change: tuple[str, str], key: str) -> None:
    path = tmp_path / "crm__consent.yml"
    path.write_text(GOOD, encoding="utf-8")
    assert load_source(path).maps
    path.write_text(GOOD.replace(*change), encoding="utf-8")
    with pytest.raises(SourceError) as told:
        load_source(path)
    assert told.value.where["file"] == path
    assert str(told.value.where["key"]).startswith(key)


@pytest.mark.parametrize(("name", "text"), [("crm__member", "- a\n"), ("crm__member", "a: [\n"), ("crm", GOOD)])
def test_what_is_no_source_file_is_told_by_its_path(tmp_path: Path, name: str, text: str) -> None:
    path = tmp_path / f"{name}.yml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SourceError) as told:
        load_source(path)
    assert told.value.where["file"] == path


def test_a_missing_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no such folder"):
        load_sources(tmp_path / "nowhere")
