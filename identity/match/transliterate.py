"""Chinese text read aloud: pinyin without tones, so that 王伟, Wang Wei and WEI WANG meet."""

from collections.abc import Iterable

# Surnames of two characters; with any other name the first character is the surname.
_COMPOUND = frozenset("欧阳 司马 上官 诸葛 东方 皇甫 尉迟 公孙 慕容 令狐 司徒 夏侯 长孙 宇文 端木 南宫".split())  # noqa: SIM905


def has_chinese(text: str) -> bool:
    """Whether the text has a Chinese character."""
    return any("\u4e00" <= sign <= "\u9fff" for sign in text)


def readings(values: Iterable[str], *, person: bool) -> dict[str, str]:
    """Text to its reading, for those of ``values`` that have Chinese characters.

    With ``person`` the values are whole names, whose reading is the given name and then the surname, as a Latin name is
    written: 欧阳娜娜 is ``nana ouyang``. Other text is read character by character: 北京 is ``bei jing``.
    """
    from pypinyin import lazy_pinyin

    found = {}
    for value in values:
        if has_chinese(value):
            parts = _surname_last(value) if person else [value]
            join = "" if person else " "
            found[value] = " ".join(join.join(lazy_pinyin(part)) for part in parts if part).lower()
    return found


def _surname_last(name: str) -> list[str]:
    signs = "".join(name.split())
    cut = 2 if signs[:2] in _COMPOUND and len(signs) > 2 else 1
    return [signs[cut:], signs[:cut]] if len(signs) > 1 and all(map(has_chinese, signs)) else [signs]
