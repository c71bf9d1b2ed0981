"""Which silver table a sample fits: what each table needs, which roles fill its columns, and how much of it is filled."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lakehouse.samples.columns import ColumnFacts
from lakehouse.samples.reading import ITEM

TIME = ("occurred", "received", "updated", "joined")


@dataclass(frozen=True, slots=True)
class Shape:
    """``needs``: of each group one role must be there; ``without``: none of these; ``fills``: roles by column, best first."""

    table: str
    needs: tuple[tuple[str, ...], ...]
    fills: Mapping[str, tuple[str, ...]]
    without: tuple[str, ...] = ()


ORDER = {
    "order_id": ("order_id",),
    "channel": ("channel",),
    "store_id": ("store_id",),
    "ordered_at": TIME,
    "status": ("status",),
    "currency": ("currency",),
}
# From the most particular to the most general: the first whose needs are met is what a sample is taken for.
SHAPES = (
    Shape(
        "silver.consent_event",
        (("purpose",), ("action", "status")),
        {
            "consent_id": ("consent_id", "event_id", "key"),
            "purpose": ("purpose",),
            "channel": ("channel",),
            "action": ("action", "status"),
            "policy_version": ("policy_version",),
            "jurisdiction": ("jurisdiction",),
            "evidence_uri": ("evidence",),
            "occurred_at": TIME,
        },
    ),
    Shape(
        "silver.message_event",
        (("message_id",), ("event", "status", "event_type"), ("campaign", "template", "channel")),
        {
            "message_id": ("message_id",),
            "event": ("event", "event_type", "status"),
            "campaign_id": ("campaign",),
            "channel": ("channel",),
            "arm": ("arm",),
            "template_id": ("template",),
            "occurred_at": TIME,
        },
    ),
    Shape(
        "silver.order_line",
        (("order_id",), ("sku",), ("quantity",), ("price",)),
        ORDER
        | {
            "line_no": ("line_no", "sku"),
            "known_at": ("received",),
            "sku": ("sku",),
            "quantity": ("quantity",),
            "unit_price_amount": ("price",),
            "discount_amount": ("discount",),
        },
    ),
    Shape("silver.order_header", (("order_id",), TIME), ORDER | {"paid_amount": ("amount",)}),
    Shape(
        "silver.event",
        (("event", "event_type", "event_id"), TIME),
        {
            "event_id": ("event_id", "key"),
            "type": ("event_type",),
            "event": ("event",),
            "occurred_at": TIME,
            "received_at": ("received",),
            "channel": ("channel",),
            "device_type": ("device_type",),
            "sku": ("sku",),
            "place_id": ("store_id",),
            "campaign_id": ("campaign",),
            "query": ("query",),
            "value_amount": ("amount", "price"),
        },
    ),
    Shape(
        "silver.product",
        (("sku",), ("product_name", "name", "category", "brand")),
        {
            "sku": ("sku",),
            "name": ("product_name", "name"),
            "category": ("category",),
            "subcategory": ("subcategory",),
            "brand": ("brand",),
            "price_band": ("price_band",),
            "unit": ("unit",),
            "gtin": ("gtin",),
            "launched_on": ("launched",),
            "status": ("status",),
            "updated_at": ("updated",),
        },
        without=("phone", "email"),
    ),
    Shape(
        "silver.customer_record",
        (
            ("phone", "email", "name", "member_no", "account", "birth"),
            ("phone", "email", "name", "gender", "birth", "joined"),
        ),
        {
            "record_id": ("member_no", "account", "unionid", "key"),
            "name": ("name",),
            "gender": ("gender",),
            "birth_on": ("birth",),
            "city": ("city",),
            "home_store_id": ("store_id",),
            "status": ("status",),
            "joined_at": ("joined",),
            "updated_at": ("updated", "joined", "occurred"),
        },
        without=("latitude", "sku"),
    ),
    Shape(
        "silver.store",
        (("store_id",), ("store_name", "name", "latitude", "format", "opened", "city")),
        {
            "store_id": ("store_id",),
            "name": ("store_name", "name"),
            "format": ("format",),
            "region": ("region",),
            "province": ("province",),
            "city": ("city",),
            "latitude": ("latitude",),
            "longitude": ("longitude",),
            "opened_on": ("opened",),
            "updated_at": ("updated",),
        },
        without=("email",),
    ),
)
BY_TABLE = {shape.table: shape for shape in SHAPES}
Roles = Mapping[str, ColumnFacts]


def by_role(facts: Sequence[ColumnFacts], items: str = "") -> dict[str, ColumnFacts]:
    """The column of each role: the fullest one, the first of equals. ``items``: a list whose items' fields count too."""
    found: dict[str, ColumnFacts] = {}
    for fact in facts:
        inside = fact.name.partition(ITEM)[0] if ITEM in fact.name else ""
        if not fact.role or inside not in ("", items) or fact.filled == 0:
            continue
        known = found.get(fact.role)
        is_better = known is None or (bool(inside), fact.full) > (ITEM in known.name, known.full)
        if is_better:
            found[fact.role] = fact
    return found


def fits(shape: Shape, roles: Roles) -> bool:
    """Whether a table's needs are met."""
    return all(any(role in roles for role in group) for group in shape.needs) and not set(shape.without) & set(roles)


def best_shapes(roles: Roles, facts: Sequence[ColumnFacts], lists: Sequence[str]) -> list[tuple[Shape, str]]:
    """The tables that a sample feeds, with the list that is exploded for each (empty: none); empty where none fits.

    An order with its lines feeds two tables. Two shapes may fit a store's and a person's master: the one more filled wins.
    """
    for items in lists:
        inner = by_role(facts, items)
        if fits(BY_TABLE["silver.order_line"], inner):
            header = [(BY_TABLE["silver.order_header"], "")] if fits(BY_TABLE["silver.order_header"], roles) else []
            return [*header, (BY_TABLE["silver.order_line"], items)]
    found = [shape for shape in SHAPES if fits(shape, roles)]
    if not found:
        return []
    first = found[0]
    if first.table == "silver.order_line":
        return [(BY_TABLE["silver.order_header"], ""), (first, "")]
    masters = [shape for shape in found if shape.table in ("silver.customer_record", "silver.store", "silver.product")]
    if first in masters:
        first = max(masters, key=lambda shape: filled(shape, roles))
    return [(first, "")]


def filled(shape: Shape, roles: Roles) -> int:
    """How many columns of a table the roles fill."""
    return sum(1 for options in shape.fills.values() if any(role in roles for role in options))
