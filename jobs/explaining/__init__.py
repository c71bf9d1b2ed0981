"""Why records are one person, told from the lake's tables without Spark: read, put together, written as text, JSON, picture."""
