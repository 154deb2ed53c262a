"""Policy folders written for a test, and the mistakes that they hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.policy.language.load import load
from gateway.policy.mistakes import Mistake, PolicyMistakes
from gateway.policy.schema import Policy

MODELS = """\
models:
  - {name: small, target: openai-compatible/s, base_url: "http://h:1/v1", clearance: internal}
  - {name: house, target: openai-compatible/h, base_url: "http://h:2/v1", clearance: restricted}
  - {name: tagger, target: local/tagger, teacher: house}
  - {name: embed, target: local/minilm, kind: embedding}
"""
KNOWLEDGE = "knowledge: [{name: handbook, documents: handbook/*.md, label: internal, embed_with: embed}]\n"
TOOLS = "tools: [{name: crm, mcp: {url: 'http://crm/mcp'}, label: confidential, clearance: confidential}]\n"
ROUTES = "routes: [{name: rest, model: [small, house]}]\n"


def write(folder: Path, **files: str) -> Path:
    """Each keyword is a file's name without .yaml; models and routes are there if not given."""
    for name, text in {"models": MODELS, "routes": ROUTES, **files}.items():
        (folder / f"{name}.yaml").write_text(text)
    return folder


def loaded(folder: Path, **files: str) -> Policy:
    return load(write(folder, **files), secrets={})


def mistakes(folder: Path, **files: str) -> tuple[Mistake, ...]:
    with pytest.raises(PolicyMistakes) as caught:
        loaded(folder, **files)
    return caught.value.mistakes


def only_mistake(folder: Path, **files: str) -> str:
    """The folder's one mistake as it is printed."""
    (mistake,) = mistakes(folder, **files)
    return str(mistake)
