"""Contracts of silver: typed, de-duplicated, tokenised entities, one definition for every department."""

from lakehouse.table import Column, DataClass, Pii, Rule, Table
from lakehouse.tables import feedback, person, subscription
from lakehouse.tables.columns import CUSTOMER_TOKEN, DELIVERY, SOURCE, TECHNICAL

B, D, ID, Q, T = (
    DataClass.BEHAVIOURAL,
    DataClass.DESCRIPTIVE,
    DataClass.IDENTITY,
    DataClass.QUALITATIVE,
    DataClass.TECHNICAL,
)
SUBSCRIPTION_EVENT = subscription.SUBSCRIPTION_EVENT
FEEDBACK, OBJECT, OBJECT_FEATURE = feedback.FEEDBACK, feedback.OBJECT, feedback.OBJECT_FEATURE

CURRENCY = Column("currency", "string", "ISO 4217 code")


def _token(name: str, comment: str, *, required: bool = False) -> Column:
    return Column(name, "string", comment, required=required, pii=Pii.TOKEN, data_class=ID)


CUSTOMER_RECORD = Table(
    "silver.customer_record",
    "A person as one source knows them: a member record, an account, a registration.",
    (
        SOURCE,
        Column("record_id", "string", "the source's own key", required=True, pii=Pii.INDIRECT, data_class=ID),
        CUSTOMER_TOKEN,
        Column("name", "string", "normalised name", pii=Pii.DIRECT, data_class=ID),
        Column("gender", "string", "female, male, or null", check="gender IN ('female', 'male')"),
        Column("birth_on", "date", "day of birth", pii=Pii.INDIRECT),
        _token("phone_token", "phone, keyed hash of E.164"),
        Column("phone_status", "string", "valid, repaired, suspect, invalid, missing"),
        _token("email_token", "e-mail, keyed hash of the normalised address"),
        Column("email_status", "string", "valid, repaired, suspect, invalid, missing"),
        Column("city", "string", "city"),
        Column("home_store_id", "string", "store of registration"),
        Column("status", "string", "the source's status"),
        Column("joined_at", "timestamp", "registration (UTC)"),
        Column("updated_at", "timestamp", "last change at the source (UTC)"),
        *TECHNICAL,
    ),
    key=("source", "record_id"),
    cluster_by=("customer_token",),
)

EVENT = Table(
    "silver.event",
    "Behaviour on app, mini-programs, web, ads and code scans, in the Segment vocabulary.",
    (
        SOURCE,
        Column("event_id", "string", "the source's message id", required=True),
        Column("type", "string", "identify, track, page, screen, click, scan", required=True),
        Column("event", "string", "event name", data_class=B),
        CUSTOMER_TOKEN,
        _token("anonymous_token", "anonymous id, keyed hash"),
        Column(
            "occurred_at",
            "timestamp",
            "when it happened, clock skew corrected (UTC)",
            required=True,
            data_class=B,
        ),
        Column("original_at", "timestamp", "when it happened by the device's own clock (UTC)"),
        Column("sent_at", "timestamp", "when it was sent by the device's own clock (UTC)"),
        Column("received_at", "timestamp", "when the collector had it (UTC)"),
        Column("channel", "string", "touchpoint: app, web, miniprogram_coffee, …", required=True, data_class=B),
        Column("device_type", "string", "device class"),
        Column("sku", "string", "product concerned", data_class=B),
        Column("place_id", "string", "store or node concerned", data_class=B),
        Column("campaign_id", "string", "campaign concerned", data_class=B),
        Column("query", "string", "search words", data_class=Q),
        Column("value_amount", "decimal(18,2)", "value of the event", data_class=B),
        Column("is_bot", "boolean", "user agent of a machine"),
        Column("is_test", "boolean", "made by a test"),
        Column("is_internal", "boolean", "made by the brand's own people"),
        DELIVERY,
        *TECHNICAL,
    ),
    key=("source", "event_id"),
    cluster_by=("occurred_at",),
    rules=(Rule("occurred_at_plausible", "occurred_at >= TIMESTAMP'2000-01-01 00:00:00'"),),
)

ORDER_HEADER = Table(
    "silver.order_header",
    "An order or receipt. The recipient is not always the buyer: both are kept apart.",
    (
        SOURCE,
        Column("order_id", "string", "<source>:<natural key>", required=True),
        Column("channel", "string", "pos, market_tiger, …", required=True, data_class=B),
        Column("store_id", "string", "store", data_class=B),
        Column("ordered_at", "timestamp", "when it was placed (UTC)", required=True, data_class=B),
        Column("status", "string", "the source's status"),
        CUSTOMER_TOKEN,
        _token("recipient_token", "recipient's phone, keyed hash; null when masked"),
        _token("address_token", "where the parcel went, keyed hash; null where the source does not say it in full"),
        Column("paid_amount", "decimal(18,2)", "paid, where the source says it on the order", data_class=B),
        CURRENCY,
        *TECHNICAL,
    ),
    key=("order_id",),
    cluster_by=("ordered_at",),
)

ORDER_LINE = Table(
    "silver.order_line",
    "One product on one order; negative quantities are returns.",
    (
        SOURCE,
        Column("order_id", "string", "<source>:<natural key>", required=True),
        Column("line_no", "string", "line within the order", required=True),
        Column("channel", "string", "pos, market_tiger, …", required=True, data_class=B),
        Column("store_id", "string", "store", data_class=B),
        Column("ordered_at", "timestamp", "when it was placed (UTC)", required=True, data_class=B),
        Column("known_at", "timestamp", "when it could be known; the order's time where the source says nothing"),
        CUSTOMER_TOKEN,
        Column("sku", "string", "product", required=True, data_class=B),
        Column(
            "quantity",
            "int",
            "units; negative for returns",
            required=True,
            check="quantity <> 0",
            data_class=B,
        ),
        Column("unit_price_amount", "decimal(18,3)", "price of a unit", required=True, data_class=B),
        Column("discount_amount", "decimal(18,2)", "discount on the line", data_class=B),
        CURRENCY,
        Column("status", "string", "the source's status of the order"),
        *TECHNICAL,
    ),
    key=("order_id", "line_no"),
    cluster_by=("ordered_at",),
)

PRODUCT = Table(
    "silver.product",
    "A product as the master knows it.",
    (
        SOURCE,
        Column("sku", "string", "stock keeping unit", required=True),
        Column("name", "string", "name"),
        Column("category", "string", "category"),
        Column("subcategory", "string", "subcategory"),
        Column("brand", "string", "brand"),
        Column("price_band", "string", "price band"),
        Column("unit", "string", "unit of sale"),
        Column("gtin", "string", "global trade item number"),
        Column("launched_on", "date", "first day of sale"),
        Column("status", "string", "the source's status"),
        Column("updated_at", "timestamp", "last change at the source (UTC)"),
        *TECHNICAL,
    ),
    key=("sku",),
)

STORE = Table(
    "silver.store",
    "A place of sale as the master knows it.",
    (
        SOURCE,
        Column("store_id", "string", "store", required=True),
        Column("name", "string", "name"),
        Column("format", "string", "chain, franchise, dealer, platform"),
        Column("region", "string", "sales region"),
        Column("province", "string", "province"),
        Column("city", "string", "city"),
        Column("latitude", "double", "degrees north", check="latitude BETWEEN -90 AND 90"),
        Column("longitude", "double", "degrees east", check="longitude BETWEEN -180 AND 180"),
        Column("opened_on", "date", "first day of trade"),
        Column("updated_at", "timestamp", "last change at the source (UTC)"),
        *TECHNICAL,
    ),
    key=("store_id",),
)

MESSAGE_EVENT = Table(
    "silver.message_event",
    "What happened to a campaign message: assigned, sent, delivered, opened, clicked, unsubscribed, complained.",
    (
        SOURCE,
        Column("message_id", "string", "the send", required=True),
        Column("event", "string", "what happened", required=True, data_class=B),
        Column("campaign_id", "string", "campaign", data_class=B),
        Column("channel", "string", "channel", data_class=B),
        Column("arm", "string", "treatment or holdout; null on receipts", check="arm IN ('treatment', 'holdout')"),
        Column("template_id", "string", "template"),
        CUSTOMER_TOKEN,
        Column("occurred_at", "timestamp", "when (UTC)", required=True, data_class=B),
        *TECHNICAL,
    ),
    key=("message_id", "event"),
    cluster_by=("occurred_at",),
)

CONSENT_EVENT = Table(
    "silver.consent_event",
    "The ledger of consent: who granted, denied or withdrew which purpose on which channel, with evidence.",
    (
        SOURCE,
        Column("consent_id", "string", "the source's key", required=True),
        CUSTOMER_TOKEN,
        Column("purpose", "string", "marketing, profiling, sharing", required=True),
        Column("channel", "string", "channel, or all"),
        Column(
            "action",
            "string",
            "what was said",
            required=True,
            check="action IN ('grant', 'deny', 'withdraw')",
        ),
        Column("policy_version", "string", "text that was shown"),
        Column("jurisdiction", "string", "law that applies"),
        Column("evidence_uri", "string", "proof"),
        Column("occurred_at", "timestamp", "when (UTC)", required=True),
        *TECHNICAL,
    ),
    key=("source", "consent_id"),
)

IDENTIFIER_OBSERVATION = Table(
    "silver.identifier_observation",
    "An identifier seen on a source's record: identifiers of one record are evidence that they belong together.",
    (
        SOURCE,
        Column("record_id", "string", "keyed hash of the record's identifiers", required=True, data_class=ID),
        Column("id_type", "string", "identifier type of conf/identity.yml", required=True, data_class=ID),
        Column("id_token", "string", "the identifier, keyed hash", required=True, pii=Pii.TOKEN, data_class=ID),
        Column("first_seen_at", "timestamp", "first sighting by event time (UTC)", required=True),
        Column("last_seen_at", "timestamp", "last sighting by event time (UTC)", required=True),
        Column("seen_days", "array<date>", "the first eight days on which it was seen"),
        Column(
            "_first_row",
            "struct<seen_at:timestamp,file:string,row:bigint>",
            "the row of a source's file that showed it first: the least of all, so that MERGE folds it",
            data_class=T,
        ),
    ),
    key=("source", "record_id", "id_type", "id_token"),
    cluster_by=("id_token",),
)

IDENTIFIER = Table(
    "silver.identifier",
    "Every identifier once: its type, its vertex key in the identity graph (dense, kept for ever), first and last sighting.",
    (
        Column("id_token", "string", "the identifier, keyed hash", required=True, pii=Pii.TOKEN, data_class=ID),
        Column("id_type", "string", "identifier type of conf/identity.yml", required=True, data_class=ID),
        Column("vertex_key", "bigint", "vertex of the identity graph", required=True),
        Column("n_sources", "bigint", "sources that showed it", required=True),
        Column("n_records", "bigint", "records that showed it: sets of identifiers, by source"),
        Column("first_seen_at", "timestamp", "first sighting (UTC)", required=True),
        Column("last_seen_at", "timestamp", "last sighting (UTC)", required=True),
    ),
    key=("id_token",),
    cluster_by=("id_token",),
)

IDENTITY_EDGE = Table(
    "silver.identity_edge",
    "Two identifiers that were seen together, by which rule, how strong, and whether they merge.",
    (
        _token("src_token", "the lesser identifier", required=True),
        _token("dst_token", "the greater identifier", required=True),
        Column("src_type", "string", "type of src_token"),
        Column("dst_type", "string", "type of dst_token"),
        Column("rule_id", "string", "<source>/<type>~<type>", required=True),
        Column("edge_type", "string", "strong or weak", required=True),
        Column("weight", "double", "weight of the evidence"),
        Column("is_merging", "boolean", "whether it may join two clusters", required=True),
        Column("fence_reason", "string", "why an edge that could merge does not: <fence>: <words>"),
        Column("edge_reason", "string", "what speaks against the edge itself: its age, too few witnesses"),
        Column("src_reason", "string", "why src_token says nothing: a placeholder, too many share it"),
        Column("dst_reason", "string", "why dst_token says nothing"),
        Column("first_seen_at", "timestamp", "first sighting (UTC)"),
        Column("last_seen_at", "timestamp", "last sighting (UTC)"),
        Column("evidence_count", "bigint", "records that say so: days, up to eight for each set of identifiers"),
    ),
    key=("src_token", "dst_token", "rule_id"),
    cluster_by=("src_token",),
)

IDENTITY_FENCE = Table(
    "silver.identity_fence",
    "Every edge of evidence that could merge and does not, with the fence that cut it and why.",
    (
        _token("src_token", "the lesser identifier", required=True),
        _token("dst_token", "the greater identifier", required=True),
        Column("rule_id", "string", "<source>/<type>~<type>", required=True),
        Column("fence", "string", "which fence: see the rule below", required=True),
        Column("reason", "string", "why, in words with numbers", required=True),
        Column("weight", "double", "weight of the evidence"),
        Column("last_seen_at", "timestamp", "last sighting (UTC)"),
    ),
    key=("src_token", "dst_token", "rule_id"),
    rules=(
        Rule(
            "fence_known",
            "fence IN ('placeholder', 'degree', 'shared_device', 'witness', 'expired', 'conflict', 'forbidden', 'weak')",
        ),
    ),
)

IDENTITY_COMPONENT = Table(
    "silver.identity_component",
    "The component of each identifier in the identity graph: by strong evidence, by all evidence, and the one that holds.",
    (
        _token("id_token", "the identifier", required=True),
        Column("id_type", "string", "identifier type of conf/identity.yml", required=True, data_class=ID),
        Column("first_seen_at", "timestamp", "first sighting (UTC)", required=True),
        Column("vertex_key", "bigint", "vertex of the identity graph", required=True),
        Column("point", "bigint", "component by strong edges alone: its least vertex", required=True),
        Column("reach", "bigint", "component by all edges, refused weak ones included", required=True),
        Column("component", "bigint", "the one of the two that holds", required=True),
    ),
    key=("id_token",),
    cluster_by=("id_token",),
)

IDENTITY_MAP = Table(
    "silver.identity_map",
    "Who an identifier belongs to, with history: facts keep tokens and are joined to people through this map.",
    (
        Column("token", "string", "identifier, keyed hash", required=True, pii=Pii.TOKEN, data_class=ID),
        Column("one_id", "string", "the person's minted id", required=True, data_class=ID),
        Column("valid_from", "timestamp", "since when (UTC)", required=True),
        Column("valid_to", "timestamp", "until when (UTC); null while it holds"),
        Column("is_current", "boolean", "whether it holds", required=True),
    ),
    key=("token", "valid_from"),
    cluster_by=("token",),
)

IDENTITY_ALIAS = Table(
    "silver.identity_alias",
    "Every one_id that was ever retired and the one that stands for it now.",
    (
        Column("old_id", "string", "retired one_id", required=True, data_class=ID),
        Column("current_id", "string", "one_id that stands for it", required=True, data_class=ID),
        Column("reason", "string", "merge or split"),
    ),
    key=("old_id",),
)

IDENTITY_EVENT = Table(
    "silver.identity_event",
    "What happened to people's ids: created, merged into another, split from another, and on which day of the data.",
    (
        Column("event_type", "string", "what happened", required=True),
        Column("one_id", "string", "the person that is left", required=True, data_class=ID),
        Column(
            "other_id",
            "string",
            "merge: the retired id; split: the new id; create: the id itself; pin, forbid: the decision's id",
            required=True,
        ),
        Column("n_tokens", "bigint", "identifiers concerned; create: those of its first day"),
        Column("occurred_on", "date", "day of the data"),
    ),
    key=("event_type", "one_id", "other_id"),
    rules=(Rule("event_type_known", "event_type IN ('create', 'merge', 'split', 'pin', 'forbid')"),),
    change_feed=False,
)

ALL = (
    CUSTOMER_RECORD,
    EVENT,
    ORDER_HEADER,
    ORDER_LINE,
    PRODUCT,
    STORE,
    MESSAGE_EVENT,
    CONSENT_EVENT,
    SUBSCRIPTION_EVENT,
    FEEDBACK,
    OBJECT,
    OBJECT_FEATURE,
    IDENTIFIER_OBSERVATION,
    IDENTIFIER,
    IDENTITY_EDGE,
    IDENTITY_FENCE,
    IDENTITY_COMPONENT,
    IDENTITY_MAP,
    IDENTITY_ALIAS,
    IDENTITY_EVENT,
    person.IDENTITY_MATCH,
    person.GOLDEN_ATTRIBUTE,
    person.HOUSEHOLD_MAP,
)
