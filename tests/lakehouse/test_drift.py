"""Shows which differences between deliveries are told, once, and which are none."""

import pytest

from lakehouse.sources.drift import Change, Known, changes, excused, kind_of, kinds, variant_fields


@pytest.mark.parametrize(
    ("type_", "kind"),
    [
        ("BIGINT", "number"),
        ("DECIMAL(3,1)", "number"),
        ("decimal128(10, 2)", "number"),
        ("double", "number"),
        ("STRING", "string"),
        ("large_string", "string"),
        ("timestamp[us, tz=UTC]", "time"),
        ("date32[day]", "time"),
        ("TIMESTAMP_NTZ", "time"),
        ('{"logicalType": "timestamp-micros", "type": "long"}', "time"),
        ('{"logicalType": "decimal", "precision": 9, "type": "bytes"}', "number"),
        ('{"symbols": ["A"], "type": "enum"}', "string"),
        ("BOOLEAN", "boolean"),
        ("OBJECT", "object"),
        ("map<string, string>", "object"),
        ("VOID", "null"),
        ("VARIANT", "mixed"),
        ("binary", "binary"),
    ],
)
def test_types_are_taken_by_their_kind(type_: str, kind: str) -> None:
    assert kind_of(type_) == kind


def test_the_schema_of_variants_is_read_with_odd_names() -> None:
    schema = (
        "OBJECT<a: VARIANT, `b c`: ARRAY<OBJECT<x: DECIMAL(2,1), y: BOOLEAN>>, d: VOID, `e``<`: STRING, t: OBJECT<>>"
    )
    assert kinds(variant_fields(schema)) == {
        "a": "mixed",
        "b c": "array",
        "b c[].x": "number",
        "b c[].y": "boolean",
        "d": "null",
        "e`<": "string",
        "t": "object",
    }
    assert variant_fields("OBJECT<>") == []


def test_what_holds_a_field_is_one_itself_and_two_kinds_are_mixed() -> None:
    found = kinds([("a.b[].c", "string"), ("n", "int64"), ("n", "string"), ("v", "null"), ("v", "bool")])
    assert found == {"a": "object", "a.b": "array", "a.b[].c": "string", "n": "mixed", "v": "boolean"}


def known(**fields: str) -> dict[str, Known]:
    return {name: Known({kind}) for name, kind in fields.items()}


def test_what_is_new_gone_or_retyped_is_told() -> None:
    found = changes(known(a="string", b="number", c="string"), {"a": "string", "b": "string", "d": "number"})
    assert [str(change) for change in found] == ["retyped field b (number, now string)", "new field d", "gone field c"]
    assert all(change.is_alarm for change in found)


def test_the_first_delivery_alarms_nobody_and_null_is_no_kind() -> None:
    found = changes({}, {"a": "string", "b": "null"}, is_first=True)
    assert found == [Change("first", "a", None, "string")]
    assert not found[0].is_alarm
    assert changes(known(a="string"), {"a": "null"}) == []


def test_each_thing_is_told_once() -> None:
    state = known(a="string", b="number")
    deliveries = [
        {"a": "string"},
        {"a": "string"},
        {"a": "string", "b": "number"},
        {"a": "number"},
        {"a": "string", "b": "number"},
    ]
    told = []
    for delivery in deliveries:
        now = changes(state, delivery)
        for change in now:
            state[change.field].apply(change)
        told.append([str(change) for change in now if change.is_alarm])
    assert told == [["gone field b"], [], [], ["retyped field a (string, now number)"], []]


def test_a_mixed_field_is_free_to_be_anything() -> None:
    assert changes(known(a="mixed"), {"a": "number"}) == []


def test_few_sparse_records_may_lack_what_nobody_declared() -> None:
    paths = ["a", "b", "b.c"]
    assert excused(paths, ["a"], 10) == {"b", "b.c"}
    assert excused(paths, ["a"], 10_000) == {"b.c"}


def test_of_what_is_gone_as_a_whole_the_parts_go_unsaid() -> None:
    state = known(**{"a": "object", "a.b": "string", "c": "array", "c[].d": "string"})
    assert [str(change) for change in changes(state, {})] == ["gone field a", "gone field c"]
