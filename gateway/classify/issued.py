"""Rules for tokens of a known shape, and for those that their issuer's name beside them gives away."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Final

from gateway.classify.rule import Check, Hit, Match, Rule, caught, looks_random
from gateway.classify.tokens import ACCESS_TOKENS, API_KEYS, INSIDE, Row

BEFORE: Final = r"(?:^|[^A-Za-z0-9])"
_ESCAPED: Final = r"(?:^|[^A-Za-z0-9]|%[0-9A-F]{2}|\\[nrt])"
_STAND_IN: Final = re.compile(r"(?i)your|x{4}|example|placeholder|redacted|dummy|fake|insert|([a-z0-9])\1{7}")
_AWS: Final = re.compile(r"A[KSBC][IC]A[A-Z2-7]{16}")
_WORDS: Final = re.compile(r"[a-z]+(?:[_.-](?:[a-z]{2,}|[a-z]?\d{1,4}))+")
_ISSUERS: Final = (
    r"(?:okta|datadog|algolia|cloudflare|twilio|heroku|mailgun|fastly|pagerduty|opsgenie|jira|confluence"
    r"|asana"
    r"|trello|zendesk|freshdesk|hubspot|segment|mixpanel|amplitude|new ?relic|splunk|elastic|logz|sumo ?logic"
    r"|circleci|travis|jenkins|codecov|snyk|sonar|cohere|mistral|deepgram|assembly ?ai|stability|together"
    r"|ai21|voyage|gemini|azure|openai|aws|alibaba|digitalocean|vultr|linode|hetzner|ovh|gandi|godaddy|n"
    r"amecheap"
    r"|paypal|adyen|mollie|binance|coinbase|kraken|etherscan|infura|alchemy|moralis|mapbox|here maps|wea"
    r"therapi"
    r"|openweather|spotify|twitter|linkedin|facebook|instagram|tiktok|dropbox|box|zoom|webex|vonage|nexm"
    r"o|plivo"
    r"|sinch|sendinblue|postmark|sparkpost|contentful|sanity|strapi|storyblok|shopify|bigcommerce|woocom"
    r"merce)"
)


def is_stand_in(token: str) -> bool:
    """Whether it is a token's picture in a manual."""
    return len(set(token)) < 9 or _STAND_IN.search(token) is not None or _WORDS.fullmatch(token) is not None


def key(entity: str) -> Check:
    """What has a token's shape, is not one letter over and over, and ends where the shape ends."""

    def check(match: Match) -> Iterator[Hit]:
        token = caught(match)
        after = match.string[match.end(1) : match.end(1) + 1]
        telling = (
            any(map(str.isdigit, token)) or _AWS.fullmatch(token) or not (token.islower() or token.isupper())
        )
        if telling and not after.isalnum() and not is_stand_in(token):
            yield Hit(entity, match.start(1), match.end(1), 0.98)

    return check


def _beside(match: Match) -> Iterator[Hit]:
    token = caught(match)
    if looks_random(token) and not is_stand_in(token):
        yield Hit("api_key", match.start(1), match.end(1), 0.8)


def _prefixed(entity: str, rows: Sequence[Row]) -> Rule:
    begins = "|".join(sorted({begin for _, begin, _ in rows}))
    shapes = "|".join(f"{begin}{rest}" for _, begin, rest in rows)
    return Rule(rf"{BEFORE}(?:{begins})[\w/+.-]{{6}}", f"{_ESCAPED}({shapes})", key(entity))


def _inside(row: Row) -> Rule:
    name, telling, whole = row
    return Rule(telling, f"{BEFORE}({whole})", key("access_token" if "bot" in name else "api_key"))


RULES: Final = tuple(
    chain(
        (_prefixed("api_key", API_KEYS), _prefixed("access_token", ACCESS_TOKENS)),
        map(_inside, INSIDE),
        (
            Rule(
                r"(?i)" + _ISSUERS + r"[ _-](?:\w{1,12}[ _-])?(?:key|token|secret)s?",
                r"(?i)\b" + _ISSUERS + r"[ _-](?:\w{1,12}[ _-])?(?:key|token|secret)s?\b[^\n]{0,24}?[^\w/.-]"
                r"([\w-]{24,80})(?:$|[^\w/.@-])",
                _beside,
            ),
            Rule(r"(?i)bearer [\w.~+/=-]{8}", r"(?i)\bbearer ([A-Za-z0-9._~+/=-]{16,})", key("access_token")),
        ),
    )
)
