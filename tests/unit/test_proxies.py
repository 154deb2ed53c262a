"""What the environment says of proxies."""

from __future__ import annotations

import pytest

from gateway.proxies import Proxies, Proxy

HERE = "http://proxy.example:3128"
THERE = Proxy("proxy.example", 3128)


def toward(host: str, *, tls: bool = True, port: int = 443, **environment: str) -> Proxy | None:
    return Proxies.of(environment).toward(tls, host, port)


def test_each_scheme_has_its_own_and_all_have_one() -> None:
    assert toward("api.example", HTTPS_PROXY=HERE) == THERE
    assert toward("api.example", tls=False, HTTPS_PROXY=HERE) is None
    assert toward("api.example", tls=False, ALL_PROXY=HERE) == THERE
    assert toward("api.example") is None


def test_small_letters_go_before_and_may_take_it_away() -> None:
    assert toward("api.example", HTTPS_PROXY=HERE, https_proxy="http://other:1") == Proxy("other", 1)
    assert toward("api.example", HTTPS_PROXY=HERE, https_proxy="") is None


def test_a_header_of_a_web_servers_client_is_no_proxy() -> None:
    assert toward("api.example", tls=False, HTTP_PROXY=HERE, REQUEST_METHOD="GET") is None
    assert toward("api.example", tls=False, http_proxy=HERE, REQUEST_METHOD="GET") == THERE


@pytest.mark.parametrize(
    ("entry", "host", "port", "direct"),
    [
        ("*", "api.example", 443, True),
        ("example", "api.example", 443, True),
        (".example", "api.example", 443, True),
        ("*.example", "api.example", 443, True),
        ("pi.example", "api.example", 443, False),
        ("api.example:443", "api.example", 443, True),
        ("api.example:444", "api.example", 443, False),
        ("10.0.0.0/8", "10.1.2.3", 443, True),
        ("10.1.2.3", "10.1.2.3", 443, True),
        ("11.0.0.0/8", "10.1.2.3", 443, False),
        ("[fd00::1]:443", "fd00::1", 443, True),
        ("fd00::/8", "fd00::1", 443, True),
        ("a, ,example", "api.example", 443, True),
    ],
)
def test_what_no_proxy_names_is_asked_directly(entry: str, host: str, port: int, direct: bool) -> None:
    assert (toward(host, port=port, HTTPS_PROXY=HERE, NO_PROXY=entry) is None) is direct


@pytest.mark.parametrize("host", ["localhost", "a.localhost", "127.0.0.1", "127.8.8.8", "::1"])
def test_this_machine_is_asked_directly(host: str) -> None:
    assert toward(host, ALL_PROXY=HERE) is None


def test_credentials_are_sent_and_never_shown() -> None:
    proxy = toward("api.example", HTTPS_PROXY="http://us%40er:s3cret@proxy.example:3128")
    assert proxy is not None
    assert proxy.authorization == b"Basic dXNAZXI6czNjcmV0"
    assert "dXNA" not in repr(proxy)


@pytest.mark.parametrize("url", ["socks5://p:1", "https://p:1", "http://", "http://p:port", "a b"])
def test_what_is_no_proxy_is_told_by_its_variable_alone(url: str) -> None:
    with pytest.raises(ValueError, match="HTTPS_PROXY is no URL of an HTTP proxy") as caught:
        toward("api.example", HTTPS_PROXY=url.replace("//", "//u:s3cret@"))
    assert "s3cret" not in str(caught.value)
