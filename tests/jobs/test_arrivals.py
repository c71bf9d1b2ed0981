"""Which files of a batch are new, and which only repeat: by content, time, and what the source says of versions."""

from collections.abc import Sequence

import pytest

from jobs.arrivals import Arrival, Past, parted, plain
from lakehouse.sources.spec import Source


def source(resent: str = "auto", *, is_versioned: bool = False) -> Source:
    mapping: dict[str, object] = {"columns": {}, "sequence": "$.at" if is_versioned else ""}
    return Source.model_validate(
        {"name": "a__b", "description": "x", "format": "csv", "resent": resent, "maps": {"silver.event": mapping}}
    )


A, B = "sha256:a", "sha256:b"


def file(name: str, digest: str, at: int, size: int = 1) -> Arrival:
    return Arrival(name, size, digest, at)


@pytest.mark.parametrize(
    ("arrivals", "before", "other", "fresh"),
    [
        ([file("1", A, 1), file("2", B, 2)], [], 0, ["1", "2"]),
        ([file("1", A, 1), file("1 again", A, 1)], [], 0, ["1"]),
        ([file("again", A, 5)], [Past("1", A, 3, 1)], 0, []),
        ([file("back", A, 5)], [Past("1", A, 3, 1)], 3, ["back"]),
        ([file("late again", A, 2)], [Past("1", A, 3, 1)], 3, []),
        ([file("old", A, 1)], [Past("1", A, 3, 1)], 3, []),
        ([file("again", A, 9)], [Past("1", A, 3, 1), Past("3", A, 3, 7)], 5, []),
        ([file("2", B, 4), file("back", A, 5)], [Past("1", A, 3, 1)], 0, ["2", "back"]),
        ([file("empty", A, 5, size=0)], [Past("1", A, 3, 1)], 0, ["empty"]),
        ([file("landing/replay-0-1", A, 5)], [Past("1", A, 3, 1)], 0, ["landing/replay-0-1"]),
    ],
)
def test_what_is_new_where_a_files_time_is_the_version(
    arrivals: Sequence[Arrival], before: Sequence[Past], other: int, fresh: list[str]
) -> None:
    found = parted(source(), arrivals, before, other)
    assert [a.path for a in found.fresh] == fresh
    assert len(found.fresh) + len(found.resent) == len(arrivals)


def test_records_with_versions_of_their_own_need_no_second_landing() -> None:
    found = parted(source(is_versioned=True), [file("back", A, 5)], [Past("1", A, 3, 1)], 3)
    assert [(r.same_as, r.rows) for r in found.resent] == [("1", 3)]
    assert parted(source("skip"), [file("back", A, 5)], [Past("1", A, 3, 1)], 3).fresh == ()


@pytest.mark.parametrize("path", ["file:/a/b c", "file:///a/b c", "file://a/b c", "/a/b c"])
def test_one_path_has_one_name(path: str) -> None:
    assert plain(path) == "/a/b c"
    assert plain("s3a://bucket/key") == "s3a://bucket/key"
