"""The package under test is the one that is meant."""

from __future__ import annotations

import os
from pathlib import Path

import gateway

meant = os.environ.get("POINTSMAN_PACKAGE")
assert meant is None or Path(gateway.__file__).is_relative_to(meant), "another copy of the package is tested"
