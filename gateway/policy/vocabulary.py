"""The names that a condition may use: variables with their types, labels, findings and needs."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from gateway.types import Freshness, Label, Task


class Kind(StrEnum):
    """The type of a variable; the first three are the axes, each comparable only with its own labels."""

    TASK = "task"
    FRESHNESS = "freshness"
    SENSITIVITY = "sensitivity"
    TEXT = "string"
    WHOLE = "int"
    NUMBER = "double"
    FLAG = "bool"
    TEXTS = "list<string>"
    TEXT_BY_NAME = "map<string, string>"
    NUMBER_BY_NAME = "map<string, double>"


AXES = (Kind.TASK, Kind.FRESHNESS, Kind.SENSITIVITY)

VARIABLES: Mapping[str, Kind] = MappingProxyType(
    {
        "task": Kind.TASK,
        "freshness": Kind.FRESHNESS,
        "sensitivity": Kind.SENSITIVITY,
        "findings": Kind.TEXTS,
        "language": Kind.TEXT,
        "input_tokens": Kind.WHOLE,
        "difficulty": Kind.NUMBER,
        "injection": Kind.NUMBER,
        "needs": Kind.TEXTS,
        "knowledge": Kind.NUMBER_BY_NAME,
        "caller.name": Kind.TEXT,
        "caller.team": Kind.TEXT,
        "caller.label": Kind.SENSITIVITY,
        "caller.clearance": Kind.SENSITIVITY,
        "caller.admin": Kind.FLAG,
        "request.model": Kind.TEXT,
        "request.stream": Kind.FLAG,
        "request.needs": Kind.TEXTS,
        "request.metadata": Kind.TEXT_BY_NAME,
        "request.headers": Kind.TEXT_BY_NAME,
    }
)

LABELS: Mapping[Kind, Mapping[str, str | int]] = MappingProxyType(
    {
        Kind.TASK: {task.value: task.value for task in Task},
        Kind.FRESHNESS: {freshness.word: int(freshness) for freshness in Freshness},
        Kind.SENSITIVITY: {label.word: int(label) for label in Label},
    }
)
"""Every label, by axis, and the value that stands for it when a condition runs."""

CLASSES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "credential": (
            "private_key",
            "api_key",
            "access_token",
            "jwt",
            "password",
            "connection_string",
            "high_entropy",
        ),
        "payment": ("payment_card",),
        "national_id": ("ssn", "tax_id", "passport", "id_card", "driver_licence"),
        "health_id": ("medical_record", "insurance_number"),
        "account": ("iban", "bank_account", "crypto_wallet"),
        "contact": ("email", "phone", "street_address", "ip_address", "mac_address"),
        "identity": ("person", "date_of_birth", "age_with_name"),
        "topic": ("health", "finance", "legal", "employment"),
    }
)
"""The closed table of findings: class → entities."""

UNPLACED = frozenset(CLASSES["topic"])
"""Entities that are found of a whole message and at no place in it, so that a mask has nothing to replace."""

INTRODUCED = frozenset({"person"})
"""Entities that are found only where words introduce them, such as "my name is": most others go unseen."""

FINDINGS = frozenset(CLASSES) | frozenset(entity for entities in CLASSES.values() for entity in entities)
LANGUAGES: Mapping[str, str] = MappingProxyType(
    {
        "ar": "Arabic",
        "bn": "Bengali",
        "cs": "Czech",
        "da": "Danish",
        "de": "German",
        "el": "Greek",
        "en": "English",
        "es": "Spanish",
        "fa": "Persian",
        "fi": "Finnish",
        "fr": "French",
        "he": "Hebrew",
        "hi": "Hindi",
        "hu": "Hungarian",
        "id": "Indonesian",
        "it": "Italian",
        "ja": "Japanese",
        "ko": "Korean",
        "nl": "Dutch",
        "no": "Norwegian",
        "pl": "Polish",
        "pt": "Portuguese",
        "ro": "Romanian",
        "ru": "Russian",
        "sv": "Swedish",
        "ta": "Tamil",
        "th": "Thai",
        "tr": "Turkish",
        "uk": "Ukrainian",
        "vi": "Vietnamese",
        "zh": "Chinese",
    }
)
"""The languages that are told apart, by their ISO 639-1 codes, with their names in English."""

NEEDS = frozenset({"tools", "vision", "audio", "json_schema", "logprobs"})

EVALUATORS = (
    "feedback",
    "judge",
    "grounded",
    "valid_json",
    "label_valid",
    "tool_success",
    "refusal",
    "truncated",
    "agreement",
)
"""What can score an answer."""

RETRIED = ("408", "409", "429", "500", "502", "503", "504", "reset", "timeout", "broken")
"""The failures after which a call may be repeated: statuses, a connection that broke or could not be made,
and, on another deployment of the model only, silence and an answer that broke off before its first word."""

FALLEN_OVER: Mapping[str, str] = MappingProxyType(
    {
        "rate_limited": "rate_limit_exceeded",
        "overloaded": "provider_overloaded",
        "unavailable": "provider_unavailable",
        "circuit_open": "provider_circuit_open",
        "timeout": "provider_timeout",
        "broken": "provider_stream_broken",
        "authentication": "provider_authentication",
        "context_length": "context_length_exceeded",
        "abstained": "model_abstained",
    }
)
"""The failures after which the next model may be asked, and the codes of their errors."""

WORDS: Mapping[str, tuple[str, frozenset[str]]] = MappingProxyType(
    {
        "findings": ("finding", FINDINGS),
        "language": ("language", frozenset(LANGUAGES)),
        "needs": ("need", NEEDS),
        "request.needs": ("need", NEEDS),
    }
)
"""Variables whose strings come from a closed list: what one of them is called, and the list."""
