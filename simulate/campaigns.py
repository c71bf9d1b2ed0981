"""The campaigns' calendar, who is in which arm, and how much more the treated buy: the planted effect."""

from simulate.brand import DAY, Brand
from simulate.dice import Dice, lookup

EVERY_DAYS = 30
EFFECT_DAYS = 14
HOLDOUT_SHARE = 0.20
AUDIENCE_SHARE = 0.50
# By how much the treated buy more often in the two weeks after, one campaign after the other; some do nothing.
UPLIFTS = (0.60, 0.0, 1.20, 0.30, 0.90, 0.0, 0.50, 1.50, 0.20, 0.80)
CHANNELS = ("sms", "wechat", "email", "push")
GOALS = ("repurchase", "wake_up", "cross_sell", "new_product")
NAMES = ("会员复购", "沉睡唤醒", "搭配推荐", "新品尝鲜")


def first_day(brand: Brand) -> int:
    """The day on which campaign 0 is sent; chosen so that one is sent on the second incremental day."""
    return (brand.history_days + 1) % EVERY_DAYS


def count(brand: Brand) -> int:
    """How many campaigns are sent within the simulated days."""
    return max(0, -(-(brand.days - first_day(brand)) // EVERY_DAYS))


def starts(brand: Brand, number: str) -> str:
    """SQL: the day on which a campaign is sent."""
    return f"({first_day(brand)} + {EVERY_DAYS} * {number})"


def campaign_id(number: str) -> str:
    """SQL: the key of a campaign."""
    return f"concat('C', lpad(cast({number} AS STRING), 3, '0'))"


def uplift(number: str) -> str:
    """SQL: the relative rise of the purchase rate of those treated."""
    return lookup(UPLIFTS, f"cast(pmod({number}, {len(UPLIFTS)}) AS INT)")


def in_audience(brand: Brand, dice: Dice, number: str) -> str:
    """SQL over a person's row: whether the campaign chose this person, a member who has joined by then."""
    chosen = dice.chance(AUDIENCE_SHARE, "audience", "id", f"cast({number} AS INT)")
    return f"coalesce(member_at < {starts(brand, number)} * {DAY}L, false) AND {chosen}"


def is_held_out(dice: Dice, number: str) -> str:
    """SQL over a person's row: whether the person is kept without a message to compare with."""
    return dice.chance(HOLDOUT_SHARE, "holdout", "id", f"cast({number} AS INT)")


def lift(brand: Brand, dice: Dice, day: str) -> str:
    """SQL over a person's row: the factor on the purchase rate on a day, 1 without a campaign's effect."""
    number = f"(({day} - {first_day(brand)}) DIV {EVERY_DAYS})"
    within = f"pmod({day} - {first_day(brand)}, {EVERY_DAYS}) BETWEEN 1 AND {EFFECT_DAYS}"
    treated = f"{in_audience(brand, dice, number)} AND NOT {is_held_out(dice, number)}"
    return f"IF({day} > {first_day(brand)} AND {within} AND {treated}, 1 + {uplift(number)}, 1D)"
