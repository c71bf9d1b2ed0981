"""The section on what one id for a person is good for: sends that it avoids, strangers who became known, households."""

from collections.abc import Sequence

from jobs.reporting.facts import Facts
from jobs.reporting.figures import Bar, bar_list, columns
from jobs.reporting.markup import percent, plural, whole
from jobs.reporting.parts import card, missing, section
from jobs.reporting.store import Row

MOST = 12
TITLE = "One person, not many accounts"


def reach(facts: Facts) -> str:
    """The section; a sentence where there is nothing to tell yet."""
    answers = facts.answers
    if not any(answers[name] for name in ("sends", "conversions", "households")):
        return section("reach", TITLE, "No campaign, conversion or household is known yet.")
    lead = "What a list of accounts cannot tell: who is written to twice, who came as a stranger, who lives with whom."
    cards = (_sends(answers["sends"]), _conversions(answers["conversions"]), _households(answers["households"]))
    return section("reach", TITLE, lead, *cards)


def _sends(rows: Sequence[Row]) -> str:
    title = "Sends that went to a person twice"
    if not rows:
        return card(title, missing("Nothing was sent yet."))
    twice, sent, torn = (
        sum(row[name] for row in rows) for name in ("n_duplicates_avoidable", "n_sends", "n_people_both_arms")
    )
    worst = sorted(rows, key=lambda row: (-row["n_duplicates_avoidable"], row["campaign_id"], row["channel"]))[:MOST]
    bars = [
        Bar(
            f"{row['campaign_id']}, {row['channel']}",
            row["n_duplicates_avoidable"],
            f"{whole(row['n_duplicates_avoidable'])} of {whole(row['n_sends'])}",
            f"{plural(row['n_people'], 'person', 'people')} behind {plural(row['n_accounts'], 'account')}",
            "bad",
        )
        for row in worst
    ]
    shown = f" The {len(worst)} campaigns with most of them are shown." if len(worst) < len(rows) else ""
    note = (
        f"{whole(twice)} of {whole(sent)} sends ({percent(twice / sent if sent else None, 2)}) went to another account of "
        f"somebody who was written to already: an audience of people leaves them out.{shown} {_torn(torn)}"
    )
    return card(title, bar_list(bars), note=note)


def _torn(people: int) -> str:
    if not people:
        return "Nobody's accounts stand in both the treatment and the holdout of a campaign."
    stand = "stands" if people == 1 else "stand"
    return f"{plural(people, 'person', 'people')} {stand} in both arms of a campaign, and tell nothing of its effect."


def _conversions(rows: Sequence[Row]) -> str:
    title = "Strangers who became known"
    if not rows:
        return card(title, missing("Nobody who was seen without a name has become known yet."))
    best = sorted(rows, key=lambda row: (-row["people"], row["touchpoint"]))
    bars = [
        Bar(
            row["touchpoint"],
            row["people"],
            f"{whole(row['people'])} in {whole(row['median_days'])} d",
            f"half of them within {plural(int(row['median_days']), 'day')} of the first sighting",
            "identity",
        )
        for row in best[:MOST]
    ]
    total = sum(row["people"] for row in rows)
    note = (
        f"{plural(total, 'person', 'people')} were seen before they said who they are. By the place that showed a name, phone or "
        f"membership first, with the median of days since the first sighting. What they did before is theirs from then on."
    )
    return card(title, bar_list(bars), note=note)


def _households(rows: Sequence[Row]) -> str:
    title = "Households by number of people"
    kept = sorted((row for row in rows if not row["is_refused"]), key=lambda row: row["n_people"])
    if not kept:
        return card(title, missing("No two people share an address, a phone or a device at home."))
    bars = [
        Bar(
            str(row["n_people"]),
            row["households"],
            note=f"{plural(row['households'], 'household')} of {plural(row['n_people'], 'person', 'people')}",
            tone="second",
        )
        for row in kept
    ]
    refused = sum(row["people"] for row in rows if row["is_refused"])
    people, homes = (sum(row[name] for row in kept) for name in ("people", "households"))
    said = (
        f" {plural(refused, 'person', 'people')} share too widely with others to be one household." if refused else ""
    )
    note = f"{whole(people)} people live in {plural(homes, 'household')} of two or more; they stay people of their own.{said}"
    return card(title, columns(bars, label="households by number of people", x="people of a household"), note=note)
