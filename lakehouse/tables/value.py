"""Contracts of value: lifetime value, uplift, the migration between tiers, and the trainings behind them."""

from lakehouse.table import Column, DataClass, Rule, Table

T = DataClass.TECHNICAL
ONE_ID = Column("one_id", "string", "the person: a minted id that lasts", required=True, data_class=DataClass.IDENTITY)

SCORE_CLV = Table(
    "gold.score_clv",
    "What a customer is expected to buy and spend in the model's horizon, by the champion, with decile, tier and reasons.",
    (
        ONE_ID,
        Column("as_of", "date", "day of the score", required=True),
        Column("expected_purchases", "double", "days with a purchase in the horizon", check="expected_purchases >= 0"),
        Column("p_alive", "double", "probability of still being a customer", check="p_alive BETWEEN 0 AND 1"),
        Column("expected_value", "double", "spend in the horizon", required=True, check="expected_value >= 0"),
        Column("decile", "int", "1 is the tenth worth most", required=True, check="decile BETWEEN 1 AND 10"),
        Column("tier", "string", "high, medium, low", required=True),
        Column("top_reasons", "string", "what makes the value differ most from the usual, first the strongest"),
        Column("model_version", "string", "registered version", required=True),
    ),
    key=("one_id", "as_of"),
    cluster_by=("as_of",),
)

SCORE_UPLIFT = Table(
    "gold.score_uplift",
    "By how much a campaign's message raises the probability that a customer buys; only where a ranking was found usable.",
    (
        ONE_ID,
        Column("as_of", "date", "day of the score", required=True),
        Column(
            "score", "double", "difference of the probability to buy", required=True, check="score BETWEEN -1 AND 1"
        ),
        Column("decile", "int", "1 is the tenth that is moved most", required=True, check="decile BETWEEN 1 AND 10"),
        Column("tier", "string", "high, medium, low", required=True),
        Column("model_version", "string", "registered version", required=True),
    ),
    key=("one_id", "as_of"),
    cluster_by=("as_of",),
)

AGG_RFM_MIGRATION = Table(
    "gold.agg_rfm_migration",
    "Grain: one day and a pair of tiers: how many buyers were in the first the day before and are in the second now.",
    (
        Column("as_of", "date", "day of the later tier", required=True),
        Column("from_tier", "string", "tier the day before; none for who had not bought by then", required=True),
        Column("to_tier", "string", "tier on the day", required=True),
        Column("n_people", "bigint", "people", required=True, check="n_people > 0"),
        Column("monetary_amount", "decimal(18,2)", "sales to them until the day", required=True),
    ),
    key=("as_of", "from_tier", "to_tier"),
    rules=(Rule("to_is_a_tier", "to_tier <> 'none'"),),
)

VALUE_RUN = Table(
    "ops.value_run",
    "Trainings of lifetime value and uplift: what was chosen, whether it became champion or is not worth using, and why.",
    (
        Column("model", "string", "registered model's name", required=True, data_class=T),
        Column("as_of", "date", "the last day of data that the training saw", required=True, data_class=T),
        Column("version", "string", "registered version; null where nothing was registered", data_class=T),
        Column("alias", "string", "champion, or challenger when it was not promoted", data_class=T),
        Column("reason", "string", "why it was or was not promoted", required=True, data_class=T),
        Column("metrics", "string", "metrics on the held-out period, as JSON", data_class=T),
        Column("card", "string", "the card with fits, candidates and errors, as JSON", data_class=T),
        Column("mlflow_run_id", "string", "the run in MLflow", data_class=T),
    ),
    key=("model", "as_of"),
)

GOLD = (SCORE_CLV, SCORE_UPLIFT, AGG_RFM_MIGRATION)
OPS = (VALUE_RUN,)
