"""Contracts of what models read and write: features of the day, scores of each model, and how models hold up."""

from collections.abc import Mapping

from lakehouse.table import Column, DataClass, Table

B, ID = DataClass.BEHAVIOURAL, DataClass.IDENTITY

_FEATURES: Mapping[str, str] = {
    "recency_days": "days since the last purchase; null where there was none",
    "tenure_days": "days since the first purchase; null where there was none",
    "orders_30d": "orders of the last 30 days",
    "orders_90d": "orders of the last 90 days",
    "orders_180d": "orders of the last 180 days",
    "orders_365d": "orders of the last 365 days",
    "orders_total": "orders ever",
    "purchase_days": "different days with a purchase",
    "spend_30d": "spend of the last 30 days",
    "spend_90d": "spend of the last 90 days",
    "spend_180d": "spend of the last 180 days",
    "spend_365d": "spend of the last 365 days",
    "spend_per_order_365d": "spend for each order of the last 365 days",
    "mean_gap_days": "mean days between purchase days; null until there are two",
    "recency_over_gap": "recency in mean gaps; null until there are two purchase days",
    "order_trend_90d": "orders of the last 90 days less the 90 before, as a share of both",
    "spend_trend_90d": "spend of the last 90 days less the 90 before, as a share of both",
    "channels_365d": "different channels of the last 365 days",
    "categories_365d": "different categories of the last 365 days",
    "days_since_interaction": "days since the last touch; null where there was none",
    "interactions_7d": "touches of the last 7 days",
    "interactions_30d": "touches of the last 30 days",
    "interactions_90d": "touches of the last 90 days",
    "interaction_days_90d": "different days with a touch, of the last 90",
    "lines_per_order_365d": "lines in each order of the last 365 days",
    "largest_order_365d": "spend of the largest order of the last 365 days",
    "top_category_share_365d": "share of lines in the commonest category, last 365 days",
    "category_entropy_365d": "entropy of the lines' categories in nats, last 365 days",
    "new_categories_90d": "categories first bought in the last 90 days",
    "top_channel_share_365d": "share of lines in the commonest channel, last 365 days",
    "voices_180d": "texts of the last 180 days; null without consent to profiling",
    "mean_sentiment_180d": "their mean sentiment from -1 to 1; null without consent to profiling",
    "bad_voices_180d": "ill-meant texts of the last 180 days; null without consent to profiling",
    "subscription_active": "1 while a paid term of a subscription runs or ends today, else 0",
    "subscription_days_to_end": "days to the end of the paid term; null without one",
    "subscription_tenure_days": "days since the first term was paid; null where there was none",
    "subscription_renewals": "terms renewed ever",
    "subscription_lapses": "subscriptions that ended without a renewal, ever",
    "subscription_price": "price of the running term; null without one",
    "subscription_price_rise": "price of the next term over that of the running one, less 1; null without one",
    "subscription_auto_renew": "1 if it renews by itself, 0 if paid by hand or cancelled; null without one",
    "benefits_30d": "benefits of the subscription used in the last 30 days",
    "benefits_90d": "benefits of the subscription used in the last 90 days",
    "days_since_benefit": "days since a benefit was last used; null where none was",
    "consent_marketing": "1 granted, 0 refused; null where never asked",
    "consent_profiling": "1 granted, 0 refused; null where never asked",
    "consent_sharing": "1 granted, 0 refused; null where never asked",
    "spend_total": "spend ever",
    "spend_first_day": "spend of the first day with a purchase",
}

FEAT_CUSTOMER = Table(
    "gold.feat_customer",
    "Features as of the day of everybody whom some model is for: computed once, read by all models.",
    (
        Column("one_id", "string", "the person: a minted id that lasts", required=True, data_class=ID),
        Column("as_of", "date", "the day", required=True),
        Column("last_channel", "string", "channel of the last purchase", data_class=B),
        *(Column(name, "double", comment, data_class=B) for name, comment in _FEATURES.items()),
    ),
    key=("one_id",),
)


def score_table(name: str, description: str, outputs: Mapping[str, str], *, is_probability: bool = True) -> Table:
    """Return the contract of a model's scores, ``gold.score_<name>``.

    ``outputs`` are what its family tells beside the score, with comments; a score that is no probability is not below 0.
    """
    bounds = "score BETWEEN 0 AND 1" if is_probability else "score >= 0"
    return Table(
        f"gold.score_{name}",
        f"{description.rstrip('.')}: by the champion, with decile, tier and reasons.",
        (
            Column("one_id", "string", "the person: a minted id that lasts", required=True, data_class=ID),
            Column("as_of", "date", "day of the score", required=True),
            Column(
                "score", "double", "probability" if is_probability else "expected value", required=True, check=bounds
            ),
            Column("decile", "int", "1 is the best tenth", required=True, check="decile BETWEEN 1 AND 10"),
            Column("tier", "string", "tier of the model's file", required=True),
            Column("top_reasons", "string", "the three features that moved the score most"),
            Column("model_version", "string", "registered version", required=True),
            Column("suggestion", "string", "what the reason that moved the score up most points to"),
            Column("rank", "double", "what orders people, greater is better"),
            Column("feature_hash", "bigint", "cell among the model's splits: the same cell, the same score"),
            Column("scored_on", "date", "day on which the model last looked at the person"),
            *(Column(output, "double", comment) for output, comment in outputs.items()),
        ),
        key=("one_id", "as_of"),
        cluster_by=("as_of",),
    )


PASSES = "ops.model_pass_"
"""How the names of the tables of passes begin; a cadence follows."""
_OF_THE_DAY = ("one_id", "as_of", "decile", "tier")


def pass_table(cadence: str, scores: Mapping[str, Table]) -> Table:
    """Return the contract of what the models that score at ``cadence`` say of each person, ``ops.model_pass_<cadence>``.

    ``scores`` are the contracts of their scores by model. The columns are technical: what is published are the scores.
    """
    said = [
        Column(f"_{name}__{c.name}", c.type, f"{name}: {c.comment}", data_class=c.data_class)
        for name, table in scores.items()
        for c in table.columns
        if c.name not in _OF_THE_DAY
    ]
    return Table(
        f"{PASSES}{cadence}",
        f"What the champions that score {cadence} said of each person in their last pass over the features, side by side: what "
        "their scores are cut from, and the only memory of whom they have seen; null for who is not among a model's people.",
        (
            Column("one_id", "string", "the person: a minted id that lasts", required=True, data_class=ID),
            Column("as_of", "date", "day of the features", required=True),
            *said,
        ),
        key=("one_id",),
        keeps_lost_columns=True,
    )


MODEL_WATCH = Table(
    "ops.model_watch",
    "How champions hold up: drift of features and scores since training, and what came of past scores by decile.",
    (
        Column("model", "string", "registered model's name", required=True),
        Column("as_of", "date", "day of the features or scores", required=True),
        Column(
            "measure",
            "string",
            "feature_psi, score_psi, or decile",
            required=True,
            check="measure IN ('feature_psi', 'score_psi', 'decile')",
        ),
        Column("subject", "string", "feature, score, or number of the decile", required=True),
        Column("model_version", "string", "registered version", required=True),
        Column("people", "bigint", "people that it is about", required=True),
        Column("expected", "double", "mean predicted chance of the decile; null for drift"),
        Column("actual", "double", "stability index; or the share of the decile with the label", required=True),
        Column("worth", "double", "value that came, of the decile; null for drift"),
    ),
    key=("model", "as_of", "measure", "subject"),
)
