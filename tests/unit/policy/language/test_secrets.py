from __future__ import annotations

from pathlib import Path

import pytest

from gateway.policy.language.document import Reading, Value, Wrong, compose
from gateway.policy.language.secrets import Unset, Vault, secrets_from, tells


def value(text: str) -> Value:
    root = compose("a.yaml", f"key: {text}".encode(), Reading())
    assert root is not None
    return root.pairs()[0][1]


def test_only_allow_listed_variables_of_the_environment_are_secrets() -> None:
    environment = {
        "OPENAI_API_KEY": "a",
        "POINTSMAN_SECRET_X": "b",
        "CRM_TOKEN": "c",
        "HOME": "/root",
        "GROQ_API_KEY": "",
    }
    assert secrets_from(environment) == {"OPENAI_API_KEY": "a", "POINTSMAN_SECRET_X": "b"}
    assert secrets_from(environment, ("CRM_TOKEN", "ABSENT"))["CRM_TOKEN"] == "c"
    assert secrets_from(environment, ("ABSENT",))["ABSENT"] == ""


def test_a_variable_is_put_into_its_text() -> None:
    vault = Vault({"CRM_TOKEN": "s3cret"})
    assert vault.reveal(value('"Bearer ${CRM_TOKEN}"'), Reading()) == "Bearer s3cret"


def test_a_variable_that_is_not_allow_listed_is_refused_with_the_way_to_allow_it() -> None:
    with pytest.raises(Wrong) as caught:
        Vault({}).reveal(value("${HOME}"), Reading())
    assert not isinstance(caught.value, Unset)
    assert "--secret HOME" in caught.value.proposal
    assert "POINTSMAN_SECRET_HOME" in caught.value.proposal


def test_a_misspelt_variable_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(Wrong) as caught:
        Vault({}).reveal(value("${OPENAI_APIKEY}"), Reading())
    assert "did you mean OPENAI_API_KEY?" in caught.value.proposal


def test_an_allowed_variable_that_is_not_set_says_so_and_what_to_do() -> None:
    for name, values in (("OPENAI_API_KEY", {}), ("CRM_TOKEN", {"CRM_TOKEN": ""})):
        with pytest.raises(Unset) as caught:
            Vault(values).reveal(value(f"${{{name}}}"), Reading())
        assert caught.value.message == f"{name} is not set"
        assert f"export {name}" in caught.value.proposal


def test_a_secret_file_is_read_from_the_mount_and_from_nowhere_else(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "key").write_text("s3cret\n")
    (tmp_path / "passwd").write_text("other\n")
    vault = Vault({}, tmp_path / "run")
    assert vault.reveal(value(f"file:{tmp_path}/run/key"), Reading()) == "s3cret"
    for path in (f"{tmp_path}/passwd", f"{tmp_path}/run/../passwd", "passwd"):
        with pytest.raises(Wrong, match="not where secrets are"):
            vault.reveal(value(f"file:{path}"), Reading())
    with pytest.raises(Unset, match="cannot be read"):
        vault.reveal(value(f"file:{tmp_path}/run/absent"), Reading())


def test_a_secret_in_clear_is_warned_about_and_never_shown() -> None:
    found = Reading()
    assert Vault({}).reveal(value("sk-abcdef"), found) == "sk-abcdef"
    assert list(map(str, found.warnings)) == [
        "a.yaml:1:6: a secret stands in clear; name a variable or a file under /run/secrets"
    ]


def test_a_secret_of_several_lines_is_refused_without_being_shown() -> None:
    with pytest.raises(Wrong) as caught:
        Vault({"OPENAI_API_KEY": "abc\r\nx-evil: 1"}).reveal(value("${OPENAI_API_KEY}"), Reading())
    assert "evil" not in caught.value.message + caught.value.proposal


def test_a_header_that_carries_a_secret_is_known_by_its_name() -> None:
    assert tells("Authorization")
    assert tells("X-API-Key")
    assert not tells("Accept-Language")


def test_an_assumed_secret_counts_as_set_if_a_policy_may_use_it(tmp_path: Path) -> None:
    vault = Vault({"CRM_TOKEN": ""}, tmp_path, assumed=True)
    for text in ("${OPENAI_API_KEY}", "${CRM_TOKEN}", f"file:{tmp_path}/absent"):
        assert vault.reveal(value(text), Reading())
    for text in ("${HOME}", "file:/etc/passwd"):
        with pytest.raises(Wrong):
            vault.reveal(value(text), Reading())
