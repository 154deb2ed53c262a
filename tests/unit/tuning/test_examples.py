from __future__ import annotations

from pathlib import Path

import pytest

from gateway.tuning.examples import BadExamples, Example, check, fingerprint, read


def written(folder: Path, *lines: str) -> Path:
    path = folder / "rows.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_rows_are_read_and_empty_lines_and_repeated_rows_are_skipped(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        '{"text": "where is it", "label": "shipping"}',
        "",
        '{"text": "Where  is it", "label": "shipping"}',
        '{"text": "positive or negative?", "label": null}',
    )
    assert read(path) == (Example("where is it", "shipping"), Example("positive or negative?", None))


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ('{"text": "a"', "not JSON at column 13"),
        ("[1]", "must be an object, this is a list"),
        ('{"label": "x"}', '"text" must be a text'),
        ('{"text": " ", "label": "x"}', '"text" must be a text'),
        ('{"text": "a"}', '"label" is missing'),
        ('{"text": "a", "label": 3}', '"label" must be a word or null, this is a number'),
        ('{"text": "a", "label": "' + "x" * 65 + '"}', "has 65 characters"),
    ],
)
def test_a_bad_row_is_named_by_its_line_with_what_would_be_right(
    tmp_path: Path, line: str, word: str
) -> None:
    with pytest.raises(BadExamples, match=r"rows\.jsonl:2: ") as raised:
        read(written(tmp_path, '{"text": "good", "label": "x"}', line))
    assert word in str(raised.value)


def test_the_same_text_with_two_labels_names_both_lines(tmp_path: Path) -> None:
    with pytest.raises(BadExamples, match="'x' in line 1 and 'y' here"):
        read(written(tmp_path, '{"text": "a", "label": "x"}', '{"text": "a", "label": "y"}'))


def test_many_mistakes_are_told_at_once_and_then_counted(tmp_path: Path) -> None:
    with pytest.raises(BadExamples) as raised:
        read(written(tmp_path, *["nonsense"] * 25))
    assert str(raised.value).count("\n") == 10
    assert "and 15 more" in str(raised.value)


def test_a_file_that_is_not_utf_8_is_said_to_be_so(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b'{"text": "caf\xe9", "label": "x"}')
    with pytest.raises(BadExamples, match="not UTF-8"):
        read(path)


def test_too_few_rows_of_a_label_are_told_with_what_is_needed() -> None:
    rows = [Example(f"a{n}", "many") for n in range(20)] + [Example("b", "few")]
    with pytest.raises(BadExamples, match="few has 1; each label needs at least 10"):
        check(rows)


def test_one_label_alone_is_nothing_to_tell_apart() -> None:
    with pytest.raises(BadExamples, match="1 labels; at least 2"):
        check([Example(f"a{n}", "only") for n in range(20)])


def test_the_fingerprint_follows_the_rows() -> None:
    rows = [Example("a", "x"), Example("b", None)]
    assert fingerprint(rows) == fingerprint(list(rows))
    assert fingerprint(rows) != fingerprint(rows[:1])
