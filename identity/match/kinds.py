"""What a column of a records file is: recognised by its name, and checked against its values."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a column holds; each kind has its preparation, its comparison and its blocking keys."""

    GIVEN = "given_name"
    SURNAME = "surname"
    FULL_NAME = "full_name"
    BIRTH = "date"
    EMAIL = "email"
    PHONE = "phone"
    NATIONAL_ID = "id"
    STREET = "street"
    HOUSE = "house_number"
    PLACE = "place"
    POSTCODE = "postcode"
    CATEGORY = "category"
    YEAR = "year"
    NUMBER = "number"
    TEXT = "text"
    IGNORE = "ignore"


@dataclass(frozen=True, slots=True)
class Shape:
    """What the values of a column look like: shares of the filled values (0 to 1), mean number of words, distinct values."""

    filled: int
    distinct: int
    words: float
    many_words: float
    letters: float
    emails: float
    dates: float
    digits: float
    phones: float

    @property
    def is_constant(self) -> bool:
        """Whether all have one value, and are enough to say so."""
        return self.distinct <= 1 and self.filled > 20


# A word of the column's name (between ^, $, space) and what it says; the first that fits is taken.
_NAMES: tuple[tuple[Kind, str], ...] = (
    # A label of the answer is never evidence: it would be the truth in disguise, or the work of another matcher.
    (
        Kind.IGNORE,
        r"cluster|cluster id|entity id|person id|one id|label|match id|ground truth|truth|group id|uuid|guid",
    ),
    (Kind.IGNORE, r".*\b(created|updated|modified|inserted|loaded|ingested)( at| on| date)?|timestamp|row (id|number)"),
    (Kind.EMAIL, r".*\be ?mail( address)?|.*邮箱|电子邮件"),
    (Kind.PHONE, r".*\b(phone|telephone|mobile|cell|tel|fax)( (number|no))?|手机号?码?|电话号?码?|联系电话"),
    (
        Kind.NATIONAL_ID,
        r"(soc sec|social security|ssn|national|passport|tax|id ?card|nin|nhs|medicare|driver.*)( ?(id|number|no))?",
    ),
    (Kind.NATIONAL_ID, r"身份证号?码?|护照号?码?|证件号?码?"),
    (Kind.BIRTH, r"dob|birth ?(date|day|on)|date of birth|born( on)?|bday|出生日期|生日"),
    (Kind.GIVEN, r"(first|given|fore|christian) ?names?|fname|givenname|forename\d?|名字?"),
    (Kind.SURNAME, r"(last|family|sur|second) ?names?|lname|surname|姓氏?"),
    (Kind.FULL_NAME, r"(full |person |customer |contact |patient |member )?name|fullname|姓名|客户姓名|收件人|收货人"),
    (Kind.HOUSE, r"(street|house|building|flat) ?(number|no|num)|house|门牌号?"),
    (Kind.POSTCODE, r"post ?code|postal ?code|zip( ?code)?|pincode|邮编|邮政编码"),
    (Kind.STREET, r".*\baddr(ess)?( ?(line)?( ?\d)?)?|street( name| address)?|road|地址|详细地址|收货地址"),
    (Kind.PLACE, r"city|town|suburb|locality|village|place( of birth)?|birth place|district|area|城市|区县?|市"),
    (Kind.CATEGORY, r"state|province|region|county|country|gender|sex|省份?|国家|性别"),
    (Kind.YEAR, r"(birth )?year|year of birth|yob|pub(lication)? year|年份?"),
    (Kind.NUMBER, r"age|年龄"),
    (
        Kind.TEXT,
        r"title|description|desc|authors?|text|comments?|remarks?|notes?|abstract|publisher|organi[sz]ation|company|employer|公司",
    ),
)


def recognise(name: str, shape: Shape) -> tuple[Kind, str]:
    """The kind of the column ``name`` whose values have ``shape``, and why, in words that a report can print."""
    if shape.filled == 0:
        return Kind.IGNORE, "has no values"
    words = normal(name)
    for kind, pattern in _NAMES:
        if re.fullmatch(pattern, words):
            return _checked(kind, shape)
    return _by_values(shape)


def normal(name: str) -> str:
    """The name of a column as words: ``dateOfBirth``, ``date_of_birth`` and ``DATE-OF-BIRTH`` are the same."""
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name.strip())
    return re.sub(r"[\W_]+", " ", parted.lower()).strip()


def _checked(kind: Kind, shape: Shape) -> tuple[Kind, str]:
    """A name is believed unless the values say something else."""
    if kind is Kind.IGNORE:
        return kind, "its name says that it is a label or a technical column, not evidence"
    if shape.is_constant:
        return Kind.IGNORE, "has one value only"
    if kind is Kind.BIRTH and shape.dates < 0.5:
        return (Kind.TEXT, "is called a date, holds text") if shape.words > 2 else (Kind.PLACE, "is no date")
    if kind in (Kind.FULL_NAME, Kind.GIVEN, Kind.SURNAME) and shape.many_words > 0.1:
        return Kind.TEXT, "is called a name, but many values have more than three words"
    if kind is Kind.EMAIL and shape.emails < 0.3:
        return Kind.TEXT, "is called e-mail, holds text"
    return kind, "by its name"


def _by_values(shape: Shape) -> tuple[Kind, str]:
    share = shape.distinct / shape.filled
    rules: Mapping[Kind, tuple[bool, str]] = {
        Kind.IGNORE: (shape.is_constant, "has one value only"),
        Kind.EMAIL: (shape.emails > 0.5, "most values are e-mail addresses"),
        Kind.BIRTH: (shape.dates > 0.8, "most values are dates"),
        Kind.PHONE: (shape.phones > 0.8 and share > 0.3, "most values are telephone numbers"),
        Kind.TEXT: (shape.words > 2.2, "values are of several words"),
        Kind.CATEGORY: (share < 0.2 and shape.filled > 20, "few values that come again and again"),
    }
    for kind, (holds, why) in rules.items():
        if holds:
            return kind, why
    if shape.digits > 0.8:
        return Kind.IGNORE, "numbers that no rule knows: name their kind in the settings to use them"
    return Kind.PLACE, "short text"
