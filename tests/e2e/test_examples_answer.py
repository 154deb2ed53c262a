"""Each example starts where nothing of it is there, and what its pages say is answered without a key."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import httpx
import pytest

from gateway.access.keys import hash_key
from tests.running import Gateway

EXAMPLES = Path(__file__).parents[2] / "policies" / "examples"
KEY = "pm-a-key-of-the-test-of-the-examples"
ASKED = {
    "support-desk": ("website-chat", "What does the red light on my router mean?", "the line is down"),
    "hospital": ("lobby-kiosk", "When are visiting hours on the intensive care unit?", "from 15 to 17"),
    "software-company": ("docs-site", "What is the rate limit of the API?", "minute"),
    "reference": ("support-app", "How many days of holiday do I have a year?", "days"),
}


@pytest.mark.parametrize("name", ASKED)
def test_an_example_answers_without_a_key_of_any_provider(name: str, tmp_path: Path) -> None:
    caller, question, wanted = ASKED[name]
    folder = with_key(name, caller, tmp_path / "policy")
    secrets = {"POINTSMAN_SECRET_CRM": "not-asked-here-0"} if name == "reference" else {}
    with Gateway(folder, tmp_path / "data", environment=secrets, wait=False) as gateway:
        gateway.until(lambda: '"model local":"ready"' in state(gateway), "able to answer")
        gateway.until(
            lambda: "ready" in re.findall(r'"knowledge \S+":"(\w+)"', state(gateway)), "able to look up"
        )
        body = {"model": "auto", "messages": [{"role": "user", "content": question}]}
        headers = {"authorization": f"Bearer {KEY}"}
        reply = httpx.post(gateway.url + "/v1/chat/completions", json=body, headers=headers, timeout=60)
        assert (reply.status_code, reply.headers["x-pointsman-model"]) == (200, "local")
        assert wanted in reply.json()["choices"][0]["message"]["content"].lower()


def with_key(name: str, caller: str, folder: Path) -> Path:
    """A copy of the example in which that caller has the test's key, as a reader would write it in."""
    shutil.copytree(EXAMPLES / name, folder)
    callers = (folder / "callers.yaml").read_text()
    found = re.compile(rf"(name: {caller}\b.*?key_sha256: )\w+", re.DOTALL)
    changed, times = found.subn(rf"\g<1>{hash_key(KEY)}", callers, count=1)
    assert times == 1
    (folder / "callers.yaml").write_text(changed)
    return folder


def state(gateway: Gateway) -> str:
    return gateway.get("/readyz")[1]
