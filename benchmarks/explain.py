"""`kith identity explain` of two identifiers in a lake of 20 M edges: wall and CPU seconds of the whole process.

    python -m benchmarks.explain 20e6 [--folder /tmp/kith-bench]

The lake is written without Spark: people of six identifiers and five edges, one edge in fifty fenced; tokens are random, so
that no file can be skipped. It is measured as it is, as after merges, then with its tables in the order of their clustering
columns (edges by src_token), as after OPTIMIZE. 11 GB of disk and 4 GB of memory at 20 M edges.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable, convert_to_deltalake, write_deltalake
from numpy.typing import NDArray

TYPES = ("member_no", "phone", "email", "app_user", "anonymous_app", "device")
EDGES = (
    (0, 1, "crm__member/member_no~phone", 1.0),
    (0, 2, "crm__member/member_no~email", 1.0),
    (3, 1, "app__event/app_user~phone", 1.0),
    (3, 4, "app__event/app_user~anonymous_app", 0.9),
    (4, 5, "app__event/anonymous_app~device", 0.5),
)
CHUNK = 200_000
"""People of a file."""
SORTED = {"identity_map": "token", "identity_edge": "src_token", "identifier_observation": "id_token"}
Longs = NDArray[np.int64]


def _hex(raw: bytes) -> pa.Array:
    """128-bit numbers as tokens."""
    offsets = pa.py_buffer((np.arange(len(raw) // 16 + 1, dtype=np.int32) * 32).tobytes())
    return pa.Array.from_buffers(pa.string(), len(raw) // 16, [None, offsets, pa.py_buffer(raw.hex().encode())])


def _times(seconds: Longs) -> pa.Array:
    return pa.array(seconds * 1_000_000, pa.int64()).cast(pa.timestamp("us", "UTC"))


def _coded(values: tuple[object, ...], codes: Longs) -> pa.Array:
    return pa.array(values).take(pa.array(codes))


def chunks(n_people: int, seed: int = 7) -> Iterator[dict[str, pa.Table]]:
    """The rows of each table, some people at a time, in random order."""
    dice = np.random.default_rng(seed)
    names = dice.permutation(n_people)
    for start in range(0, n_people, CHUNK):
        yield _chunk(dice, names[start : start + CHUNK], start // CHUNK)


def _chunk(dice: np.random.Generator, people: Longs, number: int) -> dict[str, pa.Table]:
    n = len(people)
    tokens = _hex(dice.bytes(16 * 6 * n))
    kinds = np.tile(np.arange(6), n)
    one_id = pc.binary_join_element_wise(
        "01KCE2", pc.utf8_lpad(pa.array(np.repeat(people, 6)).cast(pa.string()), 20, "0"), ""
    )
    since = _times(np.full(6 * n, 1_600_000_000))
    held = pa.table(
        {
            "token": tokens,
            "one_id": one_id,
            "valid_from": since,
            "valid_to": pa.nulls(6 * n, since.type),
            "is_current": pa.array(np.ones(6 * n, bool)),
        }
    )
    types = _coded(TYPES, kinds)
    which = np.repeat(np.arange(len(EDGES)), n)
    pairs = ([edge[0] for edge in EDGES], [edge[1] for edge in EDGES])
    ends = [np.concatenate([np.arange(n) * 6 + kind for kind in side]) for side in pairs]
    seen = 1_600_000_000 + dice.integers(0, 100_000_000, len(which))
    edges = _edges(tokens, types, ends, which, seen, dice)
    records = _records(tokens, types, ends, which, seen, _hex(dice.bytes(16 * len(which))), number)
    found = {"identity_map": held, "identity_edge": edges, "identifier_observation": records}
    return {name: table.take(pa.array(dice.permutation(len(table)))) for name, table in found.items()}


def _edges(
    tokens: pa.Array, types: pa.Array, ends: list[Longs], which: Longs, seen: Longs, dice: np.random.Generator
) -> pa.Table:
    one, other = (tokens.take(pa.array(end)) for end in ends)
    turned = pc.greater(one, other)
    kinds = [types.take(pa.array(end)) for end in ends]
    is_cut = (which == 4) & (dice.random(len(which)) < 0.1)
    weak = pa.array(which == 4)
    words = pa.scalar("shared_device: device: 7 accounts share it, max_degree 6")
    return pa.table(
        {
            "src_token": pc.if_else(turned, other, one),
            "dst_token": pc.if_else(turned, one, other),
            "src_type": pc.if_else(turned, kinds[1], kinds[0]),
            "dst_type": pc.if_else(turned, kinds[0], kinds[1]),
            "rule_id": _coded(tuple(edge[2] for edge in EDGES), which),
            "edge_type": pc.if_else(weak, "weak", "strong"),
            "weight": _coded(tuple(edge[3] for edge in EDGES), which),
            "is_merging": pa.array(~is_cut),
            "fence_reason": pc.if_else(pa.array(is_cut), words, pa.scalar(None, pa.string())),
            "first_seen_at": _times(seen),
            "last_seen_at": _times(seen + 86_400),
            "evidence_count": pa.array(dice.integers(1, 5, len(which))),
        }
    )


def _records(
    tokens: pa.Array, types: pa.Array, ends: list[Longs], which: Longs, seen: Longs, ids: pa.Array, number: int
) -> pa.Table:
    """Two rows for each edge: the record that showed it."""
    both, at = np.concatenate(ends), _times(np.concatenate([seen, seen]))
    file = pa.array([f"file:/landing/app/event/event-{number:05}.jsonl"]).take(pa.array(np.zeros(len(both), np.int64)))
    row = pa.array(np.tile(np.arange(1, len(seen) + 1), 2))
    return pa.table(
        {
            "source": _coded(tuple(edge[2].partition("/")[0] for edge in EDGES), np.tile(which, 2)),
            "record_id": pa.concat_arrays([ids, ids]),
            "id_type": types.take(pa.array(both)),
            "id_token": tokens.take(pa.array(both)),
            "first_seen_at": at,
            "last_seen_at": _times(np.concatenate([seen, seen]) + 86_400),
            "_first_row": pa.StructArray.from_arrays([at, file, row], names=["seen_at", "file", "row"]),
        }
    )


def arrange(source: Path, target: Path) -> None:
    """The same tables in the order of their clustering columns."""
    base = duckdb.connect()
    base.execute("set memory_limit='3GB'; set timezone='UTC'")
    base.execute(f"set temp_directory='{target}/spill'")
    for name, column in SORTED.items():
        folder = target / "lake" / "silver" / name
        folder.mkdir(parents=True)
        rows = f"SELECT * FROM read_parquet('{source}/lake/silver/{name}/*.parquet') ORDER BY {column}"
        base.execute(f"COPY ({rows}) TO '{folder}/part-0.parquet' (FORMAT parquet, ROW_GROUP_SIZE 131072)")
        convert_to_deltalake(str(folder))


def ask(home: Path, a: str, b: str) -> tuple[float, float]:
    """Wall and CPU seconds of the command, process start included."""
    before, began = os.times(), time.monotonic()
    command = [sys.executable, "-m", "jobs.main", "identity", "explain", a, b]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=os.environ | {"KITH_HOME": str(home)})
    after = os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return time.monotonic() - began, cpu


def main() -> None:
    """Make both lakes, ask three times each, print the median."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("edges", type=float)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "kith-bench")
    asked = parser.parse_args()
    root = asked.folder / "explain"
    shutil.rmtree(root, ignore_errors=True)
    samples: list[str] = []
    for tables in chunks(int(asked.edges) // len(EDGES)):
        for name, table in tables.items():
            write_deltalake(str(root / "merged" / "lake" / "silver" / name), table, mode="append")
        if not samples:
            edge = tables["identity_edge"].slice(0, 2).to_pylist()
            samples = [edge[0]["src_token"], edge[0]["dst_token"], edge[1]["src_token"]]
    n_edges = DeltaTable(str(root / "merged" / "lake" / "silver" / "identity_edge")).count()
    arrange(root / "merged", root / "clustered")
    for lake in ("merged", "clustered"):
        for what, other in (("one person", samples[1]), ("two people", samples[2])):
            wall, cpu = sorted(ask(root / lake, samples[0], other) for _ in range(3))[1]
            print(f"{n_edges:,} edges, {lake}, {what}: {wall:.1f} s wall, {cpu:.1f} CPU s", flush=True)
    shutil.rmtree(root)


if __name__ == "__main__":
    main()
