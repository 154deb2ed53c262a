"""The README's requests have the outputs that it shows, but for dates, which count from today."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from gateway.commands.banner import to_try
from gateway.policy.language.load import load
from tests.running import Gateway

ROOT = Path(__file__).parents[2]
SHOWN = re.compile(
    r'^\$ ask "(?P<ask>.+)"\n(?P<headers>(?:x-.+\n)+)"content":(?P<content>".+")$', re.MULTILINE
)
EXAMPLES = [found.groupdict() for found in SHOWN.finditer((ROOT / "README.md").read_text())]


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with Gateway(ROOT / "policies", tmp_path_factory.mktemp("readme") / "data") as running:
        yield running


def test_the_readme_shows_three_requests() -> None:
    assert len(EXAMPLES) == 3


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example["ask"][:30])
def test_a_request_of_the_readme_has_the_output_that_it_shows(
    gateway: Gateway, example: dict[str, str]
) -> None:
    body = {"model": "auto", "messages": [{"role": "user", "content": example["ask"]}]}
    reply = httpx.post(gateway.url + "/v1/chat/completions", json=body, timeout=60)
    for line in example["headers"].splitlines():
        name, _, value = line.partition(": ")
        assert reply.headers[name] == value
    said = reply.json()["choices"][0]["message"]["content"]
    assert undated(said) == undated(json.loads(example["content"]))


def test_the_gateway_suggests_at_its_start_what_the_readme_shows() -> None:
    policy = load(ROOT / "policies", secrets={})
    assert [example["ask"] for example in EXAMPLES] == [say for say, _ in to_try(policy, ROOT / "policies")]


def undated(text: str) -> str:
    return re.sub(r"\d{4}-\d{2}-\d{2}", "DATE", text)
