"""Checks a policy folder with what lies around it: its documents, and how its cases' requests are read."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from gateway.api.wire import chat_request
from gateway.knowledge.reading import names_documents
from gateway.policy.analysis.check import Checked, check


def check_folder(
    folder: Path, secrets: Mapping[str, str], knowledge_root: Path | None = None, assume_secrets: bool = False
) -> Checked:
    """The folder, checked whole; its documents are looked for below `knowledge_root`, else below itself."""
    return check(
        folder,
        secrets,
        assume_secrets=assume_secrets,
        documents=partial(names_documents, knowledge_root or folder),
        parse=chat_request,
    )
