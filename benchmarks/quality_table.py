"""The table of the quality benchmark: sales with 24 columns, made by hash from row numbers, and 50 rules on it."""

from datetime import datetime
from pathlib import Path

from pyspark.sql import SparkSession

from lakehouse.rules import (
    at_most_missing,
    between,
    distinct_between,
    holds,
    length,
    matches,
    one_of,
    required,
    statistic,
    unique,
)
from lakehouse.table import Column, Rule, Table

COLUMNS = {
    "order_id": ("string", "concat('ORD-', lpad(cast(id AS string), 10, '0'))"),
    "line_no": ("int", "cast(1 + h % 5 AS int)"),
    "customer_token": ("string", "sha2(cast(h % 900000 AS string), 256)"),
    "channel": ("string", "element_at(array('pos', 'app', 'web', 'tiger', 'dog', 'call'), cast(1 + h % 6 AS int))"),
    "store_id": ("string", "concat('S', lpad(cast(h % 800 AS string), 4, '0'))"),
    "sku": ("string", "concat('SKU', lpad(cast(h % 20000 AS string), 6, '0'))"),
    "category": (
        "string",
        "element_at(array('food', 'drink', 'home', 'baby', 'pet', 'care', 'toys'), cast(1 + h % 7 AS int))",
    ),
    "ordered_at": ("timestamp", "timestamp_seconds(1700000000 + h % 31000000)"),
    "shipped_at": ("timestamp", "timestamp_seconds(1700000000 + h % 31000000 + 3600 + shiftright(h, 7) % 90000)"),
    "ordered_on": ("date", "date_add(DATE'2023-11-14', cast((h % 31000000) div 86400 AS int))"),
    "quantity": ("int", "cast(1 + shiftright(h, 5) % 12 AS int)"),
    "unit_price": ("double", "1 + (shiftright(h, 9) % 50000) / 100"),
    "discount": ("double", "round((shiftright(h, 11) % 30) / 100, 2)"),
    "gross": ("double", "(1 + shiftright(h, 5) % 12) * (1 + (shiftright(h, 9) % 50000) / 100)"),
    "net": (
        "double",
        "(1 + shiftright(h, 5) % 12) * (1 + (shiftright(h, 9) % 50000) / 100) * (1 - (shiftright(h, 11) % 30) / 100)",
    ),
    "currency": ("string", "if(h % 50 = 0, 'USD', 'CNY')"),
    "status": (
        "string",
        "element_at(array('paid', 'shipped', 'done', 'returned'), cast(1 + shiftright(h, 3) % 4 AS int))",
    ),
    "is_return": ("boolean", "shiftright(h, 3) % 4 = 3"),
    "phone": ("string", "concat('+861', cast(3000000000 + h % 5999999999 AS string))"),
    "email": ("string", "concat('u', cast(h % 900000 AS string), '@mail', cast(h % 40 AS string), '.example.com')"),
    "postcode": ("string", "lpad(cast(h % 999999 AS string), 6, '0')"),
    "city": ("string", "if(h % 20 = 0, NULL, concat('city ', cast(h % 340 AS string)))"),
    "score": ("double", "(shiftright(h, 13) % 100000) / 100000"),
    "decile": ("int", "cast(1 + shiftright(h, 13) % 10 AS int)"),
}
"""Type and Spark SQL over ``id`` and ``h``, a hash of it that is not negative."""


def rules() -> tuple[Rule, ...]:
    """The 50 rules: 16 not null, 9 ranges, 6 sets, 5 patterns, 4 lengths, 5 conditions, 4 of the table, 1 uniqueness."""
    known = [
        c
        for c in COLUMNS
        if c not in {"city", "email", "score", "decile", "is_return", "category", "postcode", "phone"}
    ]
    return (
        *[required(column) for column in known],
        between("line_no", 1, 99),
        between("quantity", 1, 12),
        between("unit_price", 0.5, 600.0),
        between("discount", 0.0, 0.4),
        between("gross", 0.0, 7000.0),
        between("net", 0.0, 7000.0),
        between("score", 0.0, 1.0),
        between("decile", 1, 10),
        between("ordered_at", _time("2020-01-01"), _time("2030-01-01")),
        one_of("channel", "pos", "app", "web", "tiger", "dog", "call"),
        one_of("category", "food", "drink", "home", "baby", "pet", "care", "toys"),
        one_of("currency", "CNY", "USD"),
        one_of("status", "paid", "shipped", "done", "returned"),
        one_of("line_no", 1, 2, 3, 4, 5),
        one_of("is_return", True, False),
        matches("order_id", "ORD-[0-9]{10}"),
        matches("store_id", "S[0-9]{4}"),
        matches("sku", "SKU[0-9]{6}"),
        matches("phone", r"\+861[0-9]{10}"),
        matches("email", r"[a-z0-9.]+@[a-z0-9.]+\.com"),
        length("customer_token", 64, 64),
        length("order_id", 14, 14),
        length("postcode", 6, 6),
        length("currency", 3, 3),
        holds("net_at_most_gross", "gross >= net"),
        holds("shipped_after_ordered", "shipped_at > ordered_at"),
        holds("price_at_most_gross", "gross >= unit_price"),
        holds("score_below_quantity", "quantity > score"),
        holds("discount_below_price", "unit_price > discount"),
        statistic("mean", "quantity", 5.0, 8.0),
        statistic("max", "score", 0.9, 1.0),
        distinct_between("store_id", 700, 900),
        at_most_missing("city", 0.1),
        unique("order_id"),
    )


def _time(day: str) -> datetime:
    return datetime.fromisoformat(day)


def table() -> Table:
    """The contract."""
    columns = tuple(Column(name, kind, name) for name, (kind, _) in COLUMNS.items())
    return Table("gold.fct_benchmark", "Sales of the quality benchmark.", columns, rules=rules())


def write(spark: SparkSession, rows: int, path: Path) -> None:
    """Write the table as Parquet, once: some per mille of the rows break rules."""
    if (path / "_SUCCESS").exists():
        return
    base = spark.range(0, rows, 1, 8).selectExpr("id", "abs(xxhash64(id)) AS h")
    frame = base.selectExpr(*[f"cast({sql} AS {kind}) AS `{name}`" for name, (kind, sql) in COLUMNS.items()])
    dirty = frame.selectExpr(
        "* EXCEPT (quantity, channel, phone)",
        "if(pmod(hash(order_id), 1000) = 1, -1, quantity) AS quantity",
        "if(pmod(hash(order_id), 1000) = 2, 'fax', channel) AS channel",
        "if(pmod(hash(order_id), 1000) = 3, 'none', phone) AS phone",
    )
    dirty.select(*COLUMNS).write.mode("overwrite").parquet(str(path))
