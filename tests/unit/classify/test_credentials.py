"""Credentials are found by shape or by what stands before them; talk about credentials is not."""

import base64
import json

import pytest

from gateway.classify import credentials
from gateway.classify.detect import Detector

FIND = Detector(credentials.RULES).find
BODY = "q8Zk3LmQp0Vn7Xw2RtYbE5sUa9Df4Gh6"  # made up; keys are put together here so that no scanner stumbles
JWT_HEAD = base64.urlsafe_b64encode(json.dumps({"alg": "HS256", "typ": "JWT"}).encode()).decode().rstrip("=")


def entities(text: str) -> set[str]:
    return {found.entity for found in FIND(text)}


@pytest.mark.parametrize(
    "key",
    [
        "sk-" + "proj-" + BODY,
        "sk-" + "ant-" + "api03-" + BODY,
        "sk-" + BODY,
        "AK" + "IA" + "J5Q2RW7XN3LM4K6T",
        "gh" + "p_" + BODY + "a1b2",
        "github" + "_pat_" + BODY,
        "gl" + "pat-" + BODY[:20],
        "AI" + "za" + BODY + "x_1",
        "sk" + "_live_" + BODY[:24],
        "rk" + "_live_" + BODY[:24],
        "S" + "K" + "0123456789abcdef0123456789abcdef",
        "S" + "G." + BODY[:22] + "." + BODY,
        "np" + "m_" + BODY + "abcd",
        "h" + "f_" + BODY + "ab",
    ],
)
def test_keys_are_known_by_their_published_shapes(key: str) -> None:
    assert entities(f"why does {key} give 401?") == {"api_key"}


def test_tokens_are_known_by_their_published_shapes() -> None:
    assert entities("slack says xo" + "xb-1234567890-" + BODY[:20]) == {"access_token"}
    assert entities(f"Authorization: Bearer {BODY}") == {"access_token"}


def test_a_key_of_one_letter_is_a_stand_in() -> None:
    assert entities("use sk-" + "x" * 32) == set()


def test_a_jwt_is_one_if_its_header_says_so() -> None:
    assert entities(f"{JWT_HEAD}.eyJzdWIiOiIxIn0.c2lnbmF0dXJl") == {"jwt"}
    assert entities("eyJub3QgYSBoZWFkZXI.eyJzdWIiOiIxIn0.c2lnbmF0dXJl") == set()


def test_a_private_key_needs_its_body() -> None:
    begin = "-----BEGIN " + "RSA PRIVATE KEY-----"

    assert entities(f"{begin}\nMIIEow{BODY}\n-----END RSA PRIVATE KEY-----") == {"private_key"}
    assert entities(f"what does {begin} mean?") == set()


@pytest.mark.parametrize(
    ("text", "entity"),
    [
        ("postgres://app:Tr0ub4dor@db.example:5432/sales", "connection_string"),
        ("DB_PASSWORD=hunter42!Blue", "password"),
        ("spring.datasource.password: kartoffel-8841", "password"),
        ('smtp_pass = "Lavendel#55"', "password"),
        ("my password is hunter2", "password"),
        ("das Passwort ist Gurke-Lampe-92", "password"),
        ("le mot de passe est Citron2020", "password"),
        ("contraseña: MielDeAbril7", "password"),
        ("密码是 qiutian888", "password"),
        ("user marta pw Fietsbel!19 please", "password"),
        ("curl -u admin:S3cure#Pass https://x.example", "password"),
        ("the PIN for my card is 4471", "password"),
        ("aws_secret_access_key = wJalrXUtnFEMIK7MDENGbPxRfiCY3kQ9", "high_entropy"),
        ('"X-Api-Key": "7d1f0a93c2b84e56"', "api_key"),
    ],
)
def test_passwords_are_found_by_what_stands_before_them(text: str, entity: str) -> None:
    assert entities(text) == {entity}


@pytest.mark.parametrize(
    "text",
    [
        "I forgot my password, how do I reset it?",
        "my password is too weak",
        "password: must have eight characters",
        "DB_PASSWORD=<your-password-here>",
        'api_key: "${STRIPE_KEY}" is not interpolated',
        "const token = process.env.GITHUB_TOKEN;",
        "def check(user: str, password: str) -> bool:",
        "postgres://user:password@host:5432/db",
        "PASSWORD_MIN_LENGTH = 12",
        "password: ******** shows in the log",
        "the secret to a good risotto?",
        "a commit 9f1c3ab2d4e5f60718293a4b5c6d7e8f90a1b2c3 broke the build",
    ],
)
def test_talk_about_credentials_is_no_credential(text: str) -> None:
    assert entities(text) == set()


def test_the_span_is_the_secret_itself() -> None:
    text = "é my password is hunter2."
    (found,) = FIND(text)

    assert text[found.start : found.end] == "hunter2"
