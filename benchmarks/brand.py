"""How right the people of a simulated brand are, beside what its records can tell at all.

    export KITH_HOME=/tmp/brand
    kith simulate --people 10000 --deliver 3 && kith run +silver.identity_fence +silver.identity_map
    python -m benchmarks.brand /tmp/brand

Judged are pairs of identifiers that some record shows, of one planted person each. *Tellable* are those that evidence of the
person's own joins: strong evidence through identifiers that nobody else uses (a name with a phone's digits counts for whom most
of its records name), and weak evidence that joins no two known people, as the rules ask. Of a marketplace's accounts they need
three parcels to the same name and digits: fewer cannot tell the buyer from somebody who was given something.
"""

import argparse
import hmac
import os
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable
from pathlib import Path

import duckdb
import pyarrow as pa
from deltalake import DeltaTable, QueryBuilder

from identity.identifiers import IdentityRules, load_rules
from lakehouse.settings import load_settings, token_key

Token = str
Edge = tuple[Token, Token, str, str, str, int, bool]
"""Ends, their types, source, evidence, whether it is weak."""
PARCELS = 3
SHOWN = {
    "known": "with accounts of several people",
    "seen": "with one person's accounts and cookies that another never logged in with",
    "unseen": "with one of its people only",
}


def asked(home: Path, table: str, query: str) -> pa.Table:
    """Rows of a table of silver."""
    opened = DeltaTable(str(home / "lake" / "silver" / table))
    return pa.table(QueryBuilder().register("t", opened).execute(query))


def owners(home: Path, key: bytes) -> dict[Token, set[str]]:
    """Token → planted people who use it. The truth is clean: only phones lack their country code."""
    files = str(home / "simulated/truth/identifier/**/*.parquet")
    found: dict[Token, set[str]] = defaultdict(set)
    planted = duckdb.connect().execute(f"SELECT person_id, id_type, value FROM '{files}'").fetchall()
    for person, kind, value in planted:
        text = f"+86{value}" if kind == "phone" else value.lower() if kind == "email" else value
        found[hmac.digest(key, f"{kind}:{text}".encode(), "sha256").hex()[:32]].add(person)
    return found


def components(edges: Iterable[tuple[Hashable, Hashable]]) -> dict[Hashable, Hashable]:
    """Vertex → some vertex of its component."""
    parent: dict[Hashable, Hashable] = {}

    def root(vertex: Hashable) -> Hashable:
        parent.setdefault(vertex, vertex)
        while parent[vertex] != vertex:
            parent[vertex] = parent[parent[vertex]]
            vertex = parent[vertex]
        return vertex

    for one, other in edges:
        parent[root(one)] = root(other)
    return {vertex: root(vertex) for vertex in list(parent)}


def parcel(edge: Edge) -> bool:
    """Whether an edge says where a marketplace's account sent something."""
    return "name_phone" in edge[2:4] and edge[4].startswith("market_")


def tellable(edges: list[Edge], person: dict[Token, str], rules: IdentityRules) -> dict[Token, Hashable]:
    """Token → what its person's own evidence joins it to."""
    kinds = {kind.name: kind for kind in rules.identifiers}
    votes: dict[Token, Counter[str]] = defaultdict(Counter)
    for src, dst, src_type, dst_type, source, evidence, _ in edges:
        named, other = (src, dst) if src_type == "name_phone" else (dst, src)
        if "name_phone" in (src_type, dst_type) and other in person:
            votes[named][person[other]] += evidence * (1000 if source == "crm__member" else 1)
    whose = person | {token: votes[token].most_common(1)[0][0] for token in votes}
    own = [e for e in edges if e[0] in whose and whose[e[0]] == whose.get(e[1]) and (e[5] >= PARCELS or not parcel(e))]
    types = {end: kind for edge in own for end, kind in ((edge[0], edge[2]), (edge[1], edge[3]))}
    points = components([(edge[0], edge[1]) for edge in own if not edge[6]] + [(end, end) for end in types])
    groups = components([(points[e[0]], points[e[1]]) for e in own if e[6]] + [(p, p) for p in points.values()])
    known: dict[Hashable, set[Hashable]] = defaultdict(set)
    for token, point in points.items():
        if kinds[types[str(token)]].is_known:
            known[groups[point]].add(point)
    return {str(t): groups[p] if len(known[groups[p]]) < 2 else p for t, p in points.items()}


def pairs(sizes: Iterable[int]) -> int:
    """Unordered pairs within groups of these sizes."""
    return sum(n * (n - 1) // 2 for n in sizes)


def evidence(home: Path, rules: IdentityRules) -> list[Edge]:
    """All edges of types that merge, cut or not."""
    merging = {kind.name for kind in rules.identifiers if kind.is_merging}
    columns = (
        "src_token, dst_token, src_type, dst_type, split_part(rule_id, '/', 1), evidence_count, edge_type = 'weak'"
    )
    table = asked(home, "identity_edge", f"SELECT {columns} FROM t")
    edges = zip(*(column.to_pylist() for column in table.columns), strict=True)
    return [edge for edge in edges if {edge[2], edge[3]} <= merging]


def accuracy(one_id: dict[Token, str], person: dict[Token, str], told: dict[Token, Hashable]) -> None:
    """Print precision and recall, of all true pairs and of those that can be told."""
    right = pairs(Counter((person[token], one_id[token]) for token in person).values())
    claimed = pairs(Counter(one_id[token] for token in person).values())
    true = pairs(Counter(person.values()).values())
    held = [token for token in told if token in person]
    can = pairs(Counter((person[token], told[token]) for token in held).values())
    did = pairs(Counter((person[token], told[token], one_id[token]) for token in held).values())
    print(f"precision {right / claimed:.5f} ({claimed - right:,} wrong of {claimed:,} pairs)")
    print(f"recall {right / true:.4f} of {true:,} true pairs, {did / can:.4f} of the {can:,} that evidence can tell")


def weakly_joined(home: Path, rules: IdentityRules) -> None:
    """Print how many known people weak evidence alone joined to others: points of strong evidence with a known identifier."""
    known = {kind.name for kind in rules.identifiers if kind.is_known}
    points: dict[str, set[str]] = defaultdict(set)
    people: dict[str, set[str]] = defaultdict(set)
    for row in asked(home, "identity_component", "SELECT component, point, id_type FROM t").to_pylist():
        points[row["component"]].add(row["point"])
        if row["id_type"] in known:
            people[row["component"]].add(row["point"])
    several = [component for component, held in points.items() if len(held) > 1]
    bad = sum(len(people[component]) > 1 for component in several)
    print(f"people whom weak evidence added to {len(several):,}, of which two known people {bad:,}")


def devices(home: Path, edges: list[Edge], used: dict[Token, set[str]], rules: IdentityRules) -> None:
    """Print what became of devices that several planted people use, by what records show of these people."""
    known = {kind.name for kind in rules.identifiers if kind.is_known}
    near: dict[Token, dict[Token, str]] = defaultdict(dict)
    for src, dst, src_type, dst_type, *_ in edges:
        for device, kind, other, of in ((src, src_type, dst, dst_type), (dst, dst_type, src, src_type)):
            if kind == "device":
                near[device][other] = of
    fences = asked(home, "identity_fence", "SELECT src_token, dst_token, fence FROM t").to_pylist()
    cut = {row[end] for row in fences for end in ("src_token", "dst_token")}
    classes: dict[str, list[Token]] = defaultdict(list)
    for device, others in near.items():
        people = [
            set().union(*(used[t] for t in tokens if len(used.get(t, ())) == 1)) for tokens in _told(others, known)
        ]
        if len(used.get(device, ())) > 1 or len(people[1]) > 1:
            classes["known" if len(people[0]) > 1 else "seen" if len(people[1]) > 1 else "unseen"].append(device)
    print(f"planted shared devices that records show {sum(map(len, classes.values())):,}:")
    for name, words in SHOWN.items():
        print(f"  {words} {len(classes[name]):,}, of which a fence cuts {len(cut.intersection(classes[name])):,}")
    print("fences:", ", ".join(f"{name} {n:,}" for name, n in Counter(row["fence"] for row in fences).most_common()))


def _told(others: dict[Token, str], known: set[str]) -> tuple[list[Token], list[Token]]:
    """Of what was seen with a device: the known people's identifiers, and all."""
    return [token for token, kind in others.items() if kind in known], list(others)


def main() -> None:
    """Print the figures of one lake."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("home", type=Path)
    home = parser.parse_args().home
    os.environ["KITH_HOME"] = str(home)
    settings = load_settings(None)
    rules = load_rules(Path(settings.conf) / "identity.yml")
    used = owners(home, token_key(settings))
    current = asked(home, "identity_map", "SELECT token, one_id FROM t WHERE is_current").to_pylist()
    one_id = {row["token"]: row["one_id"] for row in current}
    person = {token: next(iter(people)) for token, people in used.items() if len(people) == 1 and token in one_id}
    print(f"{len(person):,} identifiers of {len(set(person.values())):,} people; {len(set(one_id.values())):,} found")
    edges = evidence(home, rules)
    accuracy(one_id, person, tellable(edges, person, rules))
    weakly_joined(home, rules)
    devices(home, edges, used, rules)


if __name__ == "__main__":
    main()
