"""Parts of a foreign file: what was read is read, everything else is left over with its line."""

from pathlib import Path

import pytest

from identity.imported.parts import Part, read_parts

TEXT = """\
a: one
b: [x, null, {y: 1}]
c:
  - name: first
    d: 1
  - just text
  - e: 2
f: {g: yes, h: null}
i: [1, 2]
j: [[1]]
"""


@pytest.fixture
def top(tmp_path: Path) -> Part:
    """The top of a small file."""
    path = tmp_path / "any.yml"
    path.write_text(TEXT, encoding="utf-8")
    return read_parts(path)


def left(part: Part) -> set[tuple[int, str]]:
    return {(line, path) for _, line, path, _ in part.left()}


def test_what_nobody_read_is_left_over_lists_of_mappings_by_member(top: Part) -> None:
    assert left(top) == {(1, "a"), (2, "b"), (3, "c"), (8, "f"), (9, "i"), (10, "j")}
    assert "a" in top
    assert "z" not in top
    assert (1, "a") in left(top), "asking whether a key is there is not reading it"


def test_scalars_are_as_written_with_their_line(top: Part) -> None:
    assert top.text("a") == ("one", 1)
    assert top.text("z") is None
    assert top.text("i") is None
    assert [text.value for text in top.texts("i")] == ["1", "2"]
    assert top.texts("a") == [("one", 1)]
    assert left(top) == {(2, "b"), (3, "c"), (8, "f"), (10, "j")}


def test_a_list_where_a_text_is_asked_for_is_left_over(top: Part) -> None:
    assert top.text("i") is None
    assert (9, "i") in left(top)


def test_members_of_another_shape_are_left_over(top: Part) -> None:
    assert [text.value for text in top.texts("b")] == ["x"]
    assert [part.path for part in top.parts("c")] == ["c[first]", "c[2]"]
    assert {(2, "b[2]"), (6, "c[1]"), (4, "c[first].name"), (5, "c[first].d"), (7, "c[2].e")} <= left(top)
    assert top.parts("c") == top.parts("c"), "a part is one thing, however often it is asked for"


def test_inner_parts_say_what_is_left_of_them(top: Part) -> None:
    inner = top.part("f")
    assert inner
    assert inner.flag("g", default=False)
    assert inner.flag("z", default=True)
    assert left(inner) == {(8, "f.h")}
    inner.pass_over()
    assert left(inner) == set()
    assert inner.text("h") is None
