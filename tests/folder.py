"""A small policy folder over a scripted upstream."""

from __future__ import annotations

from pathlib import Path

from gateway.access.keys import hash_key

KEY = "pm-test-key-of-the-contract-tests"
ADMIN_KEY = "pm-test-key-of-an-administrator"

POLICY = """\
models:
  - name: small
    target: openai-compatible/upstream-model
    base_url: {url}
    clearance: internal
    price: {{input: 1.0, output: 10.0}}
    timeouts: {{connect: 1s, first_token: 1s, idle: 1s, total: 3s}}
    retries: {retries}
    circuit: {{failures: 1000, share: 1, of: 1000}}  # tests share a gateway that fails often
callers:
  - {{name: app, key_sha256: {key}, team: support, clearance: internal}}
  - {{name: ops, key_sha256: {admin}, admin: true, clearance: restricted}}
guards:
  - name: no-credentials
    when: '"credential" in findings'
    block: Remove the credential and send again.
routes:
{extra}  - name: everything-else
    model: small
"""


def policy_folder(folder: Path, url: str, extra: str = "", retries: int = 0) -> Path:
    """Writes the folder; `extra` are routes before the last."""
    folder.mkdir(parents=True, exist_ok=True)
    text = POLICY.format(url=url, key=hash_key(KEY), admin=hash_key(ADMIN_KEY), extra=extra, retries=retries)
    (folder / "policy.yaml").write_text(text)
    return folder
