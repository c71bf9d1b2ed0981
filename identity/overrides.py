"""What people decide about who is who: pins and forbids, what they contradict, how a split is said with them, when they hold."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

from identity.minting import CROCKFORD
from lakehouse.errors import KithError

Kind = Literal["pin", "forbid"]
ENTROPY = 10
"""Bytes of chance in an id."""


class OverrideError(KithError):
    """A decision cannot be taken: it contradicts another, repeats it, or splits nothing; names the other's id."""


@dataclass(frozen=True, slots=True)
class Decision:
    """Two tokens that are one person (``pin``) or never are (``forbid``)."""

    kind: Kind
    a_token: str
    b_token: str


@dataclass(frozen=True, slots=True)
class Override:
    """A row of ``ops.identity_override``; ``until_on`` is the last day on which it holds, None: for ever."""

    override_id: str
    kind: Kind
    a_token: str
    b_token: str
    group_id: str
    reason: str
    actor: str
    made_at: datetime
    until_on: date | None = None
    lifted_at: datetime | None = None
    lifted_by: str | None = None
    lift_reason: str | None = None

    def holds(self, day: date) -> bool:
        """Whether it is neither lifted nor past its last day."""
        return self.lifted_at is None and (self.until_on is None or day <= self.until_on)


@dataclass(frozen=True, slots=True)
class Holding:
    """An identifier of a person, as far as choosing an anchor needs to know it."""

    token: str
    first_seen_at: datetime
    is_verified: bool = field(default=False)
    is_account: bool = field(default=False)


def minted(millis: int, entropy: bytes) -> str:
    """A ULID: 48 bits of milliseconds since 1970 and 80 of chance, as 26 characters of Crockford base32, sortable by time.

    Source: github.com/ulid/spec. Raises ``ValueError`` where ``entropy`` is not ten bytes.
    """
    if len(entropy) != ENTROPY:
        raise ValueError(f"{ENTROPY} bytes of entropy are needed, there are {len(entropy)}")
    number = (millis << 80) | int.from_bytes(entropy)
    return "".join(CROCKFORD[(number >> shift) & 31] for shift in range(125, -1, -5))


def in_force(overrides: Iterable[Override], day: date) -> list[Override]:
    """The overrides that hold on a day, in the order in which they were made."""
    return sorted((o for o in overrides if o.holds(day)), key=lambda o: o.override_id)


def check(decisions: Sequence[Decision], known: Iterable[Override], day: date) -> None:
    """Refuse decisions that cannot stand beside those that hold on ``day``, or beside each other.

    Raises :class:`OverrideError`: the two tokens are one; the same was decided already; a pin would join what is
    forbidden; a forbid would part what pins join, directly or through others. The error names the other's id.
    """
    standing = in_force(known, day)
    for decision in decisions:
        _new(decision, standing)
    pins = [(o.a_token, o.b_token, o.override_id) for o in standing if o.kind == "pin"]
    pins += [(d.a_token, d.b_token, "this one") for d in decisions if d.kind == "pin"]
    forbids = [(o.a_token, o.b_token, o.override_id) for o in standing if o.kind == "forbid"]
    forbids += [(d.a_token, d.b_token, "this one") for d in decisions if d.kind == "forbid"]
    for one, other, name in forbids:
        way = _pinned(pins, one, other)
        if way is not None:
            raise _contradiction(name, way)


def _new(decision: Decision, standing: Sequence[Override]) -> None:
    if decision.a_token == decision.b_token:
        raise OverrideError("the two references are one identifier", token=decision.a_token)
    ends = {decision.a_token, decision.b_token}
    for other in standing:
        if other.kind == decision.kind and {other.a_token, other.b_token} == ends:
            raise OverrideError(f"there is such a {other.kind} already", override=other.override_id, by=other.actor)


def _contradiction(forbid: str, way: Sequence[str]) -> OverrideError:
    pins = sorted({name for name in way if name != "this one"})
    if forbid == "this one":
        return OverrideError("a pin says that they are one person: lift it first", override=", ".join(pins) or None)
    return OverrideError("a forbid says that they are never one person: lift it first", override=forbid)


def _pinned(pins: Sequence[tuple[str, str, str]], one: str, other: str) -> list[str] | None:
    """The ids of the pins on a way from one token to the other; None where pins do not join them."""
    ways: dict[str, list[str]] = {one: []}
    queue = [one]
    for token in queue:
        for a, b, name in pins:
            for here, there in ((a, b), (b, a)):
                if here == token and there not in ways:
                    ways[there] = [*ways[token], name]
                    queue.append(there)
    return ways.get(other)


def anchor(holdings: Collection[Holding], without: Collection[str] = ()) -> Holding:
    """The identifier that stands for a person: the oldest verified one, else the oldest account, else the oldest.

    ``without``: tokens that do not count. Raises :class:`OverrideError` where none is left.
    """
    left = [h for h in holdings if h.token not in set(without)]
    if not left:
        raise OverrideError("no identifier of the person would be left")
    return min(left, key=lambda h: (not h.is_verified, not h.is_account, h.first_seen_at, h.token))


def split(holdings: Collection[Holding], leaving: Collection[str]) -> list[Decision]:
    """How to say that the tokens ``leaving`` are another person than the rest of ``holdings``.

    The leaving stay together: their anchor is pinned to each other one of them; and it is forbidden to be one person with
    the anchor of the rest. Raises :class:`OverrideError` where a leaving token is not the person's, or nothing would leave
    or stay.
    """
    strangers = sorted(set(leaving) - {h.token for h in holdings})
    if strangers:
        raise OverrideError("not an identifier of this person", token=strangers[0])
    if not leaving:
        raise OverrideError("nothing is to be split off")
    stays = anchor(holdings, without=leaving)
    head = anchor([h for h in holdings if h.token in set(leaving)])
    others = sorted(set(leaving) - {head.token})
    return [Decision("forbid", head.token, stays.token), *[Decision("pin", head.token, token) for token in others]]
