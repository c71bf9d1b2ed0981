"""Keywords and topics: the words of a text, counted, and the lexicon of topics that they speak of."""

import functools
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lakehouse.extractors.feature import Found, Options, Text

WORD = re.compile(r"[^\W\d_][\w'’-]+")
HAN = re.compile("[\u4e00-\u9fff]")


@functools.cache
def _jieba() -> Any:  # noqa: ANN401  # jieba has no types
    import jieba

    jieba.setLogLevel(60)
    jieba.initialize()
    return jieba


def words(text: Text) -> Iterator[str]:
    """Its words in lower case: Chinese cut by jieba's dictionary (two characters and more), others at what is no letter."""
    if HAN.search(text.text):
        yield from (w.lower() for w in _jieba().cut(text.text) if len(w) > 1 and WORD.fullmatch(w))
    else:
        yield from (match[0].lower() for match in WORD.finditer(text.text))


def keywords(texts: Sequence[Text], options: Options) -> list[list[Found]]:
    """The words that are said most, without those of ``stop``; the score is a word's share of all words that count."""
    stop = frozenset(word.lower() for word in options.get("stop", ()))
    return [_most(Counter(word for word in words(text) if word not in stop)) for text in texts]


def _most(counts: Counter[str]) -> list[Found]:
    total = counts.total()
    return [Found(word, round(n / total, 4)) for word, n in counts.most_common()]


def topic(texts: Sequence[Text], options: Options) -> list[list[Found]]:
    """The topics of ``lexicon`` whose words stand in the text, the most spoken of first; the score counts the words."""
    lexicon = _patterns(options["lexicon"])
    return [_topics(lexicon, text.text) for text in texts]


def _patterns(lexicon: Mapping[str, Sequence[str]]) -> dict[str, re.Pattern[str]]:
    """A word of letters is found where it begins a word, a Chinese one anywhere."""

    def pattern(word: str) -> str:
        return re.escape(word) if HAN.search(word) else rf"\b{re.escape(word)}"

    return {name: re.compile("|".join(map(pattern, found)), re.IGNORECASE) for name, found in lexicon.items()}


def _topics(lexicon: Mapping[str, re.Pattern[str]], text: str) -> list[Found]:
    counts = {name: len(pattern.findall(text)) for name, pattern in lexicon.items()}
    ranked = sorted(((n, name) for name, n in counts.items() if n), key=lambda pair: (-pair[0], pair[1]))
    return [Found(name, float(n)) for n, name in ranked]
