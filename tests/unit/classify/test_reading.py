"""What one text says by itself."""

from gateway.classify.classifier import WEIGHTS
from gateway.classify.detect import Detector
from gateway.classify.features import WINDOW
from gateway.classify.linear import load
from gateway.classify.reading import Reader, placed, windows

MODEL = load(WEIGHTS)
READ = Reader(MODEL, Detector())
ILL = "Write to the school: our son Mattis has leukaemia and starts chemo in the hospital on Monday"


def test_every_character_is_in_one_window() -> None:
    text = "0123456789" * 200

    assert "".join(windows(text)) == text


def test_a_short_text_keeps_its_scores_and_a_long_one_does_not() -> None:
    scores = READ("write a haiku about autumn").scores

    assert scores is not None
    assert scores.tolist() == MODEL.scores("write a haiku about autumn").tolist()
    assert READ("word " * WINDOW).scores is None


def test_the_window_that_is_most_about_a_person_counts() -> None:
    reading = READ("The bridge was opened in 1931. " * 40 + ILL)

    assert reading.personal > READ("The bridge was opened in 1931. " * 40).personal
    assert READ(ILL).topics == ("health",)


def test_findings_are_put_into_the_message_that_they_are_of() -> None:
    reading = READ("My card is 4539 1488 0343 6467")

    assert [f.message for f in placed(reading.findings, 3)] == [3]
    assert placed(reading.findings, 0) == list(reading.findings)


def test_a_lone_word_is_about_nobody_but_what_has_a_shape_is_found_in_it() -> None:
    assert [READ(word).personal for word in ("hospital", " wife\n")] == [0.0, 0.0]
    assert READ("in hospital").personal > 0
    assert READ("My-wife-is-pregnant-and-her-boss-fired-her").personal > 0.5
    assert READ('{"name":"Anna","diagnosis":"leukemia","employer":"Siemens","salary":54000}').personal > 0.5
    assert READ("妻子患癌症").personal > 0
    assert READ("x.y@mail.example").findings
