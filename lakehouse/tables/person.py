"""Contracts of silver on whole persons: which records are alike, what is believed of people, and whom they live with."""

from lakehouse.table import Column, DataClass, Pii, Rule, Table

ID, T = DataClass.IDENTITY, DataClass.TECHNICAL

IDENTITY_MATCH = Table(
    "silver.identity_match",
    "Identifiers whose records are alike enough to be one person's, by a model of the records: evidence like any other.",
    (
        Column("src_token", "string", "the lesser identifier", required=True, pii=Pii.TOKEN, data_class=ID),
        Column("dst_token", "string", "the greater identifier", required=True, pii=Pii.TOKEN, data_class=ID),
        Column("src_type", "string", "type of src_token", required=True, data_class=ID),
        Column("dst_type", "string", "type of dst_token", required=True, data_class=ID),
        Column("rule_id", "string", "match/<type>~<type>", required=True),
        Column(
            "match_probability",
            "double",
            "probability, of the model and rounded, that they are one person's",
            required=True,
            check="match_probability BETWEEN 0 AND 1",
        ),
        Column("first_seen_at", "timestamp", "since when both records are known (UTC)"),
    ),
    key=("src_token", "dst_token", "rule_id"),
)

GOLDEN_ATTRIBUTE = Table(
    "silver.golden_attribute",
    "What the sources say of each person, value by value: which one survives and why; the values that lost are kept.",
    (
        Column("one_id", "string", "the person: a minted id that lasts", required=True, data_class=ID),
        Column("attribute", "string", "attribute of conf/survivorship.yml", required=True),
        Column(
            "value", "string", "as text; phones and e-mails as tokens", required=True, pii=Pii.DIRECT, data_class=ID
        ),
        Column("rank", "int", "place among the person's values, 1 survives", required=True, check="rank >= 1"),
        Column("is_survivor", "boolean", "whether it is the one to believe", required=True),
        Column("why", "string", "the rule that told it from its rival; only: it had none; tie", required=True),
        Column("n_records", "bigint", "records that say so", required=True, check="n_records >= 1"),
        Column("source", "string", "source of the record that speaks best for it", required=True),
        Column("record_id", "string", "that record's own key", required=True, pii=Pii.INDIRECT, data_class=ID),
        Column("status", "string", "that record's verdict on the value: valid, repaired, suspect; null: not judged"),
        Column("updated_at", "timestamp", "last change of that record at its source (UTC)"),
        Column("_file", "string", "file of that record", data_class=T),
        Column("_row", "bigint", "position in that file, from 1", data_class=T),
    ),
    key=("one_id", "attribute", "value"),
    cluster_by=("one_id",),
    rules=(Rule("survivor_is_first", "is_survivor = (rank = 1)"),),
)

HOUSEHOLD_MAP = Table(
    "silver.household_map",
    "Which household a person lives in, by what they share with the others; who shares too widely has none, with the reason.",
    (
        Column("one_id", "string", "the person", required=True, data_class=ID),
        Column("household_id", "string", "the household's minted id; null: refused", data_class=ID),
        Column("n_people", "bigint", "people in it (or in what was refused)", required=True, check="n_people >= 2"),
        Column("evidence", "string", "what ties the person to others of it, by name, with commas", required=True),
        Column("weight", "double", "weight of the person's strongest tie", required=True),
        Column("fence_reason", "string", "why it is no household"),
    ),
    key=("one_id",),
    rules=(Rule("refused_with_reason", "(household_id IS NULL) = (fence_reason IS NOT NULL)"),),
)
