"""Sizes and addresses as people write them."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.settings import is_loopback, make_data_dir, size


@pytest.mark.parametrize(
    ("text", "bytes_"),
    [
        ("20MB", 20_000_000),
        ("512k", 512_000),
        ("1GiB", 2**30),
        ("100", 100),
        ("3 kb", 3_000),
        ("2MiB", 2**21),
    ],
)
def test_a_size_is_read(text: str, bytes_: int) -> None:
    assert size(text) == bytes_


@pytest.mark.parametrize("text", ["", "many", "-1", "0", "20 bananas"])
def test_what_is_no_size_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="20MB"):
        size(text)


@pytest.mark.parametrize(
    ("host", "local"),
    [("127.0.0.1", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("example.org", False)],
)
def test_loopback_addresses_are_told_from_others(host: str, local: bool) -> None:
    assert is_loopback(host) is local


def test_git_passes_over_a_data_folder_that_was_made_and_one_that_was_there_is_left_alone(
    tmp_path: Path,
) -> None:
    make_data_dir(tmp_path / "new" / "data")
    assert (tmp_path / "new" / "data" / ".gitignore").read_text() == "*\n"
    make_data_dir(tmp_path)
    assert not (tmp_path / ".gitignore").exists()
