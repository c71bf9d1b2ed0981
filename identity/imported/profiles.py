"""RudderStack Profiles (https://www.rudderstack.com/docs/profiles): pb_project.yaml, inputs.yaml and profiles.yaml together."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from identity.imported.draft import Draft, DraftType, Shown, our_name
from identity.imported.parts import Part, Text, read_parts
from identity.imported.patterns import any_of, fields_of
from identity.imported.unify import part_name
from identity.rulesfile import Fault, RulesError

REASONS = {
    "sql": "a filter in SQL has no counterpart: write it into the source's identifiers (where:)",
    "packages": "what a package brings is not in this file: its id types and filters must be added by hand",
    "var_groups": "features are no part of the identity rules",
    "entities": "another entity: import it by itself with --entity",
    "materialization": "has no counterpart: every run is incremental, and --full is a rebuild",
    "incremental_timedelta": "has no counterpart: each source is read as a stream, late rows too",
    "validity_time": "has no counterpart: a table is as old as its last run",
    "main_id_type": "has no counterpart: One ID takes the place of the main id",
    "contract": "a source says what it needs in required:",
    "schema_version": "the version of the format",
    "include_untimed": "has no counterpart: a record shows identifiers at a time, which at: must give",
    "connection": "where the lake is stands in conf/<env>.yml",
}
PROJECT = "pb_project.yaml"


def project_files(file: Path) -> list[Path]:
    """The files of the project that a file belongs to: pb_project.yaml and the YAML of its model folders; where there is no
    such project, inputs.yaml and profiles.yaml beside the file.
    """
    around = (folder / PROJECT for folder in (file.parent, file.parent.parent))
    project = file if "model_folders" in read_parts(file) else next((path for path in around if path.exists()), None)
    if project is None:
        beside = [path for path in _yaml(file.parent) if path.stem in {"inputs", "profiles"}]
        return list(dict.fromkeys([file, *beside]))
    folders = [text.value for text in read_parts(project).texts("model_folders")] or ["models"]
    models = [path for folder in folders for path in _yaml(project.parent / folder)]
    return list(dict.fromkeys([project, file, *models]))


def _yaml(folder: Path) -> list[Path]:
    return sorted([*folder.glob("*.yaml"), *folder.glob("*.yml")])


def read_profiles(tops: Sequence[Part], entity: str | None) -> Draft:
    """The draft of a Profiles project.

    ``entity``: the entity to take; else ``user``, else the first. Raises :class:`RulesError` where there is no such entity,
    or no id type at all.
    """
    draft = Draft(tops[0].file, "RudderStack Profiles")
    for top in tops:
        draft.project = draft.project or (found.value if (found := top.text("name")) else "")
        top.texts("model_folders")
    entities = {part_name(part): part for top in tops for part in top.parts("entities")}
    inputs = [part for top in tops for part in top.parts("inputs")]
    name = _choose(tops, entities, inputs, entity)
    for other, part in entities.items():
        if other != name:
            draft.note("lost", part.file, part.line, part.path, REASONS["entities"])
            part.pass_over()
    sources = _edge_sources(draft, tops, entities.get(name), name)
    shown = [_shown(draft, part, name, sources) for part in inputs]
    draft.shown = [block for block in shown if block and block.ids]
    _types(draft, tops, entities.get(name), inputs, name)
    draft.lose((left for top in tops for left in top.left()), REASONS)
    return draft


def _ids(part: Part) -> list[Part]:
    """The ids of an input: below ``app_defaults``, or beside it as older files have them."""
    inner = part.part("app_defaults")
    return [*(inner.parts("ids") if inner else []), *part.parts("ids")]


def _choose(tops: Sequence[Part], entities: dict[str, Part], inputs: Sequence[Part], entity: str | None) -> str:
    used = [found.value for part in inputs for one in _ids(part) if (found := one.text("entity"))]
    known = list(dict.fromkeys([*entities, *used]))
    if not known:
        raise RulesError(tops[0].file, [Fault(1, "entities", "is missing, and no input names an entity")])
    if entity is not None and entity not in known:
        raise RulesError(tops[0].file, [Fault(1, "entities", f"no entity is called {entity}: {', '.join(known)}")])
    return entity or ("user" if "user" in known else known[0])


def _edge_sources(draft: Draft, tops: Sequence[Part], entity: Part | None, name: str) -> set[str] | None:
    """The inputs whose ids are stitched; None: the default stitcher, which takes all that are not kept from it."""
    if entity and (column := entity.text("id_column_name")):
        draft.note("changed", entity.file, column.line, f"{entity.path}.id_column_name", "the id is called one_id here")
    wanted = found.value.removeprefix("models/") if entity and (found := entity.text("id_stitcher")) else None
    result: set[str] | None = None
    for model in (part for top in tops for part in top.parts("models")):
        kind, called = model.text("model_type"), model.text("name")
        if kind is None or kind.value != "id_stitcher":
            draft.note("lost", model.file, model.line, model.path, "no id_stitcher: not a part of the identity rules")
            model.pass_over()
            continue
        spec = model.part("model_spec")
        stitched = spec.text("entity_key") if spec else None
        if spec is None or stitched is None or stitched.value != name:
            draft.note("lost", model.file, model.line, model.path, REASONS["entities"])
            model.pass_over()
        elif entity and (called is None or called.value != wanted):
            draft.note("lost", model.file, model.line, model.path, f"the entity {name} does not name it in id_stitcher")
            model.pass_over()
        else:
            result = set(_froms(draft, spec))
    return result


def _froms(draft: Draft, spec: Part) -> Iterator[str]:
    for edge in spec.parts("edge_sources"):
        found = edge.text("from")
        if found and found.value.startswith("inputs/"):
            yield found.value.removeprefix("inputs/")
        elif found:
            text = f"{found.value} is a model, no input: land its result as a source of its own"
            draft.note("lost", edge.file, found.line, edge.path, text)


def _shown(draft: Draft, part: Part, entity: str, sources: set[str] | None) -> Shown | None:
    """What an input shows of the entity; None where it is no edge source."""
    name, inner = part_name(part), part.part("app_defaults")
    table = next((found for p in (inner, part) if p for key in ("table", "view") if (found := p.text(key))), None)
    when = next((found for p in (inner, part) if p and (found := p.text("occurred_at_col"))), None)
    ids: dict[str, str] = {}
    for one in _ids(part):
        _show(draft, one, entity, ids, by_default=sources is None)
    if sources is not None and name not in sources:
        draft.note(
            "changed", part.file, part.line, part.path, "no edge source of the id stitcher: its block is left out"
        )
        return None
    if when is None and ids:
        text = "no occurred_at_col: put the record's time into at:, which says $.occurred_at now"
        draft.note("guessed", part.file, part.line, part.path, text)
    at = fields_of(when.value)[0] if when else "$.occurred_at"
    place = table.value.split(".")[-2:] if table else [name]
    source = "__".join(our_name(word) for word in (place if len(place) > 1 else ["profiles", *place]))
    return Shown(source, part.file, part.line, f"cast({at} as timestamp)", ids)


def _show(draft: Draft, one: Part, entity: str, ids: dict[str, str], *, by_default: bool) -> None:
    """One entry of ``ids``: which column shows which id type."""
    select, kind, whose = one.text("select"), one.text("type"), one.text("entity")
    stitched = one.flag("to_default_stitcher", default=True)
    if select is None or kind is None:
        raise RulesError(one.file, [Fault(one.line, one.path, "select and type are needed")])
    if whose and whose.value != entity:
        draft.note("lost", one.file, one.line, one.path, f"identifies {whose.value}, another entity")
    elif by_default and not stitched:
        draft.note("changed", one.file, one.line, one.path, "kept from the default stitcher: left out of its block")
    elif our_name(kind.value) in ids:
        draft.note("lost", one.file, one.line, one.path, f"a second column for {kind.value}: one block shows one")
    else:
        ids[our_name(kind.value)], exact = fields_of(select.value)
        if not exact:
            text = f"SQL over columns is written over fields, check it: {ids[our_name(kind.value)]}"
            draft.note("changed", one.file, select.line, one.path, text)


def _types(draft: Draft, tops: Sequence[Part], entity: Part | None, inputs: Sequence[Part], name: str) -> None:
    declared = {part_name(part): part for top in tops for part in top.parts("id_types")}
    for part in declared.values():
        part.parts("filters")
    wanted = entity.texts("id_types") if entity else []
    if not wanted:
        ids = [one for part in inputs for one in _ids(part) if (one.text("entity") or Text(name, 0)).value == name]
        wanted = [found for one in ids if (found := one.text("type"))]
    first: dict[str, Text] = {}
    for text in wanted:
        first.setdefault(text.value, text)
    for text in first.values():
        where = declared.get(text.value)
        file, line = (where.file, where.line) if where else ((entity or tops[0]).file, text.line)
        if text.value == "main_id":
            draft.note("changed", file, line, text.value, "One ID takes the place of the main id: no identifier type")
            continue
        if where is None:
            draft.note(
                "lost",
                file,
                line,
                text.value,
                "not in id_types of these files: filters that a package has are not here",
            )
        draft.types.append(_type(draft, our_name(text.value), file, line, _filters(draft, text.value, declared)))
    for other, part in declared.items():
        if other not in first:
            draft.note("lost", part.file, part.line, other, f"no id type of the entity {name}")


def _filters(draft: Draft, name: str, declared: dict[str, Part]) -> list[Part]:
    """The filters of an id type, those of the type that it extends first."""
    part, seen = declared.get(name), {name}
    found: list[Part] = []
    while part:
        found = [*part.parts("filters"), *found]
        parent = part.text("extends")
        if parent and (parent.value in seen or parent.value not in declared):
            text = f"extends {parent.value} of a package: its filters are not in these files"
            draft.note("lost", part.file, parent.line, f"{part.path}.extends", text)
            break
        seen |= {parent.value} if parent else set()
        part = declared.get(parent.value) if parent else None
    return found


def _type(draft: Draft, name: str, file: Path, line: int, filters: Sequence[Part]) -> DraftType:
    """The id type with its filters: excluded values and patterns, included ones as alternatives of one pattern."""
    texts: dict[tuple[str, str], list[str]] = {}
    included = []
    for one in filters:
        way, value, regex = one.text("type"), one.text("value"), one.text("regex")
        key = way.value if way else "exclude"
        if value:
            texts.setdefault((key, "value"), []).append(value.value)
        if regex:
            texts.setdefault((key, "regex"), []).append(regex.value)
        included += [one] if key == "include" and (value or regex) else []
    if len(included) > 1:
        text = "several include filters are read as alternatives: check that this is meant"
        draft.note("changed", included[1].file, included[1].line, included[1].path, text)
    valid = [*texts.get(("include", "regex"), []), *map(_literal, texts.get(("include", "value"), []))]
    return DraftType(
        name,
        file,
        line,
        invalid_texts=tuple(text for text in texts.get(("exclude", "value"), []) if text.strip()),
        invalid_regexp=any_of(texts.get(("exclude", "regex"), [])),
        valid_regexp=any_of(valid),
    )


def _literal(text: str) -> str:
    return "".join(character if character.isalnum() else f"\\{character}" for character in text)
