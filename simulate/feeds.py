"""Every source of the brand: its folder, its format, its fields, and the function that makes its rows."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

from pyspark.sql import DataFrame

from simulate import ads, club, consents, crm, erp, events, market, messages, pos, trace, truth, visits, voices
from simulate.visits import Channel
from simulate.world import World

Build = Callable[[World], DataFrame]


@dataclass(frozen=True)
class Feed:
    """One source's files: ``name`` is the folder ``<source>/<object>``; ``build`` gives ``fields`` and ``delivery``.

    ``rough`` feeds have duplicates and malformed lines. ``layout`` numbers the layouts of a source whose columns change.
    """

    name: str
    format: Literal["json", "csv", "parquet"]
    fields: tuple[str, ...]
    build: Build
    rough: bool = True
    charset: str = "UTF-8"
    layout: int = 0


def _events(world: World, channel: Channel) -> DataFrame:
    return events.events(world, channel)


FEEDS = (
    *(
        Feed(f"{channel.source}/event", "json", events.FIELDS, partial(_events, channel=channel))
        for channel in visits.CHANNELS
    ),
    Feed("pos/receipt_north", "csv", pos.NORTH_FIELDS, pos.receipts_north, layout=1),
    Feed("pos/receipt_north", "csv", pos.NORTH_FIELDS_LATER, pos.receipts_north_later, layout=2),
    Feed("pos/receipt_south", "csv", pos.SOUTH_FIELDS, pos.receipts_south, charset="GB18030"),
    Feed("crm/member", "parquet", crm.FIELDS, crm.members, rough=False),
    Feed("market_tiger/order", "json", market.TIGER_FIELDS, market.tiger_orders),
    Feed("market_dog/order", "json", market.DOG_FIELDS, market.dog_orders),
    Feed("trace/scan", "csv", trace.FIELDS, trace.scans),
    Feed("ads/click", "json", ads.CLICK_FIELDS, ads.clicks),
    Feed("ads/spend", "csv", ads.SPEND_FIELDS, ads.spend, rough=False),
    Feed("campaign/campaign", "csv", messages.CAMPAIGN_FIELDS, messages.campaign_master, rough=False),
    Feed("campaign/send", "csv", messages.SEND_FIELDS, messages.sends),
    Feed("campaign/receipt", "json", messages.RECEIPT_FIELDS, messages.receipts),
    Feed("consent/event", "json", consents.FIELDS, consents.consents, rough=False),
    Feed("service/call", "json", voices.CALL_FIELDS, voices.calls),
    Feed("review/review", "json", voices.REVIEW_FIELDS, voices.reviews),
    Feed("survey/answer", "csv", voices.ANSWER_FIELDS, voices.answers),
    Feed("erp/product", "csv", erp.PRODUCT_FIELDS, erp.products, rough=False),
    Feed("erp/store", "csv", erp.STORE_FIELDS, erp.stores, rough=False),
    Feed("erp/price", "csv", erp.PRICE_FIELDS, erp.prices, rough=False),
    Feed("erp/promotion", "csv", erp.PROMOTION_FIELDS, erp.promotions, rough=False),
    Feed("club/subscription", "json", club.FIELDS, club.subscription_events),
)

TRUTHS: dict[str, Build] = {
    "person": truth.persons,
    "identifier": truth.identifiers,
    "record_owner": truth.record_owners,
    "campaign_effect": truth.campaign_effects,
    "subscription_term": club.subscription_terms,
}
