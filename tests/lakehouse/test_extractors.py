"""Shows what the extractors find in texts of several languages, and that a line of configuration adds another."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from lakehouse.errors import SettingsError
from lakehouse.extractors.configuration import load_extractors
from lakehouse.extractors.extracting import extracted, features
from lakehouse.extractors.feature import Found, Options, Text
from lakehouse.extractors.language import language_of
from lakehouse.extractors.sentiment import sentiment
from lakehouse.extractors.words import keywords, topic
from lakehouse.settings import ROOT

LENGTH = "{name: length, call: 'tests.lakehouse.test_extractors:length', version: 7}"


def length(texts: Sequence[Text], options: Options) -> list[list[Found]]:
    return [[Found(str(len(text.text)), float(len(text.text)))] for text in texts]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("物流太慢，盒子压坏了。", "zh"),
        ("コーヒーは美味しいです", "ja"),
        ("배송이 빨라요", "ko"),
        ("Great value, smooth taste, arrived in two days.", "en"),
        ("Die Lieferung war schnell und der Kaffee schmeckt", "de"),
        ("ok", "und"),
        ("👍👍👍 12", "und"),
    ],
)
def test_a_language_is_told_where_there_is_enough_of_it(text: str, code: str) -> None:
    assert language_of(text)[0] == code


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("Great value, smooth taste, I love it.", "en", "positive"),
        ("Tastes awful, terrible service.", "en", "negative"),
        ("The parcel is on the table.", "en", "neutral"),
        ("包装很好，送礼有面子，物流也快。", "zh", "positive"),
        ("味道太差了，非常失望，要求退货。", "zh", "negative"),
    ],
)
def test_a_text_is_friendly_or_not(text: str, language: str, expected: str) -> None:
    ((found,),) = sentiment([Text(text, language)], {})
    assert found.value == expected
    assert found.score is not None
    assert -1 <= found.score <= 1


def test_of_other_languages_no_sentiment_is_said() -> None:
    assert sentiment([Text("Sehr gut", "de")], {}) == [[]]


def test_words_that_count_are_counted() -> None:
    said = [Text("物流太慢，物流压坏了盒子", "zh"), Text("The box, the BOX was crushed", "en"), Text("!!", "und")]
    found = keywords(said, {"stop": ["the", "was"]})
    assert found[0][0] == Found("物流", 0.4) or found[0][0].value == "物流"
    assert found[1] == [Found("box", 0.6667), Found("crushed", 0.3333)]
    assert found[2] == []


def test_topics_are_those_whose_words_are_said_most_of_all() -> None:
    lexicon = {"delivery": ["物流", "deliver"], "price": ["价格", "price"], "box": ["盒子"]}
    said = [
        Text("物流快，物流好，价格高", "zh"),
        Text("Redelivery; delivered at a good PRICE", "en"),
        Text("没说", "zh"),
    ]
    found = topic(said, {"lexicon": lexicon})
    assert found[0] == [Found("delivery", 2.0), Found("price", 1.0)]
    assert found[1] == [Found("delivery", 1.0), Found("price", 1.0)]
    assert found[2] == []


def test_a_line_of_configuration_adds_an_extractor(tmp_path: Path) -> None:
    path = tmp_path / "extractors.yml"
    path.write_text(f"extractors:\n  - {{name: topic, top: 2, options: {{lexicon: {{a: [x]}}}}}}\n  - {LENGTH}\n")
    rows = list(features(["x y", ""], load_extractors(path)))
    assert rows == [
        ("x y", "topic", "topic_1", 1, "a", 1.0),
        ("x y", "topic", "topic_2", 1, None, None),
        ("", "topic", "topic_1", 1, None, None),
        ("", "topic", "topic_2", 1, None, None),
        ("x y", "length", "length", 7, "3", 3.0),
        ("", "length", "length", 7, None, None),
    ]


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("extractors: [{name: mood}]", "extractors.0"),
        ("extractors: [{name: mood, call: 'nowhere:f'}]", "extractors.0.call"),
        ("extractors: [{name: topic, slots: 2}]", "extractors.0.slots"),
        ("extractor: []", "extractors"),
    ],
)
def test_a_mistake_is_told_by_file_and_key(tmp_path: Path, text: str, key: str) -> None:
    path = tmp_path / "extractors.yml"
    path.write_text(text)
    with pytest.raises(SettingsError) as told:
        load_extractors(path)
    assert (told.value.where["file"], told.value.where["key"]) == (path, key)


def test_without_a_file_nothing_is_extracted(tmp_path: Path) -> None:
    assert load_extractors(tmp_path / "extractors.yml") == ()


def test_the_same_text_is_read_once_and_each_who_said_it_gets_its_features(spark: SparkSession) -> None:
    rows = [("a", "1", "物流快"), ("a", "2", " 物流快 "), ("b", "1", None)]
    said = spark.createDataFrame(rows, "source string, object_id string, text string")
    found = extracted(said, load_extractors(ROOT / "conf" / "extractors.yml"))
    assert found.columns == ["source", "object_id", "extractor", "feature", "version", "value", "score"]
    kept = found.where("value IS NOT NULL").select("source", "object_id", "feature", "value").collect()
    assert {("a", "1", "language", "zh"), ("a", "2", "topic_1", "delivery")} <= {tuple(row) for row in kept}
    assert {row[0] for row in kept} == {"a"}
    assert found.where("source = 'b'").count() == 1 + 1 + 3 + 5
