"""Shows that the rules for one value give what the rules on columns give, on thousands of ordinary and nasty values."""

import random
from collections.abc import Iterator

import pyarrow as pa
import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from lakehouse.standardise import plain
from lakehouse.standardise.rules import identifier_rule
from lakehouse.standardise.token import token

KEY = b"a made-up key for the tests, 32 bytes and more"
WHOLE = (
    "张三先生|138****1234",
    "李 四|+86 138-0000-1234",
    "Anna Li|1391|1234\u2028",
    "王五女士\u2028|13912345678",
    "测试|13912345678",
    "王五|13800138000",
    "王五|x\u2028y|13912345678",
    "王|13912345678",
    "13912345678",
    "+8613912345678",
    "0086 139-1234-5678",
    "(139) 1234.5678",
    "１３９１２３４５６７８",
    "13800138000",
    "+1 415 555 2671",
    "139****5678",
    "8613912345678",
    "+8613912345678\u2028",
    "13912345678\u00a0",
    "1391234567\u0665",
    "11111111111",
    "13911111111",
    "0044 20 7946 0958",
    "Anna.Li@Example.CN ",
    "test@test.com",
    "a＠b.c",
    "ａｂ＠ｃｄ．com",
    "x@y",
    "\u212aelvin@x.cn",
    "İ@x.cn",
    "anonymous",
    "M 5370829073",
    "０００",
    "-1",
    "null",
    "N/A",
    "nan",
    "-",
    "",
    "   ",
    "\t\n",
    "anonymous\u2029",
    "none\r\n",
    "😀a😀",
    "测试",
    "王芳女士",
    "2025-01-31",
    "1900-01-01",
    "31/1/2025",
    "31 Jan 2025",
    "Foo Jan 2025",
    "3-may-1999",
    "2025年1月31日 10时",
    "20250131T100000Z",
    "010-62345678",
    "021 5555 5555 ext 5",
    "0571-88888888转801",
    "400-123-4567",
)
SIGNS = "0123456789" * 6 + "1386" * 8 + "+-() .@_abzAZ０９ａＺ　＋＠＿\t\n\r\u0085\u00a0\u2028é中😀*"


def values() -> Iterator[str]:
    yield from WHOLE
    draw = random.Random(20)
    for n in range(4000):
        yield "".join(draw.choice(SIGNS) for _ in range(draw.randint(0, 16)))
        yield (
            draw.choice(("", "+86", "86", "0086", "+", "00")) + f"1{draw.randrange(10**10):010}"[: draw.randint(8, 13)]
        )
        name = "".join(draw.choice("abZ.０é_'+") for _ in range(draw.randint(0, 6)))
        yield f"{name}@{draw.choice(('x.cn', 'x', '.cn', 'x-.cn', 'X.CN ', 'a.b.c', '-a.cn'))}"
        who = "".join(draw.choice("张三aB先生女士 é1\u2028") for _ in range(draw.randint(0, 5)))
        shown = f"1{draw.randrange(10**10):010}"
        shown = draw.choice(
            (shown, f"{shown[:3]}****{shown[7:]}", f"{shown[:3]}|{shown[7:]}", f"86-{shown}", shown[:9])
        )
        yield f"{who}|{shown}{draw.choice(('', '', chr(0x2028), ' '))}"
        day = (draw.randint(0, 32), draw.randint(0, 13), draw.choice((1899, 1900, 1999, 2024, 2101, 99)))
        yield draw.choice("-/. ").join(map(str, draw.choice((day, day[::-1]))))
        if n % 4 == 0:
            yield draw.choice(WHOLE) + draw.choice(SIGNS)


@pytest.mark.parametrize(
    "id_type", ["phone", "recipient_phone", "email", "name_phone", "full_name", "birth_on", "member_no"]
)
def test_one_value_is_judged_and_hashed_as_a_column_of_them_is(spark: SparkSession, id_type: str) -> None:
    asked = sorted(set(values()))
    frame = spark.createDataFrame(pa.table({"text": asked}))
    ruled = identifier_rule(id_type)(F.col("text"))
    rows = frame.select("text", ruled["value"].alias("value"), ruled["status"].alias("status"))
    hashed = rows.withColumn("token", token(id_type, F.col("value"), KEY)).collect()
    assert len(hashed) == len(asked) > 10000
    wrong = []
    for text, value, status, hashed_ in hashed:
        found = plain.identifier(id_type, text)
        own = None if found[0] is None else plain.token(id_type, found[0], KEY)
        if (*found, own) != (value, status, hashed_):
            wrong.append((text, found, (value, status)))
    assert wrong == []
    assert {status for _, _, status, _ in hashed} == {"valid", "repaired", "suspect", "invalid", "missing"}
