"""What litellm may find around it."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator

import pytest

from gateway.backends.ambient import fence, withheld
from gateway.reach import Reach

SETTINGS = {
    *("PATH", "HOME", "LANG", "HTTPS_PROXY", "SSL_CERT_FILE", "AIOHTTP_SO_KEEPALIVE", "GIT_AUTHOR_NAME"),
    *("PWD", "OLDPWD"),
}
REGIONS = {
    "AWS_DEFAULT_REGION",
    "AZURE_API_VERSION",
    "VERTEXAI_PROJECT",
    "GOOGLE_CLOUD_PROJECT",
    "AWS_CA_BUNDLE",
}
USABLE = {"OPENAI_API_KEY", "AZURE_API_KEY", "POINTSMAN_SECRET_CRM"}
CREDENTIALS = {
    *("DEEPINFRA_API_KEY", "AIMLAPI_KEY", "WATSONX_APIKEY", "WATSONX_ZENAPIKEY", "HF_TOKEN", "SNOWFLAKE_JWT"),
    *(
        "ANTHROPIC_AUTH_TOKEN",
        "SLACK_API_SECRET",
        "REDIS_PASSWORD",
        "MYSQL_PWD",
        "GIGACHAT_CREDENTIALS",
        "SENTRY_DSN",
    ),
    *("VERTEXAI_CREDENTIALS", "OTEL_EXPORTER_OTLP_HEADERS", "my_token", "LITELLM_LICENSE"),
}
CLOUDS = {
    *("AWS_ACCESS_KEY_ID", "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE"),
    *("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_EC2_METADATA_SERVICE_ENDPOINT", "AZURE_CLIENT_ID"),
    *("AZURE_USERNAME", "IDENTITY_ENDPOINT", "MSI_ENDPOINT", "GOOGLE_APPLICATION_CREDENTIALS"),
    *("GCE_METADATA_HOST", "OCI_USER", "ACTIONS_ID_TOKEN_REQUEST_URL"),
}


def test_what_looks_like_a_credential_is_withheld_unless_a_policy_may_use_it() -> None:
    names = SETTINGS | REGIONS | USABLE | CREDENTIALS | CLOUDS
    assert set(withheld(names, ())) == CREDENTIALS | CLOUDS
    assert withheld(names, CREDENTIALS | CLOUDS) == []


def test_it_is_gone_and_its_name_alone_is_told(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    environment = {"HF_TOKEN": "hf_secret", "CORP_TOKEN": "named", "PATH": "/bin"}
    fence(environment, ["CORP_TOKEN"], Reach())
    assert "HF_TOKEN" not in environment
    assert (environment["CORP_TOKEN"], environment["PATH"]) == ("named", "/bin")
    assert "HF_TOKEN" in caplog.text
    assert "--secret NAME" in caplog.text
    assert "hf_secret" not in caplog.text
    caplog.clear()
    fence(environment, ["CORP_TOKEN"], Reach())
    assert caplog.text == ""


class Emptied(dict[str, str]):
    """What another thread has emptied since its names were looked at."""

    def __iter__(self) -> Iterator[str]:
        return iter(["HF_TOKEN"])


def test_two_models_may_start_at_once() -> None:
    environment = Emptied()
    fence(environment, (), Reach())
    assert "HF_TOKEN" not in environment


def test_a_persons_login_on_the_machine_is_not_found_unless_a_flag_names_where_it_is() -> None:
    environment = {"AWS_CONFIG_FILE": "/home/anna/.aws/config"}
    fence(environment, ["AWS_SHARED_CREDENTIALS_FILE"], Reach())
    assert environment["AWS_CONFIG_FILE"] == environment["CLOUDSDK_CONFIG"] == os.devnull
    assert "AWS_SHARED_CREDENTIALS_FILE" not in environment


@pytest.mark.parametrize(
    ("reach", "asked"),
    [((), False), (("*",), False), (("169.254.0.0/16",), False), (("169.254.169.254",), True)],
)
def test_the_metadata_service_is_asked_where_its_own_address_is_allowed(
    reach: tuple[str, ...], asked: bool
) -> None:
    environment: dict[str, str] = {}
    fence(environment, (), Reach.of(reach))
    assert environment.get("AWS_EC2_METADATA_DISABLED") == (None if asked else "true")
    assert environment.get("NO_GCE_CHECK") == (None if asked else "true")
