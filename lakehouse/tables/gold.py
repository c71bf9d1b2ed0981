"""Contracts of gold: the star for BI, the customer mart, tiers and scores; no VARIANT and no nested types."""

from lakehouse.table import Column, DataClass, Pii, Rule, Table
from lakehouse.tables import model, value

B, ID = DataClass.BEHAVIOURAL, DataClass.IDENTITY

ONE_ID = Column("one_id", "string", "the person: a minted id that lasts", required=True, data_class=ID)
TOKEN = Column(
    "customer_token",
    "string",
    "identifier of the buyer, keyed hash; join silver.identity_map for the person",
    pii=Pii.TOKEN,
    data_class=ID,
)

DIM_CUSTOMER = Table(
    "gold.dim_customer",
    "One row for each person, customers and prospects alike, with the attributes that survived and where they came from.",
    (
        ONE_ID,
        Column(
            "identity_level",
            "string",
            "anonymous, pseudonymous, known, verified",
            required=True,
            data_class=ID,
        ),
        Column("n_identifiers", "bigint", "identifiers that belong to the person", required=True),
        Column("n_sources", "bigint", "sources that know the person", required=True),
        Column("gender", "string", "gender"),
        Column("gender_source", "string", "source of gender"),
        Column("birth_on", "date", "day of birth", pii=Pii.INDIRECT),
        Column("birth_on_source", "string", "source of birth_on"),
        Column("city", "string", "city"),
        Column("city_source", "string", "source of city"),
        Column("home_store_id", "string", "store of registration"),
        Column("joined_at", "timestamp", "first registration anywhere (UTC)"),
        Column("first_seen_at", "timestamp", "first sighting of any identifier (UTC)"),
    ),
    key=("one_id",),
    cluster_by=("one_id",),
    rules=(Rule("identity_level_known", "identity_level IN ('anonymous', 'pseudonymous', 'known', 'verified')"),),
)

DIM_PRODUCT = Table(
    "gold.dim_product",
    "Products with their hierarchy; SKUs that were sold but stand in no master are rows too.",
    (
        Column("sku", "string", "stock keeping unit", required=True),
        Column("name", "string", "name"),
        Column("category", "string", "category", required=True),
        Column("subcategory", "string", "subcategory"),
        Column("brand", "string", "brand"),
        Column("price_band", "string", "price band"),
        Column("is_in_master", "boolean", "whether the product master knows it", required=True),
    ),
    key=("sku",),
)

DIM_PLACE = Table(
    "gold.dim_place",
    "Places of sale: stores of every format, and online channels as places of format 'platform'.",
    (
        Column("place_id", "string", "store or channel", required=True),
        Column("name", "string", "name"),
        Column("format", "string", "chain, franchise, dealer, platform", required=True),
        Column("region", "string", "sales region"),
        Column("province", "string", "province"),
        Column("city", "string", "city"),
        Column("latitude", "double", "degrees north"),
        Column("longitude", "double", "degrees east"),
    ),
    key=("place_id",),
)

DIM_DATE = Table(
    "gold.dim_date",
    "Every day of every year in which something was sold.",
    (
        Column("day_on", "date", "day", required=True),
        Column("year", "int", "year", required=True),
        Column("quarter", "int", "quarter, 1 to 4", required=True),
        Column("month", "int", "month, 1 to 12", required=True),
        Column("iso_week", "int", "ISO week", required=True),
        Column("weekday", "int", "ISO weekday, Monday is 1", required=True),
        Column("is_weekend", "boolean", "Saturday or Sunday", required=True),
    ),
    key=("day_on",),
)

FCT_ORDER_LINE = Table(
    "gold.fct_order_line",
    "Grain: one product on one order. Additive: quantity, gross_amount, discount_amount, net_amount.",
    (
        Column("order_id", "string", "order", required=True),
        Column("line_no", "string", "line within the order", required=True),
        TOKEN,
        Column("channel", "string", "channel", required=True),
        Column("place_id", "string", "gold.dim_place", required=True),
        Column("sku", "string", "gold.dim_product", required=True),
        Column("ordered_at", "timestamp", "when (UTC)", required=True, data_class=B),
        Column("ordered_on", "date", "gold.dim_date", required=True),
        Column("known_at", "timestamp", "when the platform had it (UTC)", required=True),
        Column("quantity", "int", "units; negative for returns", required=True, check="quantity <> 0"),
        Column("gross_amount", "decimal(18,2)", "quantity × unit price", required=True),
        Column("discount_amount", "decimal(18,2)", "discount", required=True),
        Column("net_amount", "decimal(18,2)", "gross less discount", required=True),
        Column("currency", "string", "ISO 4217"),
        Column("is_return", "boolean", "negative quantity", required=True),
        Column("is_cancelled", "boolean", "the order was cancelled", required=True),
    ),
    key=("order_id", "line_no"),
    cluster_by=("ordered_on",),
    rules=(Rule("net_is_gross_less_discount", "net_amount = gross_amount - discount_amount"),),
)

FCT_INTERACTION = Table(
    "gold.fct_interaction",
    "Grain: one interaction on any touchpoint: behaviour and messages; machines are flagged, not dropped.",
    (
        Column("interaction_id", "string", "source and id", required=True),
        TOKEN,
        Column("kind", "string", "what happened", required=True, data_class=B),
        Column("channel", "string", "touchpoint", required=True),
        Column("place_id", "string", "gold.dim_place, where there was one"),
        Column("sku", "string", "gold.dim_product, where there was one"),
        Column("campaign_id", "string", "campaign, where there was one"),
        Column("occurred_at", "timestamp", "when (UTC)", required=True, data_class=B),
        Column("occurred_on", "date", "gold.dim_date", required=True),
        Column("known_at", "timestamp", "when the platform had it (UTC)", required=True),
        Column("is_bot", "boolean", "made by a machine", required=True),
    ),
    key=("interaction_id",),
    cluster_by=("occurred_on",),
)

FCT_IDENTITY_CONVERSION = Table(
    "gold.fct_identity_conversion",
    "Grain: one person who was seen without a name first and is known now: when, where, and how long it took.",
    (
        ONE_ID,
        Column("from_level", "string", "anonymous, or pseudonymous if an account came first", required=True),
        Column("to_level", "string", "what the person has become: known, verified", required=True),
        Column("first_anonymous_at", "timestamp", "first sighting (UTC)", required=True, data_class=B),
        Column("known_at", "timestamp", "first sighting of an identifier that makes known (UTC)", required=True),
        Column("days", "int", "whole days between the two", required=True, check="days >= 0"),
        Column("touchpoint", "string", "source that showed that identifier first", required=True, data_class=B),
        Column("id_type", "string", "type of that identifier", required=True, data_class=ID),
    ),
    key=("one_id",),
    cluster_by=("one_id",),
    rules=(
        Rule("anonymous_before_known", "first_anonymous_at < known_at"),
        Rule("levels_rise", "from_level IN ('anonymous', 'pseudonymous') AND to_level IN ('known', 'verified')"),
    ),
)

AGG_DUPLICATE_SEND = Table(
    "gold.agg_duplicate_send",
    "Grain: one campaign on one channel: how many messages went to how many accounts of how many people.",
    (
        Column("campaign_id", "string", "campaign", required=True),
        Column("channel", "string", "channel", required=True),
        Column("n_sends", "bigint", "messages sent to somebody", required=True),
        Column("n_accounts", "bigint", "accounts (tokens) that they went to", required=True),
        Column("n_people", "bigint", "people behind these accounts; an account of nobody known is one", required=True),
        Column("n_repeats", "bigint", "messages beyond an account's first: any list would tell", required=True),
        Column(
            "n_duplicates_avoidable",
            "bigint",
            "accounts beyond a person's first: what an audience of people avoids, and only One ID can tell",
            required=True,
        ),
        Column("n_people_both_arms", "bigint", "people whose accounts stand in treatment and holdout", required=True),
    ),
    key=("campaign_id", "channel"),
    rules=(
        Rule("sends_add_up", "n_sends = n_people + n_duplicates_avoidable + n_repeats"),
        Rule("counts_not_negative", "least(n_people, n_duplicates_avoidable, n_repeats, n_people_both_arms) >= 0"),
    ),
)

MART_CUSTOMER_360 = Table(
    "gold.mart_customer_360",
    "A person on one row, for BI and API: who, what they bought, how they behave. Nothing in it depends on today.",
    (
        ONE_ID,
        Column("identity_level", "string", "anonymous, pseudonymous, known, verified", required=True),
        Column("n_identifiers", "bigint", "identifiers that belong to the person", required=True),
        Column("gender", "string", "gender"),
        Column("birth_on", "date", "day of birth", pii=Pii.INDIRECT),
        Column("city", "string", "city"),
        Column("joined_at", "timestamp", "first registration (UTC)"),
        Column("first_seen_at", "timestamp", "first sighting (UTC)"),
        Column("orders", "bigint", "orders, without returns and cancellations", required=True),
        Column("units", "bigint", "units, net of returns", required=True),
        Column("revenue_amount", "decimal(18,2)", "sales, without returns and cancellations", required=True),
        Column("returned_amount", "decimal(18,2)", "returns, positive", required=True),
        Column("first_order_on", "date", "first order"),
        Column("last_order_on", "date", "last order"),
        Column("order_days", "bigint", "days with an order", required=True),
        Column("favourite_category", "string", "category with the most spend"),
        Column("favourite_channel", "string", "channel with the most orders"),
        Column("favourite_place_id", "string", "place with the most orders"),
        Column("interactions", "bigint", "interactions, machines left out", required=True),
        Column("last_interaction_at", "timestamp", "last interaction (UTC)"),
    ),
    key=("one_id",),
    cluster_by=("one_id",),
    rules=(
        Rule("orders_not_negative", "orders >= 0"),
        Rule("first_before_last", "first_order_on <= last_order_on"),
    ),
)

MART_RFM = Table(
    "gold.mart_rfm",
    "Recency, frequency and monetary quintiles and the named tier of every buyer, as of the latest day.",
    (
        ONE_ID,
        Column("as_of", "date", "day of the tiers", required=True),
        Column("recency_days", "int", "days since the last order", required=True, check="recency_days >= 0"),
        Column("frequency", "bigint", "orders", required=True),
        Column("monetary_amount", "decimal(18,2)", "sales", required=True),
        Column("r", "int", "recency quintile, 5 is the most recent", required=True, check="r BETWEEN 1 AND 5"),
        Column("f", "int", "frequency quintile, 5 is the most frequent", required=True, check="f BETWEEN 1 AND 5"),
        Column("m", "int", "monetary quintile, 5 is the highest", required=True, check="m BETWEEN 1 AND 5"),
        Column(
            "tier",
            "string",
            "tier of conf/value/rfm.yml: champions, loyal, promising, …",
            required=True,
        ),
    ),
    key=("one_id",),
)

ALL = (
    DIM_CUSTOMER,
    DIM_PRODUCT,
    DIM_PLACE,
    DIM_DATE,
    FCT_ORDER_LINE,
    FCT_INTERACTION,
    FCT_IDENTITY_CONVERSION,
    AGG_DUPLICATE_SEND,
    MART_CUSTOMER_360,
    MART_RFM,
    model.FEAT_CUSTOMER,
    *value.GOLD,
)
