"""Stories of identity as a picture: identifiers as boxes down the page, the evidence between them as lines with words."""

from collections.abc import Mapping

from identity.explain import PIN, Evidence
from identity.identifiers import IdentityRules
from jobs.explaining.register import is_match
from jobs.explaining.story import Pair, Person, Step
from jobs.explaining.text import SHORT, labels, named, place, strength
from jobs.reporting.markup import el, esc, plural

WIDTH, LEFT, TOP, BOX, GAP, INDENT = 860.0, 24.0, 58.0, 30.0, 62.0, 30.0
ROW = 46.0
CHARACTER, SMALL = 8.3, 7.3
MOST_ROWS = 60
"""Identifiers of a person that are drawn."""
FILLS = {"account": "#2f6fde", "contact": "#1f8a5b", "trace": "#7a7f8a"}
STYLE = (
    "text{font-family:system-ui,'Noto Sans','Noto Sans CJK SC',sans-serif;font-size:13px;fill:#1d2330}"
    ".title{font-size:16px;font-weight:600}.soft{fill:#667085;font-size:12px}.box{fill:#fff;stroke-width:1.6}"
    ".held{stroke:#475467}.cut{stroke:#c8372d;stroke-dasharray:5 5}.why{fill:#c8372d;font-size:12px}.line{fill:none}"
)
TITLES = {
    "same": "One person: both references name the same identifier",
    "joined": "One person: the strongest path of evidence",
    "apart": "Two people: the strongest path between them is cut",
    "unlinked": "Two people: no evidence at either of them leads to the other",
}


def draw(story: Pair | Person, rules: IdentityRules) -> str:
    """The story as an SVG document of its own."""
    kinds = {one.name: one.kind for one in rules.identifiers}
    width, height, parts = _pair(story, kinds) if isinstance(story, Pair) else _person(story, kinds)
    box = f"0 0 {width:.0f} {height:.0f}"
    back = el("rect", x=0.0, y=0.0, width=width, height=height, fill="#ffffff")
    name = TITLES[story.verdict] if isinstance(story, Pair) else f"Person {story.one_id}"
    return el(
        "svg",
        el("style", STYLE),
        back,
        el("text", esc(name), x=LEFT, y=30.0, cls="title"),
        *_keys(width),
        *parts,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=box,
        width=f"{width:.0f}",
        height=f"{height:.0f}",
        role="img",
        aria_label=name,
    )


def _keys(width: float) -> list[str]:
    parts, x = [], width - 270
    for kind, fill in FILLS.items():
        parts.append(el("rect", x=x, y=20.0, width=12.0, height=12.0, rx=3, fill=fill))
        parts.append(el("text", esc(kind), x=x + 17, y=30.0, cls="soft"))
        x += 34 + len(kind) * SMALL
    return parts


def _width(text: str) -> float:
    return 36 + sum(1.7 * CHARACTER if ord(sign) > 0x2E80 else CHARACTER for sign in text)


def _box(x: float, y: float, text: str, fill: str) -> str:
    return (
        el("rect", x=x, y=y, width=_width(text), height=BOX, rx=7, cls="box", stroke=fill)
        + el("rect", x=x + 9, y=y + 9, width=12.0, height=12.0, rx=3, fill=fill)
        + el("text", esc(text), x=x + 27, y=y + 20)
    )


def _pair(pair: Pair, kinds: Mapping[str, str]) -> tuple[float, float, list[str]]:
    typed = labels(pair.a, pair.b)
    if not pair.steps:
        said = f"{pair.a.text} is of {pair.a.one_id}, {pair.b.text} of {pair.b.one_id}"
        return WIDTH, TOP + 40, [el("text", esc(said), x=LEFT, y=TOP + 12)]
    edges = [step.edge for step in pair.steps]
    ends = [(edges[0].src_token, edges[0].src_type), *((edge.dst_token, edge.dst_type) for edge in edges)]
    parts, y = [], TOP
    for number, (token, id_type) in enumerate(ends):
        if number:
            parts.append(_link(pair.steps[number - 1], y))
            y += GAP + 16 * (len(_words(pair.steps[number - 1])) - 2)
        parts.append(_box(LEFT, y, named(token, id_type, typed), _fill(id_type, kinds)))
        y += BOX
    people = "" if pair.a.one_id == pair.b.one_id else f" and {pair.b.one_id}"
    parts.append(el("text", esc(f"{pair.a.one_id}{people}"), x=LEFT, y=y + 24, cls="soft"))
    longest = max(len(text) for step in pair.steps for text, _ in _words(step))
    return max(WIDTH, LEFT + 70 + longest * SMALL), y + 40, parts


def _fill(id_type: str, kinds: Mapping[str, str]) -> str:
    return FILLS[kinds.get(id_type, "trace")]


def _words(step: Step) -> list[tuple[str, str]]:
    """Lines beside a link with their class: the rule, the fence, up to two records, how many more."""
    edge = step.edge
    lines = [(f"{edge.rule_id}: {strength(edge)}", "")]
    if edge.is_cut:
        lines.append((f"cut ({edge.fence}): {edge.reason}", "why"))
    lines += [(f"{one.source} record {one.record_id[:SHORT]}…, {place(one)}", "soft") for one in step.records[:2]]
    rest = step.n_more + len(step.records[2:])
    if rest:
        lines.append((f"and {plural(rest, 'more sighting')}", "soft"))
    return lines if len(lines) > 1 else [*lines, ("", "soft")]


def _link(step: Step, y: float) -> str:
    words = _words(step)
    height = GAP + 16 * (len(words) - 2)
    x = LEFT + 40
    line = el("line", x1=x, y1=y, x2=x, y2=y + height, cls=_cls(step.edge), stroke_width=_stroke(step.edge))
    top = y + (height - 16 * len(words)) / 2 + 12
    texts = [el("text", esc(text), x=x + 18, y=top + 16 * n, cls=cls or None) for n, (text, cls) in enumerate(words)]
    return line + "".join(texts)


def _cls(edge: Evidence) -> str:
    return "line cut" if edge.is_cut else "line held"


def _stroke(edge: Evidence) -> float:
    return 5.0 if edge.edge_type == PIN else 1.0 + 2.5 * min(1.0, edge.weight)


def _person(person: Person, kinds: Mapping[str, str]) -> tuple[float, float, list[str]]:
    types = {held.token: held.id_type for held in person.identifiers}
    shown = person.tree[:MOST_ROWS]
    rows = [(0, person.root), *((depth, step.edge.dst_token) for depth, step in shown)]
    spots = {token: (LEFT + INDENT * depth, TOP + 16 + ROW * n) for n, (depth, token) in enumerate(rows)}
    typed = labels(person.reference)
    texts = {token: named(token, types.get(token, "?"), typed) for token in spots}
    right = max(x + _width(texts[token]) for token, (x, _) in spots.items()) + 24
    says = (
        f"{person.level or 'not yet in gold'}, {len(person.identifiers)} identifiers; below, what holds them together"
    )
    parts = [el("text", esc(says), x=LEFT, y=TOP - 6, cls="soft")]
    parts += [_branch(step, spots, right) for _, step in shown]
    parts += [_box(x, y, texts[t], _fill(types.get(t, "?"), kinds)) for t, (x, y) in spots.items()]
    bottom = TOP + 16 + ROW * len(rows)
    notes = _notes(person)
    parts += [el("text", esc(n), x=LEFT, y=bottom + 8 + 18 * i, cls="soft") for i, n in enumerate(notes)]
    longest = max((len(_said(step)) for _, step in shown), default=0)
    return max(WIDTH, right + longest * SMALL + LEFT), bottom + 18 * len(notes) + 12, parts


def _notes(person: Person) -> list[str]:
    rest, n_cut = len(person.tree) - MOST_ROWS, len(person.cut)
    notes = [f"and {plural(rest, 'more identifier')}"] if rest > 0 else []
    return [*notes, f"✂ {plural(n_cut, 'edge')} to others not followed"] if n_cut else notes


def _said(step: Step) -> str:
    return f"{step.edge.rule_id}: {strength(step.edge)}"


def _branch(step: Step, spots: Mapping[str, tuple[float, float]], right: float) -> str:
    (x1, y1), (x2, y2) = spots[step.edge.src_token], spots[step.edge.dst_token]
    way = f"M{x1 + 14:.1f},{y1 + BOX:.1f} V{y2 + BOX / 2:.1f} H{x2:.1f}"
    line = el("path", d=way, cls=_cls(step.edge), stroke_width=_stroke(step.edge))
    seen = " and ".join(place(one) for one in step.records[: 2 if is_match(step.edge) else 1])
    texts = [el("text", esc(t), x=right, y=y2 + 13 + 15 * n, cls="soft") for n, t in enumerate((_said(step), seen))]
    return line + "".join(texts)
