"""What is wrong with a condition: each fault with its place and a proposal."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import re2
from cel_expr_python import cel

from gateway.policy.mistakes import nearest, proposal
from gateway.policy.syntax import Node, tree, walk
from gateway.policy.vocabulary import AXES, FINDINGS, LABELS, LANGUAGES, NEEDS, VARIABLES, WORDS, Kind

_ERROR = re.compile(r"ERROR: <input>:(\d+):(\d+): (.*)")
_UNDECLARED = re.compile(r"undeclared reference to '([^']*)'")
_OVERLOAD = re.compile(r"found no matching overload for '([^']*)' applied to '\((.*)\)'")
_ORDERS = ("_<_", "_<=_", "_>_", "_>=_")
_COMPARES = ("_==_", "_!=_", "@in")
_MAPS = (Kind.TEXT_BY_NAME, Kind.NUMBER_BY_NAME)
_SCORES = ("knowledge", "difficulty", "injection")
_SIGN = re.compile(r"""[A-Za-z_.]+|<>|={3,}|[=<>!]=|&{1,3}|\|{1,3}|=|"[^"]*"|'[^']*'""")
_MEANT = {
    "=": "==",
    "===": "==",
    "is": "==",
    "<>": "!=",
    "&": "&&",
    "&&&": "&&",
    "and": "&&",
    "|": "||",
    "|||": "||",
    "or": "||",
    "not": "!",
}
"""What other languages write, and what CEL does."""
_NOTHING: Mapping[tuple[int, int], Kind] = {}
_NAMES = (*VARIABLES, *(label for labels in LABELS.values() for label in labels))


Domain = tuple[str, frozenset[str]]
"""What a value of a variable is called, and which there are."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Line and column are within the condition's text, from 1."""

    line: int
    column: int
    message: str
    proposal: str


def translated(error: str) -> tuple[Fault, ...]:
    """CEL's errors in the words of a policy."""
    return tuple(_translated(error))


def faults_of(text: str, knowledge: frozenset[str]) -> tuple[Fault, ...]:
    """Every fault that can be told; none means that the condition compiles and yields a bool."""
    try:
        read = parsed(text)
    except RuntimeError as error:
        first = translated(str(error))[0]  # what follows may well follow from it
        return (_slip(text, first) or first,)
    return (*_type_faults(text, read), *_word_faults(text, read, knowledge))


@lru_cache(maxsize=256)
def parsed(text: str) -> Node:
    """The tree of a condition, whatever its types.

    Raises:
        RuntimeError: it is no CEL.
    """
    return tree(_checker().compile(text, disable_check=True).serialize())


def strangers(text: str, domains: Mapping[str, Domain]) -> tuple[Fault, ...]:
    """The texts that a condition compares with a variable of `domains`, and that are no value of it."""
    own = domains.values()
    return tuple(
        _fault(text, node, f'"{word}" is not the {what} of any caller', _quoted(word, known))
        for node, word, (what, known) in _words(parsed(text), domains, {})
        if (what, known) in own and word not in known
    )


def reads_of(node: Node) -> frozenset[str]:
    """The variables that a condition reads, a map's entry as `map.entry`."""
    return frozenset(name for name, _ in _reads(node))


def variables_of(node: Node) -> frozenset[str]:
    """The declared variables that a condition reads."""
    return frozenset(variable for name, _ in _reads(node) if (variable := _variable(name)) is not None)


def _slip(text: str, fault: Fault) -> Fault | None:
    """A sign of another language at a fault's place or before it, and what it is called in CEL."""
    line, at = text.split("\n")[fault.line - 1], fault.column - 1
    for found in _SIGN.finditer(line):
        sign = found[0].lower()
        if sign in _MEANT and (found.start() <= at < found.end() or line[found.end() : at].isspace()):
            said = f"{found[0]} is no sign of a condition"
            return Fault(fault.line, found.start() + 1, said, f"write {_MEANT[sign]}")
    return None


def _type_faults(text: str, read: Node) -> Iterator[Fault]:
    try:
        kind = _checker().compile(text).return_type()
    except RuntimeError as error:
        yield from _translated(str(error), _compared_with(text, read))
        return
    if kind != cel.Type.BOOL:
        yield Fault(1, 1, f"a condition is true or false, and this is a {_spoken(kind.name())}", "compare it")


def _compared_with(text: str, read: Node) -> dict[tuple[int, int], Kind]:
    """The axis that the name at a place is compared with."""
    compared: dict[tuple[int, int], Kind] = {}
    for node in walk(read):
        if node.kind == "call" and node.text in (*_COMPARES, *_ORDERS):
            for left, right in (node.children, node.children[::-1]):
                axis = VARIABLES.get(left.dotted)
                if axis in AXES:
                    names = right.children if right.kind == "list" else (right,)
                    compared |= {_place(text, name): axis for name in names}
    return compared


def _translated(error: str, compared: Mapping[tuple[int, int], Kind] = _NOTHING) -> Iterator[Fault]:
    found = _ERROR.findall(error)
    if not found:
        yield Fault(1, 1, *_in_our_words(error.split("\n")[0].removeprefix("INVALID_ARGUMENT: ")))
    for line, column, message in found:
        place = (int(line), int(column)) if int(column) else (1, 1)  # of the whole, it is none
        said = message.removesuffix(" [INVALID_ARGUMENT]")
        yield Fault(*place, *_in_our_words(said, compared.get(place)))


def _in_our_words(message: str, axis: Kind | None = None) -> tuple[str, str]:
    if match := _UNDECLARED.search(message):
        return _unknown_label(match.group(1), axis) if axis else _unknown_name(match.group(1))
    if match := _OVERLOAD.search(message):
        return _wrong_types(match.group(1), [kind.strip() for kind in match.group(2).split(", ")])
    if "recursion" in message:
        return "the condition is nested too deep", "take out brackets, or make two rules of it"
    if "mismatched input '<EOF>'" in message:
        return "the condition ends too early", "something is missing at its end"
    return message.partition(" expecting ")[0], "see policies/README.md for the grammar"


def _unknown_label(name: str, axis: Kind) -> tuple[str, str]:
    close = nearest(name, LABELS[axis])
    return f"{name} is not a label of {axis}", f"did you mean {close}?" if close else _labels(axis)


def _unknown_name(name: str) -> tuple[str, str]:
    below = [known for known in VARIABLES if known.startswith(name + ".")]
    if below:
        return f"{name} is not a value by itself", "known: " + ", ".join(below)
    if name in FINDINGS:
        return f"{name} is a finding, not a value", f'write "{name}" in findings'
    if name in NEEDS:
        return f"{name} is a need, not a value", f'write "{name}" in needs'
    near = nearest(name, (*_NAMES, *FINDINGS))
    if near in FINDINGS:
        return f"{name} is not a known name", f'did you mean "{near}" in findings?'
    if near is None and "." not in name:
        return (
            f"{name} is not a known name",
            f'text stands in quotes: "{name}"; names are in policies/README.md',
        )
    root = name.partition(".")[0]
    fields = [known for known in VARIABLES if known.startswith(root + ".")]
    return f"{name} is not a known name", proposal(name, fields if "." in name and fields else _NAMES)


def _wrong_types(function: str, kinds: list[str]) -> tuple[str, str]:
    sign = function.strip("_@")
    axes = [kind for kind in kinds if kind in AXES]
    if len(axes) == 2 and axes[0] != axes[1]:
        first = Kind(axes[0])
        return f"{axes[0]} is compared with a label of {axes[1]}", f"{axes[0]} is one of {_labels(first)}"
    if len(axes) == 2 and function in _ORDERS:
        return f"{axes[0]} has no order, so {sign} says nothing", "use ==, != or in"
    if axes:
        axis = Kind(axes[0])
        other = next((kind for kind in kinds if kind not in AXES), "")
        said = f"{axis} is compared with a {_spoken(other)}" if other else f"{sign} does not take {axis}"
        return said, f"labels stand without quotes: {_labels(axis)}"
    hint = "write both with a point, such as 1.0, or none" if {"int", "double"} == set(kinds) else ""
    said = f"{sign} does not take {' and '.join(map(_spoken, kinds))}"
    return said, hint or "both sides must be of one kind"


def _labels(axis: Kind) -> str:
    return ", ".join(LABELS[axis])


def _spoken(kind: str) -> str:
    names = {"string": "text", "int": "whole number", "double": "number", "bool": "true or false"}
    return names.get(kind.lower(), kind.lower())


def _reads(node: Node) -> Iterator[tuple[str, Node]]:
    """Variables read in this tree, longest name first: `knowledge.handbook`, `caller.team`, `task`."""
    name, key = node.dotted, None
    if node.kind == "call" and node.text == "_[_]" and node.children[1].kind == "text":
        name, key = node.children[0].dotted, node.children[1].text
    if node.kind == "call" and node.text == "@in" and node.children[0].kind == "text":
        key = node.children[0].text
        name = node.children[1].dotted if VARIABLES.get(node.children[1].dotted) in _MAPS else ""
    variable = _variable(name)
    if variable is not None:
        yield (f"{name}.{key}" if key is not None else name), node
        return
    for child in node.children:
        yield from _reads(child)


def _variable(name: str) -> str | None:
    """The declared variable of which this name is the whole, or an entry."""
    for variable, kind in VARIABLES.items():
        entry = name.removeprefix(variable + ".")
        if name == variable or (entry != name and kind in _MAPS):
            return variable
    return None


def _word_faults(text: str, read: Node, knowledge: frozenset[str]) -> Iterator[Fault]:
    for node, word, (what, known) in _words(read, {}, {}):
        if word not in known:
            yield _fault(text, node, f'"{word}" is not a known {what}', _quoted(word, known))
    for name, node in _reads(read):
        base = name.removeprefix("knowledge.")
        if base != name and base not in knowledge:
            yield _fault(
                text, node, f"there is no knowledge base {base}", proposal(base, knowledge, "there are")
            )
        header = name.removeprefix("request.headers.")
        if name == "request.headers":
            yield _fault(text, node, "name the header", 'write request.headers["x-team"] == "…"')
        if header != name and header != header.lower():
            yield _fault(text, node, "names of headers are in small letters", f"write {header.lower()}")
    for node in walk(read):
        yield from _pattern_faults(text, node)
        yield from _mixture_faults(text, node)
        yield from _score_faults(text, node)


def _quoted(word: str, known: frozenset[str]) -> str:
    close = nearest(word, known) or _code_of(word, known)
    return f'did you mean "{close}"?' if close else proposal(word, known)


def _code_of(word: str, known: frozenset[str]) -> str | None:
    """The code of the language that a word names."""
    codes = {name: code for code, name in LANGUAGES.items() if code in known}
    close = nearest(word, codes)
    return codes[close] if close else None


def _pattern_faults(text: str, node: Node) -> Iterator[Fault]:
    """A regular expression that does not compile would leave its condition unknown for ever."""
    if node.kind != "call" or node.text != "matches" or node.children[-1].kind != "text":
        return
    try:
        options = re2.Options()
        options.log_errors = False
        re2.compile(node.children[-1].text, options)
    except re2.error as error:
        said = error.args[0] if error.args else error
        said = said.decode() if isinstance(said, bytes) else said
        yield _fault(text, node.children[-1], f"not a regular expression: {said}", "see RE2's syntax")


def _mixture_faults(text: str, node: Node) -> Iterator[Fault]:
    """A list of mixed kinds is untyped for CEL, and would let a comparison across axes through."""
    axes = {_axis(child.dotted) for child in node.children if not child.dotted or _is_known(child.dotted)}
    if node.kind == "list" and len(axes) > 1:
        yield _fault(text, node, "a list holds things of one kind", "compare each axis by itself, with &&")
    if node.kind == "map":
        yield _fault(text, node, "a map has no place in a condition", "compare the values by themselves")


def _score_faults(text: str, node: Node) -> Iterator[Fault]:
    """A score that is held against more than there can be never gets there, or always."""
    if node.kind != "call" or node.text not in (*_COMPARES, *_ORDERS):
        return
    for left, right in (node.children, node.children[::-1]):
        scored = any(_variable(name) in _SCORES for name, _ in _reads(left))
        if scored and right.kind == "number" and not 0 <= (value := float(right.text)) <= 1:
            hint = f"write {value / 100:g}" if right.text.isdigit() and value <= 100 else ""
            yield _fault(text, right, f"scores are from 0 to 1, and this is {right.text}", hint)


def _is_known(name: str) -> bool:
    return name in VARIABLES or _axis(name) is not None


def _axis(name: str) -> Kind | None:
    kind = VARIABLES.get(name) or next((axis for axis in AXES if name in LABELS[axis]), None)
    return kind if kind in AXES else None


def _words(
    node: Node, domains: Mapping[str, Domain], texts: Mapping[str, tuple[Node, ...]]
) -> Iterator[tuple[Node, str, Domain]]:
    """Each text that is compared with one from a closed list. `domains` and `texts` are of loop variables."""
    if node.kind == "call" and node.text in _COMPARES:
        for left, right in (node.children, node.children[::-1]):
            domain = _domain(left, domains)
            if domain is not None:
                yield from ((word, word.text, domain) for word in _texts(right, texts))
    if node.kind == "loop":
        ranged = node.children[0]
        domain = _domain(ranged, domains)
        domains = {**domains, node.text: domain} if domain is not None else domains
        texts = {**texts, node.text: _texts(ranged, texts)}
    for child in node.children:
        yield from _words(child, domains, texts)


def _domain(node: Node, domains: Mapping[str, Domain]) -> Domain | None:
    if node.kind == "call" and node.text == "_[_]":
        return _domain(node.children[0], domains)
    return domains.get(node.dotted) or WORDS.get(node.dotted)


def _texts(node: Node, texts: Mapping[str, tuple[Node, ...]]) -> tuple[Node, ...]:
    if node.kind == "text":
        return (node,)
    if node.kind == "list":
        return tuple(text for child in node.children for text in _texts(child, texts))
    return texts.get(node.dotted, ()) if node.kind == "name" else ()


def _fault(text: str, node: Node, message: str, proposed: str) -> Fault:
    return Fault(*_place(text, node), message, proposed)


def _place(text: str, node: Node) -> tuple[int, int]:
    """Line and column within the condition's text, from 1."""
    before = text[: node.offset]
    return before.count("\n") + 1, node.offset - (before.rfind("\n") + 1) + 1


@lru_cache(maxsize=1)
def _checker() -> Any:
    """The environment that conditions are checked in: each axis is a type of its own, so that a
    comparison across axes does not check; ordering is declared for the two axes that have one."""
    excluded = "".join(f'  - {{name: "{name}"}}\n' for name in (*_ORDERS, "dyn", "type"))
    config = cel.NewEnvConfigFromYaml(f"stdlib:\n  exclude_functions:\n{excluded}")
    variables = {name: _type(kind) for name, kind in VARIABLES.items()}
    labels = {label: _type(axis) for axis, names in LABELS.items() for label in names}
    orders = [cel.FunctionDecl(order, _overloads(order)) for order in _ORDERS]
    return cel.NewEnv(config=config, variables={**variables, **labels}, functions=orders)


def _type(kind: Kind) -> Any:
    return cel.Type.AbstractType(kind.value) if kind in AXES else cel.Type(kind.value)


def _overloads(order: str) -> list[Any]:
    kinds = (Kind.FRESHNESS, Kind.SENSITIVITY, Kind.TEXT, Kind.WHOLE, Kind.NUMBER)
    pairs = [(kind, kind) for kind in kinds] + [(Kind.WHOLE, Kind.NUMBER), (Kind.NUMBER, Kind.WHOLE)]
    return [cel.Overload(f"{order}{a.name}_{b.name}", cel.Type.BOOL, [_type(a), _type(b)]) for a, b in pairs]
