"""A partner's list of members, as a partner sends it: a spreadsheet's export with Chinese headings, in GB18030."""

import os
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

HEADINGS = ("影城卡号", "姓名", "手机号", "邮箱", "出生日期", "等级", "入会时间", "更新时间")
EVERY = 12
LEVELS = ("银卡", "金卡", "黑金")


def partner_members(out: str, target: str) -> int:
    """Write the list to ``target``: one in twelve of the brand's members, with the cinema's own card; returns how many.

    ``out`` is what ``generate`` wrote. Of members whose name and phone are in their places only.
    Raises ``FileNotFoundError`` where nothing was generated.
    """
    parts = sorted(Path(out, "staged", "crm", "member", "delivery=000").rglob("part-*.parquet"))
    if not parts:
        raise FileNotFoundError(f"no generated members in {out}")
    rows = [row for part in parts for row in pq.read_table(part).to_pylist()]
    lines = list(_lines(sorted(rows, key=lambda row: str(row["member_no"]))))
    path = Path(target)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    partial.write_bytes("\n".join([",".join(HEADINGS), *lines, ""]).encode("gb18030"))
    os.utime(partial, (parts[0].stat().st_mtime, parts[0].stat().st_mtime))
    partial.replace(path)
    return len(lines)


def _lines(rows: list[dict[str, pa.Scalar]]) -> Iterator[str]:
    chosen = [
        row for row in rows if str(row["phone"] or "").isdigit() and not any(c.isdigit() for c in str(row["name"]))
    ]
    for number, row in enumerate(chosen[::EVERY]):
        day = str(row["joined_at"])[:10].replace("-", "/")
        values = [
            f"YC{880_000 + number}",
            str(row["name"] or "").replace(",", " "),
            str(row["phone"]),
            str(row["email"] or "").replace(",", " "),
            str(row["birth_date"] or "").replace(",", " "),
            LEVELS[number % len(LEVELS)],
            f"{day} 10:{number % 60:02}:00",
            f"{str(row['updated_at'])[:10].replace('-', '/')} 12:{number % 60:02}:00",
        ]
        yield ",".join(values)
