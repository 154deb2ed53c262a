"""The policy that the clients meet: one model for each API in which an upstream may be asked."""

from __future__ import annotations

from pathlib import Path

from gateway.access.keys import hash_key
from tests.folder import KEY

POLICY = """\
models:
  - name: small  # speaks chat completions
    target: openai-compatible/upstream-model
    base_url: {url}
    clearance: internal
    retries: 0
    circuit: {{failures: 1000, share: 1, of: 1000}}  # each client meets failures, all at once
  - name: claude  # speaks Messages
    target: anthropic/upstream-model
    base_url: {url}
    api_key: ${{ANTHROPIC_API_KEY}}
    clearance: internal
    retries: 0
    circuit: {{failures: 1000, share: 1, of: 1000}}
  - name: native  # speaks Responses beside chat completions
    target: openai-compatible/upstream-model
    base_url: {url}
    speaks: [chat, responses]
    clearance: internal
    retries: 0
    circuit: {{failures: 1000, share: 1, of: 1000}}
callers:
  - {{name: app, key_sha256: {key}, clearance: internal}}
routes:
  - name: everything
    model: small
"""


def world(folder: Path, url: str) -> Path:
    """Writes the policy over an upstream at `url`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "policy.yaml").write_text(POLICY.format(url=url, key=hash_key(KEY)))
    return folder
