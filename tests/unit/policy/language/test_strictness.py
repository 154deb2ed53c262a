# ruff: noqa: E501 (a table of texts reads best with one case a line)
from __future__ import annotations

import pytest

from gateway.policy.language.strictness import Unreadable, refused, text_of
from gateway.policy.mistakes import Mistake


def told(source: bytes) -> list[str]:
    try:
        return [str(mistake) for mistake in refused("a.yaml", text_of("a.yaml", source))]
    except Unreadable as unreadable:
        return [str(mistake) for mistake in unreadable.mistakes]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (b"a: [1", ["a.yaml:2:1: not YAML: did not find expected ',' or ']'; mind the indentation and the quotes"]),
        (b"a: 1\n b: 2\n", ["a.yaml:2:3: not YAML: mapping values are not allowed in this context; mind the indentation and the quotes"]),
        (b"a:\n\tb: 1\n", ["a.yaml:2:1: not YAML: a tab in the indentation; indent by spaces"]),
        (b"a:\n  - b\n  \t- c\n", ["a.yaml:3:3: not YAML: a tab in the indentation; indent by spaces"]),
        (b"- name: g\n  when: \"health\" in findings\n  block: x\n", ["a.yaml:2:18: not YAML: the value ends with its second quote, and goes on; put all of it in single quotes: '\"health\" in findings'"]),
        (b"a: 1\n---\nb: 2\n", ["a.yaml:2:1: a second document begins here; one document a file"]),
        (b"a: &x 1\nb: 2\n", ["a.yaml:1:4: &x is an anchor; take it out: a policy has no aliases"]),
        (b"a: 1\nb: *x\n", ["a.yaml:2:4: *x stands for what is written elsewhere; write it out: a policy has no aliases"]),
        (b"a: !!str 1\n", ["a.yaml:1:4: a policy has no tags; take out what begins with '!'"]),
        (b"a: \xc3\xa9 \x80\n", ["a.yaml:1:6: the file is not UTF-8 text; save it as UTF-8"]),
        (b"a: 1\nb: \x00\n", ["a.yaml:2:4: not YAML: the character U+0000 stands here; take it out"]),
        (b"# " + b"x" * (1 << 20), ["a.yaml:1:1: the file is larger than 1048576 bytes; split it"]),
        (b"a: " + b"[" * 500 + b"]" * 500, ["a.yaml:1:43: nested deeper than 40; write it flatter"]),
        (b"a: 'no *alias, no &anchor, no !tag' # *a &b !c\n", []),
        (b"\xef\xbb\xbfa: 1\n", []),
    ],
)  # fmt: skip
def test_what_a_policy_does_without_is_told_at_its_place(source: bytes, expected: list[str]) -> None:
    assert told(source) == expected


def test_everything_that_is_refused_in_a_file_is_told_at_once() -> None:
    assert len(told(b"a: &x {b: 1}\nc: *x\nd: {<<: *x}\ne: !t 1\nf: [1\n")) == 5


def test_a_bomb_of_aliases_is_refused_before_it_unfolds() -> None:
    bomb = "a0: &a0 [x, x]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]\n" for i in range(1, 60))
    with pytest.raises(Unreadable) as caught:
        refused("a.yaml", bomb)
    assert all(isinstance(mistake, Mistake) for mistake in caught.value.mistakes)
