"""Whether a text is friendly: by VADER for English, by snownlp's model of Chinese reviews for Chinese, unsaid for others."""

import functools
from collections.abc import Callable, Sequence

from lakehouse.extractors.feature import Found, Options, Text

ENGLISH_NEUTRAL = 0.05
"""Hutto and Gilbert (2014): a compound score below it, either way, is neutral."""
CHINESE_NEUTRAL = 0.2
"""Of a probability between .4 and .6 nothing is said."""


@functools.cache
def _english() -> Callable[[str], float]:
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    analyzer = SentimentIntensityAnalyzer()
    return lambda text: float(analyzer.polarity_scores(text)["compound"])


@functools.cache
def _chinese() -> Callable[[str], float]:
    from snownlp import sentiment as model

    return lambda text: 2 * float(model.classify(text)) - 1


def sentiment(texts: Sequence[Text], _: Options) -> list[list[Found]]:
    """positive, neutral or negative; the score runs from -1 to 1."""
    return [_judged(text) for text in texts]


def _judged(text: Text) -> list[Found]:
    if text.language == "en":
        return [_named(_english()(text.text), ENGLISH_NEUTRAL)]
    if text.language == "zh":
        return [_named(_chinese()(text.text), CHINESE_NEUTRAL)]
    return []


def _named(score: float, neutral: float) -> Found:
    name = "neutral" if abs(score) < neutral else "positive" if score > 0 else "negative"
    return Found(name, round(score, 3))
