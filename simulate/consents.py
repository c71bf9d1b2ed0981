"""What people allow and withdraw: one event a subject, purpose and change of mind."""

from pyspark.sql import DataFrame

from simulate import identifiers as ids
from simulate.brand import DAY
from simulate.crm import memberships
from simulate.dice import lookup
from simulate.world import World, named

FIELDS = (
    "consent_id", "subject_type", "subject", "purpose", "channel", "action", "policy_version", "jurisdiction",
    "evidence_uri", "at",
)  # fmt: skip
PURPOSES = ("marketing", "profiling", "sharing")
GRANT_RATES = (0.86, 0.90, 0.35)
WITHDRAWN = 0.10
SUBJECTS = ("member_no", "phone", "email")


def consents(world: World) -> DataFrame:
    """One row a decision: at joining each purpose is granted or denied, and some grants are withdrawn later.

    The subject is the member number, the phone or the e-mail address that the form asked for, clean.
    """
    brand, dice = world.brand, world.dice
    withdrawn = f"granted AND {dice.chance(WITHDRAWN, 'withdrawn', 'id', 'account', 'purpose')}"
    later = f"since + cast({dice.exponential(120.0 * DAY, 'withdrawn.after', 'id', 'account', 'purpose')} AS BIGINT)"
    return (
        memberships(world)
        .selectExpr("id", "phone_owner", "account", "since", "explode(sequence(0, 2)) AS purpose")
        .selectExpr(
            "*",
            f"{dice.chance(lookup(GRANT_RATES, 'purpose'), 'granted', 'id', 'account', 'purpose')} AS granted",
        )
        .selectExpr("*", f"explode(IF({withdrawn}, array(0, 1), array(0))) AS turn")
        .selectExpr("*", f"IF(turn = 1, {later}, since + 30) AS seconds")
        .selectExpr(*named(_columns(world)), f"{brand.delivery(f'cast(floor(seconds / {DAY}) AS INT)')} AS delivery")
        .where(f"delivery <= {brand.increments}")
    )


def _columns(world: World) -> dict[str, str]:
    brand, dice = world.brand, world.dice
    kind = dice.pick(("member_no", "member_no", "phone", "phone", "email"), "consent.subject", "id", "account")
    consent_id = f"concat('K', {dice.code('consent', 'id', 'account', 'purpose', 'turn')})"
    phone, email = ids.phone("phone_owner"), ids.email(dice, "id")
    subject = (
        f"CASE {kind} WHEN 'phone' THEN {phone} WHEN 'email' THEN {email} ELSE {ids.member_no('id', 'account')} END"
    )
    jurisdiction = dice.pick(("CN",) * 18 + ("HK", "EU"), "jurisdiction", "id")
    return {
        "consent_id": consent_id,
        "subject_type": kind,
        "subject": subject,
        "purpose": lookup(PURPOSES, "purpose"),
        "channel": dice.pick(("any", "sms", "wechat", "email"), "consent.channel", "id", "purpose"),
        "action": "CASE WHEN turn = 1 THEN 'withdraw' WHEN granted THEN 'grant' ELSE 'deny' END",
        "policy_version": f"IF(seconds < {brand.midyear * DAY}L, 'v1', 'v2')",
        "jurisdiction": jurisdiction,
        "evidence_uri": f"concat('https://consent.example.com/e/', {consent_id})",
        "at": brand.instant("seconds * 1000L"),
    }
