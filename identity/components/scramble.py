"""A bijection on longs that leaves no order in them: what keeps a sorted path from needing as many rounds as it is long."""

from pyspark.sql import Column
from pyspark.sql import functions as F

ROUNDS = 4
LOW = 0xFFFFFFFF


def scrambled(value: Column) -> Column:
    """A long as another one: a Feistel network over the two halves of its bits (Luby and Rackoff, 1988)."""
    left, right = _halves(value)
    for key in range(ROUNDS):
        left, right = right, left.bitwiseXOR(_mixed(right, key))
    return F.shiftleft(left, 32).bitwiseOR(right)


def unscrambled(value: Column) -> Column:
    """The long that :func:`scrambled` made ``value`` of."""
    left, right = _halves(value)
    for key in reversed(range(ROUNDS)):
        left, right = right.bitwiseXOR(_mixed(left, key)), left
    return F.shiftleft(left, 32).bitwiseOR(right)


def _halves(value: Column) -> tuple[Column, Column]:
    return F.shiftrightunsigned(value, 32), value.bitwiseAND(F.lit(LOW))


def _mixed(half: Column, key: int) -> Column:
    return F.hash(half, F.lit(key)).cast("long").bitwiseAND(F.lit(LOW))
