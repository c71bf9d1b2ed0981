"""The language of a text: by its script where that decides, else by the model that py3langid carries with it."""

import functools
import re
from collections.abc import Sequence
from typing import Any

from lakehouse.extractors.feature import Found, Options, Text

UNKNOWN = "und"
SCRIPTS = (
    ("ja", re.compile("[\u3040-\u30ff]")),
    ("ko", re.compile("[\uac00-\ud7af]")),
    ("zh", re.compile("[\u4e00-\u9fff]")),
)
LETTERS = re.compile(r"[^\W\d_]")
LEAST_LETTERS = 8
"""Of fewer letters the model guesses."""


def language_of(text: str, least: float = 0.5) -> tuple[str, float]:
    """ISO 639-1 code and probability; ``und`` where the text is too short or the model less sure than ``least``."""
    for code, script in SCRIPTS:
        if script.search(text):
            return code, 1.0
    if len(LETTERS.findall(text)) < LEAST_LETTERS:
        return UNKNOWN, 0.0
    code, probability = _identifier().classify(text)
    return (str(code), float(probability)) if probability >= least else (UNKNOWN, float(probability))


@functools.cache
def _identifier() -> Any:  # noqa: ANN401  # py3langid has no types
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


def language(texts: Sequence[Text], _: Options) -> list[list[Found]]:
    """The language's code; the score is its probability."""
    found = [language_of(text.text) for text in texts]
    return [[Found(code, round(probability, 3))] for code, probability in found]
