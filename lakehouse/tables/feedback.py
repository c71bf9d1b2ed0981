"""Contracts of silver for what is said in words and for files that are no tables, and of the features read out of them."""

from lakehouse.table import Column, DataClass, Pii, Table
from lakehouse.tables.columns import CUSTOMER_TOKEN, SOURCE, TECHNICAL

B, Q = DataClass.BEHAVIOURAL, DataClass.QUALITATIVE

FEEDBACK = Table(
    "silver.feedback",
    "What people say in their own words: reviews, calls, answers to surveys, tickets, texts of documents.",
    (
        SOURCE,
        Column("feedback_id", "string", "the source's key", required=True),
        Column("kind", "string", "review, call, answer, ticket, document", required=True),
        CUSTOMER_TOKEN,
        Column("occurred_at", "timestamp", "when it was said (UTC)", data_class=B),
        Column("channel", "string", "where it was said"),
        Column("subject", "string", "what it is about: product, question, topic", data_class=Q),
        Column("rating", "double", "the mark that went with it, on the source's own scale", data_class=Q),
        Column("text", "string", "the words", pii=Pii.DIRECT, data_class=Q),
        *TECHNICAL,
    ),
    key=("source", "feedback_id"),
    cluster_by=("occurred_at",),
)

OBJECT = Table(
    "silver.object",
    "A delivered file that is no table (image, audio, document): where it is and what it is, never its bytes.",
    (
        SOURCE,
        Column("object_id", "string", "SHA-256 of its bytes: the same file twice is one object", required=True),
        Column("uri", "string", "where it is", required=True),
        Column("name", "string", "the file's name", pii=Pii.INDIRECT),
        Column("mime", "string", "media type, told by its bytes", required=True),
        Column("size_bytes", "bigint", "bytes", required=True),
        Column("width", "int", "pixels, of an image"),
        Column("height", "int", "pixels, of an image"),
        Column("seconds", "double", "length, of audio"),
        Column("pages", "int", "pages, of a document"),
        Column("characters", "bigint", "length of its text"),
        Column("problem", "string", "why its own reader could not open it"),
        CUSTOMER_TOKEN,
        Column("occurred_at", "timestamp", "when it was made, where the source knows (UTC)"),
        *TECHNICAL,
    ),
    key=("source", "object_id"),
)

OBJECT_FEATURE = Table(
    "silver.object_feature",
    "What extractors read out of texts: language, sentiment, topics, keywords, and whatever conf/extractors.yml adds.",
    (
        SOURCE,
        Column("object_id", "string", "the text: silver.feedback's feedback_id", required=True),
        Column("extractor", "string", "line of conf/extractors.yml", required=True),
        Column("feature", "string", "the extractor's name, with a rank where it gives several", required=True),
        Column("version", "int", "the extractor's version", required=True),
        Column("value", "string", "what was found", required=True, pii=Pii.INDIRECT, data_class=Q),
        Column("score", "double", "how much of it: the extractor says what it measures", data_class=Q),
    ),
    key=("source", "object_id", "extractor", "feature"),
)
