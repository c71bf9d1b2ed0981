"""From a draft to settings that our loader takes: what the foreign file does not say is guessed by name, and noted."""

import re
from dataclasses import asdict, replace

from identity.imported.draft import Draft, DraftType
from identity.imported.guesses import Guess, guess
from identity.imported.patterns import without_names
from identity.regexps import regexp_fault
from identity.rulesfile import Fault, RulesError
from lakehouse.standardise.rules import IDENTIFIER_RULES

Entry = dict[str, object]
CLEANED = {"phone": "+8613912345678", "email": "name@example.com"}  # what these rules make of a value
DEFAULTS: Entry = {"unique_per_person": False, "weight": 1.0}


def completed(draft: Draft) -> list[tuple[DraftType, Entry]]:
    """Each type with its entry for ``identifiers:``, best priority first; what was guessed or had to go is noted.

    Raises :class:`RulesError` where there is no type, or two have one name.
    """
    _named_apart(draft)
    types = [_usable(draft, found) for found in draft.types]
    guesses = _with_an_account(draft, types, [guess(found.name) for found in types])
    result = []
    for priority, (found, known) in enumerate(zip(types, guesses, strict=True), start=1):
        text = f"taken for {known.what}: kind {known.kind}, strength {known.strength}, caps as in our rules; check them"
        draft.note("guessed", found.file, found.line, found.name, text)
        result.append((found, _entry(found, known, priority)))
    return result


def refused_example(name: str, valid_regexp: str | None) -> str | None:
    """A good value of a type, as cleaning leaves it, that the type's own pattern refuses; None where it takes it."""
    example = CLEANED.get(IDENTIFIER_RULES.get(name, ""))
    return example if example and valid_regexp and not re.fullmatch(valid_regexp, example) else None


def _entry(found: DraftType, known: Guess, priority: int) -> Entry:
    said = {
        "name": found.name,
        "kind": known.kind,
        "strength": known.strength,
        "is_merging": found.is_merging,
        "unique_per_person": found.unique_per_person,
        "priority": priority,
    }
    caps = {key: value for key, value in asdict(known).items() if key not in {"what", *said}}
    values = {
        "invalid_texts": list(found.invalid_texts),
        "invalid_regexp": found.invalid_regexp,
        "valid_regexp": found.valid_regexp,
    }
    entry = {**said, **caps, **values}
    return {key: value for key, value in entry.items() if value not in (None, []) and DEFAULTS.get(key) != value}


def _named_apart(draft: Draft) -> None:
    """Two foreign names must not fall together in our alphabet."""
    if not draft.types:
        raise RulesError(draft.file, [Fault(1, "identifiers", "no key was found")])
    seen: dict[str, DraftType] = {}
    for found in draft.types:
        if found.name in seen:
            rule = f"is the name of two keys here, in lower case: the other stands on line {seen[found.name].line}"
            raise RulesError(found.file, [Fault(found.line, found.name, rule)])
        seen[found.name] = found


def _usable(draft: Draft, found: DraftType) -> DraftType:
    """The type without the patterns that Java cannot read, or that refuse what our cleaning makes of a good value."""
    valid, invalid = (pattern and without_names(pattern) for pattern in (found.valid_regexp, found.invalid_regexp))
    found = replace(found, valid_regexp=valid, invalid_regexp=invalid)
    for key in ("valid_regexp", "invalid_regexp"):
        pattern = getattr(found, key)
        fault = regexp_fault(pattern) if pattern else None
        if fault:
            draft.note("lost", found.file, found.line, f"{found.name}.{key}", f"{fault}: {pattern}")
            found = replace(found, valid_regexp=None) if key == "valid_regexp" else replace(found, invalid_regexp=None)
    if example := refused_example(found.name, found.valid_regexp):
        text = f"it refuses values as they are here after cleaning, like {example}: {found.valid_regexp}"
        draft.note("lost", found.file, found.line, f"{found.name}.valid_regexp", text)
        found = replace(found, valid_regexp=None)
    rule = IDENTIFIER_RULES.get(found.name)
    what = guess(found.name).what
    if rule is None and what in {"a phone", "an e-mail address"}:
        name = "phone" if what == "a phone" else "email"
        text = f"cleaned as a code: only a type that is called {name} is cleaned as {what}; rename it in both files"
        draft.note("guessed", found.file, found.line, found.name, text)
    return found


def _with_an_account(draft: Draft, types: list[DraftType], guesses: list[Guess]) -> list[Guess]:
    """The guesses, one of them an account: without a registration nobody could be known."""
    if any(known.kind == "account" for known in guesses):
        return guesses
    kinds = [(not found.is_merging, known.kind != "contact") for found, known in zip(types, guesses, strict=True)]
    best = kinds.index(min(kinds))
    found = types[best]
    text = "nothing looks like a registration, so it counts as one: an account for each value"
    draft.note("guessed", found.file, found.line, found.name, text)
    account = replace(guesses[best], kind="account", strength="strong")
    return [account if index == best else known for index, known in enumerate(guesses)]
