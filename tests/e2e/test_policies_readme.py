"""What policies/README.md shows is what happens: its commands are run, its tables are the definitions'."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from gateway.policy.vocabulary import LABELS, VARIABLES
from tests.policy_page import PAGE, rewritten
from tests.running import COMMAND

ROOT = Path(__file__).parents[2]
TEXT = PAGE.read_text()
BLOCKS = re.compile(r"^ *```(\w+)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
SHOWN = re.compile(r"^\$ (?P<command>.+)\n(?P<output>(?:(?!\$ ).*\n)*)", re.MULTILINE)


def blocks(language: str) -> list[str]:
    return [text for kind, text in BLOCKS.findall(TEXT) if kind == language]


@pytest.mark.timeout(600)  # a command takes some three seconds, and there are many
def test_every_command_of_the_page_says_what_the_page_shows(tmp_path: Path) -> None:
    """In order and in one folder, as a reader would type them; `…` stands for anything."""
    shutil.copytree(ROOT / "policies", tmp_path / "policies")
    shown = [match for block in blocks("console") for match in SHOWN.finditer(block)]
    assert len(shown) > 10
    for match in shown:
        said, wanted = run(match["command"], tmp_path), pattern(match["output"])
        assert re.fullmatch(wanted, said, re.DOTALL), f"$ {match['command']}\n{said}"


def run(command: str, folder: Path) -> str:
    keep = {"HOME": os.environ["HOME"], "LANG": "C.UTF-8", "COLUMNS": "80"}
    environment = keep | {"PATH": f"{COMMAND.parent}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return "".join(f"{line.rstrip()}\n" for line in done.stdout.splitlines())


def pattern(output: str) -> str:
    """A line of `…` alone stands for any lines, `…` in a line for anything in it."""
    lines = [
        r"(?:.*\n)?" if line == "…" else re.escape(line).replace("…", r"[^\n]*") + "\n"
        for line in output.rstrip().splitlines()
    ]
    return "".join(lines) + r"\n?"


def test_the_tables_of_keys_are_those_of_the_definitions() -> None:
    assert rewritten(TEXT) == TEXT, "python -m tests.policy_page writes them"


def test_every_name_of_a_condition_is_on_the_page() -> None:
    for name in VARIABLES:
        head, _, rest = name.partition(".")
        assert f"`{head}`" in TEXT or f"`{head}." in TEXT
        assert not rest or f"`{rest}" in TEXT
    for words in LABELS.values():
        assert all(f"`{word}`" in TEXT for word in words)


def test_every_link_of_the_page_leads_somewhere() -> None:
    headings = {
        re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        for heading in re.findall(r"^#+ (.+)$", TEXT, re.MULTILINE)
    }
    for target in re.findall(r"\]\(([^)]+)\)", TEXT):
        if target.startswith("#"):
            assert target.removeprefix("#") in headings
        elif not target.startswith("http"):
            assert (PAGE.parent / target).exists()


@pytest.mark.parametrize("block", blocks("yaml"), ids=range(len(blocks("yaml"))))
def test_the_yaml_of_the_page_is_yaml(block: str) -> None:
    assert isinstance(yaml.safe_load(block), dict)


def test_hooks_run_whatever_has_changed_as_pre_commit_names_no_file_that_went_and_a_document_is_no_yaml() -> (
    None
):
    shown = [repo for block in blocks("yaml") for repo in yaml.safe_load(block).get("repos", ())]
    own = [hook for repo in shown if repo["repo"] == "local" for hook in repo["hooks"]]
    hooks = [*own, *yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())]
    assert len(hooks) == 4
    for hook in hooks:
        assert (hook["always_run"], hook["pass_filenames"]) == (True, False)
        assert not {"files", "types"} & set(hook)


def test_the_hooks_are_those_that_the_page_names() -> None:
    hooks: list[dict[str, Any]] = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    assert {hook["id"] for hook in hooks} == set(re.findall(r"- id: (pointsman-\S+)", TEXT))
    for hook in hooks:
        command = hook["entry"].split()
        asked = subprocess.run(
            [str(COMMAND), *command[1:3], "--help"], capture_output=True, text=True, check=True
        )
        for option in command[3:]:
            assert option in asked.stdout
