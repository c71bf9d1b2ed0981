"""The models of the library's own extractors, loaded ahead of the first text: four seconds, most of them the Chinese ones."""

from lakehouse.extractors.feature import Text
from lakehouse.extractors.language import language_of
from lakehouse.extractors.sentiment import sentiment
from lakehouse.extractors.words import words

SAID = ("The coffee was very good today", "咖啡很好喝，我很喜欢")


def models() -> None:
    """Load the models of languages, of sentiment in English and Chinese, and of Chinese words."""
    for said, code in zip(SAID, ("en", "zh"), strict=True):
        language_of(said)
        text = Text(said, code)
        sentiment([text], {})
        list(words(text))
