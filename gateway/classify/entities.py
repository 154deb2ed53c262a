"""The closed table of what can be found in a text: entity → class → label."""

from __future__ import annotations

from typing import Final

from gateway.types import Finding, Label

_CLASSES: Final[dict[str, tuple[Label, tuple[str, ...]]]] = {
    "credential": (
        Label.RESTRICTED,
        (
            "private_key",
            "api_key",
            "access_token",
            "jwt",
            "password",
            "connection_string",
            "high_entropy",
        ),
    ),
    "payment": (Label.RESTRICTED, ("payment_card",)),
    "national_id": (Label.RESTRICTED, ("ssn", "tax_id", "passport", "id_card", "driver_licence")),
    "health_id": (Label.RESTRICTED, ("medical_record", "insurance_number")),
    "account": (Label.CONFIDENTIAL, ("iban", "bank_account", "crypto_wallet")),
    "contact": (Label.CONFIDENTIAL, ("email", "phone", "street_address", "ip_address", "mac_address")),
    "identity": (Label.CONFIDENTIAL, ("person", "date_of_birth", "age_with_name")),
    "topic": (Label.CONFIDENTIAL, ("health", "finance", "legal", "employment")),
}

CLASS_OF: Final = {entity: name for name, (_, entities) in _CLASSES.items() for entity in entities}
LABEL_OF: Final = {entity: label for label, entities in _CLASSES.values() for entity in entities}


def finding(entity: str, message: int, start: int, end: int, confidence: float) -> Finding:
    """A record of `entity`, its class and label filled in from the table."""
    return Finding(entity, CLASS_OF[entity], LABEL_OF[entity], message, start, end, confidence)
