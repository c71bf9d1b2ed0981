"""E-mail addresses (RFC 5321 shape): lower case, domains as they go over the wire, and typing errors of the big providers."""

from functools import lru_cache

from lakehouse.standardise.hard import HARD, Judge
from lakehouse.standardise.texts import is_blank, one_of, squeezed
from lakehouse.standardise.verdict import Rule, extracted, let, matches, quoted, refused, repaired

ADDRESS = r"^[a-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9-]+)+$"
DUMMY = r"^(test|none|no|noemail|null|a|example)@"
FOREIGN_DOMAIN = r"^[a-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[^@\s]*[^\x00-\x7f][^@\s]*$"
TYPOS = {
    "gmail.com": "gmial.com gmal.com gmai.com gamil.com gnail.com gmaill.com gmail.co gmail.con gmail.cm gmail.comm",
    "hotmail.com": "hotmial.com hotmal.com hotmai.com hotmil.com hotmail.con hotmail.cm hotamil.com",
    "outlook.com": "outlok.com outllook.com outlook.con outlook.co outloo.com",
    "yahoo.com": "yaho.com yahooo.com yahoo.con yahoo.cm yhaoo.com",
    "icloud.com": "iclould.com icloud.con icoud.com iclud.com",
    "qq.com": "qq.con qq.cm qq.comm qqq.com",
    "163.com": "163.con 163.cm 163.comm",
    "126.com": "126.con 126.cm",
    "sina.com": "sina.con sian.com",
    "foxmail.com": "foxmial.com foxmail.con",
}
"""Domains that are typed by mistake, by the one that was meant."""
TYPO_DOMAINS = tuple(typo for typos in TYPOS.values() for typo in typos.split())
GMAIL = r"^([^@+]*)([+][^@]*)?@(?:gmail|googlemail)[.]com$"
FOLDED = (
    f"CASE WHEN {extracted('_mail', GMAIL)} <> '' "
    f"THEN concat(replace({extracted('_mail', GMAIL)}, '.', ''), '@gmail.com') ELSE _mail END"
)
"""Gmail delivers to one mailbox whatever the dots and whatever follows a plus."""


def email(text: str, typos: str = "keep", gmail: str = "keep", idn: str = "refuse") -> str:
    """SQL of the verdict on an e-mail address."""
    unread = f"WHEN {matches('_mail', FOREIGN_DOMAIN)} THEN concat({quoted(HARD)}, _mail)" if idn == "punycode" else ""
    judged = (
        f"CASE {unread} WHEN NOT {matches('_mail', ADDRESS)} THEN {refused('invalid', 'not_an_email')} "
        f"WHEN {matches('_mail', DUMMY)} THEN {refused('suspect', 'placeholder')} "
        f"{_mistyped(typos)} ELSE {FOLDED if gmail == 'fold' else '_mail'} END"
    )
    return f"CASE WHEN {is_blank(text)} THEN NULL ELSE {let('_mail', f'lower({squeezed(text)})', judged)} END"


def _mistyped(typos: str) -> str:
    """Typing errors: left alone, told, or put right and told."""
    domain = "split_part(_mail, '@', 2)"
    found = f"WHEN {domain} IN {one_of(TYPO_DOMAINS)} THEN"
    match typos:
        case "suspect":
            return f"{found} {refused('suspect', 'typo_domain')}"
        case "repair":
            pairs = [f"{quoted(typo)}, {quoted(meant)}" for meant, wrong in TYPOS.items() for typo in wrong.split()]
            meant = f"try_element_at(map({', '.join(pairs)}), {domain})"
            right = f"concat(split_part(_mail, '@', 1), '@', {meant})"
            return f"{found} {repaired('typo_domain', right)}"
    return ""


def hard_emails(idn: str = "refuse", **_: str) -> Judge | None:
    """Who writes the domains of other alphabets in ASCII."""
    return Judge(punycode) if idn == "punycode" else None


@lru_cache(100_000)
def punycode(address: str) -> str:
    """An address whose domain is put in ASCII (IDNA, RFC 3490); refused where it has no such form."""
    local, _, domain = address.partition("@")
    try:
        ascii_domain = domain.encode("idna").decode("ascii").lower()
    except UnicodeError:
        return "\x01invalid\x01not_an_email\x01"
    return f"{local}@{ascii_domain}" if "." in ascii_domain else "\x01invalid\x01not_an_email\x01"


RULES = (
    Rule(
        "email",
        email,
        "An e-mail address in lower case; mistyped domains of big providers, Gmail's dots and foreign alphabets by option.",
        version=2,
        options={"typos": ("keep", "suspect", "repair"), "gmail": ("keep", "fold"), "idn": ("refuse", "punycode")},
        forms=frozenset({"typos", "gmail"}),
        hard=hard_emails,
    ),
)
