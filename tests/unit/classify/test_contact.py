"""What leads to a person."""

import pytest

from gateway.classify import contact
from gateway.classify.detect import Detector

FIND = Detector(contact.RULES).find


@pytest.mark.parametrize(
    ("text", "entity"),
    [
        ("write to leila.h@mail.example", "email"),
        ("81.2.69.160 logged in at 03:12", "ip_address"),
        ("host 2a02:8108:8ac0:1::2a is down", "ip_address"),
        ("00:1B:44:11:3A:B7 is blocked", "mac_address"),
        ("she lives at 14 Elm Tree Avenue now", "street_address"),
        ("Lieferung an Lindenweg 4 in Kassel", "street_address"),
        ("12 rue de la Paix, Paris", "street_address"),
        ("vive en la Calle Mayor 12", "street_address"),
        ("DOB 3/3/1941, book the scan", "date_of_birth"),
        ("geboren am 4. Mai 1980", "date_of_birth"),
        ("Owen Hughes, 54 years old", "age_with_name"),
        ("my name is Greta Lindqvist", "person"),
    ],
)
def test_contact_data_is_found(text: str, entity: str) -> None:
    assert [found.entity for found in FIND(text)] == [entity]


@pytest.mark.parametrize(
    "text",
    [
        "git clone git@github.com:x/y",
        "mail support@shop.example",
        "listen on 127.0.0.1 or 10.0.0.4",
        "ff:ff:ff:ff:ff:ff",
        "std::vector<int> a; b::c()",
        "at 12:30:45 sharp",
        "(born 4 May 1931) was a painter",
        "What is the return policy?",
    ],
)
def test_roles_machines_and_encyclopaedias_are_not_persons(text: str) -> None:
    assert FIND(text) == ()
