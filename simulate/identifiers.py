"""Names, phones, accounts and addresses as pure functions of a person's number, so that no table needs a join.

All functions take SQL expressions and return SQL expressions. Numbers run through a multiplication modulo a number
without a common factor, which is a permutation: no two people get the same phone or member number.
"""

from simulate import words
from simulate.dice import Dice, literal, lookup

_STEP = 1_618_033_987
# The first three digits of mobile numbers: 130-139, 150-159 but 154, and some of 180-189 and 198.
_TAKEN = (*range(130, 140), *range(150, 154), *range(155, 160), 180, 181, 182, *range(186, 190), 198)
_PREFIXES = tuple(str(number) for number in _TAKEN)
_PHONES = len(_PREFIXES) * 10**8
_NUMBERS = 10**10
SECOND_PHONE = 0.12
BORROWED_PHONE = 0.10
LATIN_NAME = 0.12
# Households: the member of a block of eight neighbours who leads each one's household.
_HOUSEHOLDS = ("01234567", "00234567", "00034566", "00224466", "01233367", "00004567", "01234455", "01134467")


def household(dice: Dice, person: str) -> str:
    """The number of the person who heads the household of a person, often the person's own."""
    block = f"({person} DIV 8)"
    pattern = dice.pick(_HOUSEHOLDS, "household", block)
    return f"({block} * 8 + cast(substring({pattern}, cast({person} % 8 AS INT) + 1, 1) AS INT))"


def phone_owner(dice: Dice, person: str, head: str) -> str:
    """The person whose phone someone uses: some members of a household use its head's."""
    return f"IF({dice.chance(BORROWED_PHONE, 'phone.borrowed', person)}, {head}, {person})"


def phone(owner: str, book: int = 0) -> str:
    """The eleven digits of an owner's phone; ``book`` 1 is a second number."""
    number = f"pmod(({owner} + {book * 900_000_000 + 123_456_789}L) * {_STEP}L, {_PHONES}L)"
    prefix = lookup(_PREFIXES, f"cast({number} DIV 100000000 AS INT)")
    return f"concat({prefix}, lpad(cast({number} % 100000000 AS STRING), 8, '0'))"


def second_phone(dice: Dice, person: str) -> str:
    """The second number of those who have one, else null."""
    return f"IF({dice.chance(SECOND_PHONE, 'phone.second', person)}, {phone(person, 1)}, NULL)"


def masked(phone_number: str) -> str:
    """A phone as marketplaces show it: 138****1234."""
    return f"concat(substring({phone_number}, 1, 3), '****', substring({phone_number}, 8, 4))"


def _numbered(prefix: str, person: str, account: str, book: int) -> str:
    number = f"pmod(({person} * 2 + {account} + {book}L) * {_STEP}L, {_NUMBERS}L)"
    return f"concat('{prefix}', lpad(cast({number} AS STRING), 10, '0'))"


def member_no(person: str, account: str = "0") -> str:
    """The number of a membership; ``account`` 1 is a second one of the same person."""
    return _numbered("M", person, account, 4_321)


def app_user(person: str, account: str = "0") -> str:
    """The account in the app; ``account`` 1 is a second one of the same person."""
    return _numbered("A", person, account, 765_432_100)


def web_user(person: str) -> str:
    """The account on the web site."""
    return _numbered("W", person, "0", 56_789_000)


def openid(dice: Dice, program: str, person: str) -> str:
    """The account in a mini-program, ``coffee`` or ``mall``: each program has its own."""
    return f"concat('wx{program[0]}_', {dice.code(f'openid.{program}', person)})"


def unionid(dice: Dice, person: str) -> str:
    """What links the accounts of one person in all mini-programs of the brand."""
    return f"concat('wxu_', {dice.code('unionid', person)})"


def tiger_account(dice: Dice, person: str) -> str:
    """The buyer's account in the marketplace Tiger."""
    return f"concat('tg', {dice.code('account.tiger', person)})"


def dog_account(person: str) -> str:
    """The buyer's account in the marketplace Dog."""
    return _numbered("dog", person, "0", 99_000_000)


def device(dice: Dice, owner: str) -> str:
    """The identifier of an owner's phone as apps see it."""
    return f"concat('d-', {dice.code('device', owner)})"


def tablet(dice: Dice, store: str) -> str:
    """The identifier of the tablet that stands in a store for everyone to order on."""
    return f"concat('tablet-', {dice.code('tablet', store)})"


def anonymous(dice: Dice, channel: str, owner: str, renewal: str = "0") -> str:
    """The anonymous id that a channel gives to a device, or to a browser until its cookies are cleared."""
    return f"concat('anon-', {dice.code(f'anonymous.{channel}', owner, renewal)})"


def tablet_anonymous(dice: Dice, channel: str, store: str) -> str:
    """The anonymous id of a store's tablet in a channel."""
    return f"concat('anon-', {dice.code(f'tablet.{channel}', store)})"


def person_id(person: str) -> str:
    """The key of a person in the tables of truth."""
    return f"concat('P', lpad(cast({person} AS STRING), 9, '0'))"


def full_name(dice: Dice, person: str, head: str) -> str:
    """A Chinese or Latin name; members of a household mostly share the surname."""
    family = f"IF({dice.chance(0.7, 'surname.shared', person)}, {head}, {person})"
    given = [
        dice.pick(words.GIVEN_FIRST, "given.first", person),
        dice.pick(words.GIVEN_SECOND, "given.second", person),
    ]
    chinese = f"concat({dice.pick(words.SURNAMES, 'surname', family)}, {', '.join(given)})"
    latin = [
        dice.pick(words.LATIN_GIVEN, "latin.given", person),
        dice.pick(words.LATIN_SURNAMES, "latin.surname", family),
    ]
    return f"IF({dice.chance(LATIN_NAME, 'latin', person)}, concat_ws(' ', {', '.join(latin)}), {chinese})"


def email(dice: Dice, person: str) -> str:
    """A person's e-mail address, unique and in lower case."""
    number = f"pmod(({person} + 77L) * {_STEP}L, {_PHONES}L)"
    tail = f"lower(conv(cast({number} AS STRING), 10, 36))"
    given = f"lower({dice.pick(words.LATIN_GIVEN, 'latin.given', person)})"
    word = f"IF({dice.chance(0.5, 'mail.word', person)}, {given}, {dice.pick(words.MAIL_WORDS, 'mail.words', person)})"
    domain = dice.pick(words.MAIL_DOMAINS, "mail.domain", person)
    return f"concat({word}, '.', {tail}, '@', {domain})"


def birth_date(dice: Dice, person: str) -> str:
    """A birth date between 1955 and 2006, ISO text."""
    return f"cast(date_add(DATE'1955-01-01', {dice.below(19_000, 'birth', person)}) AS STRING)"


def gender(dice: Dice, person: str) -> str:
    """The gender as the many tills of the brand have written it."""
    spellings = lookup(("F", "M", "女", "男", "2", "1", "female", "male", "unknown", ""), "{0}")
    chosen = dice.below(100, "gender", person)
    return spellings.format(f"CASE WHEN {chosen} < 92 THEN {chosen} % 6 ELSE 6 + {chosen} % 4 END")


def district(dice: Dice, head: str) -> str:
    """The district that a household lives in."""
    return dice.pick(words.DISTRICTS, "district", head)


def street(dice: Dice, head: str, moved: str = "0") -> str:
    """The street, house and room of a household; ``moved`` 1 is where it lives after a move."""
    road = dice.pick(words.ROADS, "road", head, moved)
    parts = [
        dice.below(299, "house", head, moved),
        dice.below(30, "floor", head, moved),
        dice.below(4, "room", head, moved),
    ]
    house, floor, room = (f"cast(1 + {part} AS STRING)" for part in parts)
    return f"concat({road}, {house}, {literal('号')}, {floor}, {literal('0')}, {room}, {literal('室')})"
