"""Contract of silver for what customers pay for term by term: contracts, memberships and subscriptions, as statements."""

from lakehouse.table import Column, DataClass, Rule, Table
from lakehouse.tables.columns import CUSTOMER_TOKEN, SOURCE, TECHNICAL

B = DataClass.BEHAVIOURAL

SUBSCRIPTION_EVENT = Table(
    "silver.subscription_event",
    "What happened to paid subscriptions: terms started, renewed, cancelled and lapsed, benefits used; every version of it.",
    (
        SOURCE,
        Column("event_id", "string", "the source's key of the statement", required=True),
        Column("known_at", "timestamp", "when this version of it was recorded (UTC)", required=True),
        Column("subscription_id", "string", "subscription", required=True),
        Column(
            "event",
            "string",
            "started, renewed: a term was paid; cancelled, resumed: that it renews by itself ends, goes on; lapsed: the "
            "subscription ended without a renewal; used: a benefit was",
            required=True,
            check="event IN ('started', 'renewed', 'cancelled', 'resumed', 'lapsed', 'used')",
            data_class=B,
        ),
        CUSTOMER_TOKEN,
        Column("plan", "string", "what was subscribed to", data_class=B),
        Column("term_no", "int", "terms paid up to this one"),
        Column("term_starts_on", "date", "first day of the term", data_class=B),
        Column("term_ends_on", "date", "first day that the term no longer covers", data_class=B),
        Column("price_amount", "decimal(18,2)", "price of the term", data_class=B),
        Column("renewal_amount", "decimal(18,2)", "price of the next term, as agreed", data_class=B),
        Column("currency", "string", "ISO 4217 code"),
        Column("is_auto_renew", "boolean", "whether its terms renew by themselves", data_class=B),
        Column("occurred_at", "timestamp", "when it happened (UTC)", required=True, data_class=B),
        *TECHNICAL,
    ),
    key=("source", "event_id", "known_at"),
    cluster_by=("occurred_at",),
    rules=(Rule("term_has_days", "term_ends_on > term_starts_on"),),
)
