"""Checks the templates of `replies:` in tool sources, which say a tool's result in a sentence.

`{field}` stands for a field of the result; `{list: …}` for each record of a list, its own fields inside;
`[…]` is left out when a field inside it is absent. They are filled where the answer is made.
"""

from __future__ import annotations

import re

_INNERMOST = re.compile(r"\{[A-Za-z_][\w.-]*(?::[^{}\[\]]*)?\}|\[[^{}\[\]]*\]")
_MARK = re.compile(r"\{[^{}\[\]]*\}?|[}\[\]]")
_DEEPEST = 6


def fault_of(template: str) -> str | None:
    """What is wrong with a template, if anything: a mark without its partner, or a field without a name."""
    rest = template
    for _ in range(_DEEPEST):
        rest = _INNERMOST.sub("", rest)
    match = _MARK.search(rest)
    if match is None:
        return None
    if match[0].endswith("}") and match[0] != "}":
        return f"{match[0]} names no field"
    return f"{match[0][0]} has no partner, or stands too deep"
