"""What the name of an identifier tells of it, where a foreign file says neither kind nor strength nor any cap."""

import re
from dataclasses import dataclass

from identity.identifiers import Kind, Strength


@dataclass(frozen=True, slots=True)
class Guess:
    """Settings for an identifier type, and ``what`` it was taken for. The figures are those of our own rules."""

    what: str
    kind: Kind
    strength: Strength
    weight: float
    max_degree: int
    max_same_type: int | None = None
    max_neighbours: int | None = None


ACCOUNT = Guess("a registration", "account", "strong", 1.0, 24, max_neighbours=5000)
BY_WORD = (
    ("recipient|receiver|consignee|shipping|ship|delivery", Guess("a recipient", "trace", "weak", 0.3, 50)),
    ("address|addr|household|postcode|zip|ip|fingerprint", Guess("a place that many share", "trace", "weak", 0.2, 50)),
    ("order|orders|receipt|invoice|transaction|booking|ticket", Guess("an order", "trace", "strong", 0.9, 2, 1)),
    (
        "device|idfa|idfv|gaid|adid|aaid|maid|oaid|caid|imei|androidid|advertising|push|tablet|kiosk",
        Guess("a device", "trace", "weak", 0.5, 6, 1),
    ),
    (
        "cookie|cookies|anonymous|anonymousid|anon|client|global|visitor|browser|session|ecid|ga",
        Guess("a browser or an app before login", "trace", "strong", 0.9, 6, 1),
    ),
    ("phone|phones|mobile|msisdn|tel|telephone|cell|cellphone", Guess("a phone", "contact", "strong", 1.0, 12, 2)),
    ("email|emails|mail|e_mail", Guess("an e-mail address", "contact", "strong", 1.0, 12, 2)),
    ("card|iban|credit", Guess("a card", "contact", "strong", 0.9, 4, 1)),
)
PATTERNS = tuple((re.compile(rf"(?:^|_)(?:{words})(?:_|$)"), guess) for words, guess in BY_WORD)


def guess(name: str) -> Guess:
    """The guess for a name of ours, by the first word list that holds one of its words; else a registration."""
    return next((found for pattern, found in PATTERNS if pattern.search(name)), ACCOUNT)
