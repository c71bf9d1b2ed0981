"""How a paid subscription stands: its term, price, renewals, lapses and use, as of any dates; and what came of it after."""

from collections.abc import Sequence

import numpy as np
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.window import Window

from ml.features.as_of import events
from ml.features.past import NEVER, Floats, Ints, Mask, Rows, divide

VIEW = 4
PAID = ("started", "renewed")
_NEXT_PRICE, _BY_ITSELF, _BY_HAND = "next_price", "auto", "hand"

COLUMNS: tuple[str, ...] = (
    "subscription_active",
    "subscription_days_to_end",
    "subscription_tenure_days",
    "subscription_renewals",
    "subscription_lapses",
    "subscription_price",
    "subscription_price_rise",
    "subscription_auto_renew",
    "benefits_30d",
    "benefits_90d",
    "days_since_benefit",
)


def subscription_events(statements: DataFrame) -> DataFrame:
    """Return statements on subscriptions as events: ``category`` what happened, ``item`` the end of the term (since 1970).

    ``statements(one_id, source, event_id, event string, occurred_at, known_at timestamp, term_ends_on date, price_amount,
    renewal_amount decimal(18,2), is_auto_renew boolean)``, a row for each version of a statement. A version counts until the
    next one of the same ``source`` and ``event_id`` is known. A paid term tells two numbers: its price, and that of the next.
    """
    versions = Window.partitionBy("source", "event_id").orderBy("known_at")
    price, next_price = F.col("price_amount").cast("double"), F.col("renewal_amount").cast("double")
    told = F.struct(F.col("event").alias("kind"), price.alias("number"))
    due = F.struct(F.lit(_NEXT_PRICE).alias("kind"), next_price.alias("number"))
    both = F.when(F.col("event").isin(*PAID), F.array(told, due)).otherwise(F.array(told))
    rows = statements.withColumn("replaced_at", F.lead("known_at").over(versions)).withColumn("_told", F.explode(both))
    return events(
        rows,
        VIEW,
        at="occurred_at",
        replaced="replaced_at",
        item=F.coalesce(F.unix_date("term_ends_on"), F.lit(0)),  # a term without an end is never seen to run
        number=F.col("_told.number"),
        channel=F.when(F.col("is_auto_renew"), _BY_ITSELF).otherwise(_BY_HAND),
        category=F.col("_told.kind"),
    )


class Subscription:
    """The view over some people's statements; of several subscriptions of one person the one whose term ends last counts.

    ``subscription_active`` is 1 while a paid term runs, or ends today: whether it is renewed, today tells at the earliest. Days
    to its end, its price (currency), ``subscription_price_rise`` (the next price over it, less 1) and
    ``subscription_auto_renew`` (0: paid by hand, or cancelled and not resumed) are missing without one. Tenure (days since the
    first term was paid), renewals and lapses are of all that ever was: no tenure and 0 where nothing was. Benefits are uses
    within the last days.
    """

    def __init__(self, statements: Rows) -> None:
        self.rows = statements
        self.paid, self.due, self.used = (_told(statements, *names) for names in (PAID, (_NEXT_PRICE,), ("used",)))
        self.renewed, self.lapsed = _told(statements, "renewed"), _told(statements, "lapsed")
        self.cancelled, self.resumed = _told(statements, "cancelled"), _told(statements, "resumed")
        self.by_itself = _coded(statements.channel, statements.channels, (_BY_ITSELF,))

    def at(self, day: int) -> dict[str, Floats]:
        """Return :data:`COLUMNS` as of a day (since 1970), each (people,)."""
        seen = self.rows.seen(day)
        paid, used = seen & self.paid, seen & self.used
        ends = self._ends(paid)
        running = {"subscription_days_to_end": (ends - day).astype(np.float64), **self._terms_of(seen, ends)}
        uses = self.rows.windows(day, np.ones(len(seen)), used, (30, 90))
        return {
            "subscription_active": (ends >= day).astype(np.float64),
            **{name: np.where(ends >= day, values, np.nan) for name, values in running.items()},
            "subscription_tenure_days": _since(day, self.rows.earliest(paid)),
            "subscription_renewals": self.rows.per_person(seen & self.renewed),
            "subscription_lapses": self.rows.per_person(seen & self.lapsed),
            "benefits_30d": uses[:, 0],
            "benefits_90d": uses[:, 1],
            "days_since_benefit": _since(day, self.rows.latest(used)),
        }

    def _terms_of(self, seen: Mask, ends: Ints) -> dict[str, Floats]:
        """What was agreed on the term that ends last."""
        price, due = self._number(seen & self.paid, ends), self._number(seen & self.due, ends)
        return {
            "subscription_price": price,
            "subscription_price_rise": divide(due, price, np.nan) - 1,
            "subscription_auto_renew": self._renews(seen, ends).astype(np.float64),
        }

    def _ends(self, paid: Mask) -> Ints:
        ends = np.full(self.rows.people, NEVER, dtype=np.int64)
        np.maximum.at(ends, self.rows.person[paid], self.rows.item[paid])
        return ends

    def _of_term(self, chosen: Mask, ends: Ints) -> Mask:
        return np.asarray(chosen & (self.rows.item == ends[self.rows.person]))

    def _number(self, chosen: Mask, ends: Ints) -> Floats:
        """The greatest number of each person's last term; missing where it has none."""
        mine = self._of_term(chosen, ends)
        found = np.full(self.rows.people, -np.inf)
        np.maximum.at(found, self.rows.person[mine], self.rows.number[mine])
        return np.where(np.isfinite(found), found, np.nan)

    def _renews(self, seen: Mask, ends: Ints) -> Mask:
        """Who pays by themselves and has not cancelled the last term; taken back on the same day counts as taken back."""
        term = self._of_term(seen, ends)
        cancelled, resumed = self.rows.latest(term & self.cancelled), self.rows.latest(term & self.resumed)
        by_itself = self.rows.per_person(term & self.paid & self.by_itself) > 0
        return np.asarray(by_itself & (resumed >= cancelled))


def came(statements: Rows, chosen: Mask) -> dict[str, Floats]:
    """Return what came of subscriptions in the ``chosen`` rows (n,): how many lapsed and were renewed, each (people,)."""
    return {
        "lapses_in_horizon": statements.per_person(chosen & _told(statements, "lapsed")),
        "renewals_in_horizon": statements.per_person(chosen & _told(statements, "renewed")),
    }


def _told(statements: Rows, *kinds: str) -> Mask:
    return _coded(statements.category, statements.categories, kinds)


def _coded(codes: Ints, names: Sequence[str], wanted: Sequence[str]) -> Mask:
    return np.isin(codes, [code for code, name in enumerate(names) if name in wanted])


def _since(day: int, then: Ints) -> Floats:
    return np.where(np.abs(then) == -NEVER, np.nan, (day - then).astype(np.float64))
