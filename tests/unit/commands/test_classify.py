"""What is understood of texts without a policy."""

from __future__ import annotations

import json

import pytest

from gateway.classify.classifier import LinearClassifier
from gateway.commands.classify import Unreadable, classified
from gateway.commands.classify_eval import evaluated, rows_of

CLASSIFIER = LinearClassifier()


def test_each_line_keeps_its_fields_and_its_place() -> None:
    lines = ['{"text": "write a haiku about autumn", "id": 7}', "", '{"text": "mail me at x.y@mail.example"}']
    lines.append(
        '{"messages": [{"role": "user", "content": [{"type": "text", "text": "hello"}]}], "id": "a"}'
    )

    first, second, third = [json.loads(line.json) for line in classified(lines, CLASSIFIER.classify)]

    assert (first["id"], first["task"]["label"], first["freshness"]["label"]) == (
        7,
        "creative_writing",
        "static",
    )
    assert sum(first["task"]["probabilities"].values()) == pytest.approx(1, abs=0.01)
    assert second["findings"][0] | {"confidence": 1} == {
        "entity": "email",
        "class": "contact",
        "label": "confidential",
        "message": 0,
        "start": 11,
        "end": 27,
        "confidence": 1,
    }
    assert second["sensitivity"]["label"] == "confidential"
    assert (third["id"], third["language"]) == ("a", "und")


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("{", "no JSON"),
        ('{"a": ' + "[" * 3000 + "]" * 3000 + "}", "no JSON"),
        ("[1]", "a JSON object is needed"),
        ('{"txt": "x"}', 'one of "text"'),
        ('{"text": 5}', 'one of "text"'),
        ('{"text": "x", "messages": []}', 'one of "text"'),
        ('{"messages": 5}', "messages"),
    ],
)
def test_a_line_that_cannot_be_read_says_why_and_is_not_lost(line: str, why: str) -> None:
    wrong, good = classified([line + "\n", '{"text": "hello"}'], CLASSIFIER.classify)

    assert why in wrong.wrong
    assert json.loads(wrong.json) == {"error": wrong.wrong, "line": line}
    assert not good.wrong


ROWS = [
    '{"text": "write a haiku about autumn", "task": "creative_writing", "freshness": "static"}',
    '{"text": "fix this python function", "task": "coding", "sensitivity": "public", "source": "other"}',
    '{"text": "what\'s the weather in Paris now", "task": "chit_chat", "freshness": "live"}',
    '{"text": "my card is 4539 1488 0343 6467", "sensitivity": "restricted"}',
    '{"text": "hi, x.y@mail.example here", "sensitivity": "public"}',
]


def test_rows_are_measured_by_axis_and_source() -> None:
    task, freshness, sensitivity = evaluated(rows_of(ROWS, None), CLASSIFIER.classify).axes

    assert [(p.source, p.rows, p.accuracy) for p in task.parts] == [
        ("other", 1, 1),
        ("–", 2, 0.5),
        ("all", 3, 2 / 3),
    ]
    assert task.parts[-1].macro_f1 == pytest.approx(2 / 3)
    assert task.confused == (("chit_chat", "tool_action", 1),)
    assert task.risk[1.0] == pytest.approx(1 / 3)
    assert task.passed is None
    assert freshness.parts[0].accuracy == 1
    assert (sensitivity.passed, sensitivity.flagged) == (0, 0.5)


def test_rows_with_one_label_are_measured_on_the_axis_that_is_named() -> None:
    (axis,) = evaluated(
        rows_of(['{"text": "fix this python function", "label": "coding"}'], "task"), CLASSIFIER.classify
    ).axes

    assert (axis.axis, axis.parts[0].accuracy) == ("task", 1)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (
            '{"text": "x", "task": "cooking"}',
            r"line 1: task is 'cooking', and has to be one of categorization",
        ),
        ('{"text": "x"}', "no row is labelled"),
        ("x", "line 1: this is no JSON"),
    ],
)
def test_rows_that_cannot_be_measured_are_told_with_their_line(line: str, why: str) -> None:
    with pytest.raises(Unreadable, match=why):
        rows_of([line], None)


def test_what_could_not_be_read_is_told() -> None:
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}
    lines = [{"messages": [{"role": "user", "content": [image]}]}, {"text": "hello"}]

    told = [
        json.loads(line.json)["unreadable"]
        for line in classified(map(json.dumps, lines), CLASSIFIER.classify)
    ]

    assert told == [True, False]
