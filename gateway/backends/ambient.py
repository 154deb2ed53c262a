"""What a library that looks for credentials by itself may find around it: what the operator's flags allow."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Collection, Iterable, MutableMapping
from typing import Final

from gateway.policy.language.secrets import may_be_read
from gateway.reach import Reach

_log = logging.getLogger("pointsman.backends")

# A name that tells of a credential, and the clouds' own names, which also say where to ask for one.
_TELLS: Final = re.compile(
    "KEY|TOKEN|SECRET|PASSW|PASSPHRASE|PWD$|CREDENTIAL|AUTH(?!OR)|JWT|LICENSE|DSN$|COOKIE|HEADERS$|CLIENT_CERT"
    "|^(AWS|AZURE|GOOGLE|GCP|GCE|GCS|CLOUDSDK|OCI|IDENTITY|MSI|ACTIONS|CIRCLE)_"
)
# Of those names, what says where something is and not who asks.
_SETTING: Final = re.compile(
    "^(OLD)?PWD$|(REGION|REGION_NAME|LOCATION|PROJECT|API_BASE|API_VERSION|API_TYPE|CA_BUNDLE|METADATA_DISABLED)$"
)
# Where the clouds' code and litellm's own look for a login that a person has left on the machine.
_LOGINS: Final = (
    *("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE", "BOTO_CONFIG", "CLOUDSDK_CONFIG"),
    *("DATABRICKS_CONFIG_FILE", "AICORE_HOME"),
    *("GITHUB_COPILOT_TOKEN_DIR", "CHATGPT_TOKEN_DIR", "XAI_OAUTH_TOKEN_DIR"),
)
# What keeps boto3, google-auth and azure-identity from asking the machine's metadata service.
_NO_METADATA: Final = {
    "AWS_EC2_METADATA_DISABLED": "true",
    "NO_GCE_CHECK": "true",
    "AZURE_TOKEN_CREDENTIALS": "EnvironmentCredential",
}
_METADATA: Final = "169.254.169.254"


def fence(environment: MutableMapping[str, str], named: Collection[str], reach: Reach) -> None:
    """Takes out of an environment what a policy may not use; says which names, never what they hold.

    `named` are the variables of `--secret`: each stays as it is, also where it is not set and so leaves a
    library's default in place. The metadata service may be asked where `reach` has its very address.
    """
    gone = withheld(environment, named)
    for name in gone:
        environment.pop(name, None)  # another model's start may have taken it
    for name in _LOGINS:
        if name not in named:
            environment[name] = os.devnull
    if reach.fault(_METADATA, _METADATA) is not None:
        environment.update(_NO_METADATA)
    if gone:
        _log.info("Kept from litellm: %s. `--secret NAME` lets a policy use one.", ", ".join(gone))


def withheld(names: Iterable[str], named: Collection[str]) -> list[str]:
    """Those of an environment's names that look like a credential's and that no policy may use, sorted."""
    kept = {*named, *_LOGINS, *_NO_METADATA}
    return sorted(name for name in names if name not in kept and not may_be_read(name) and _tells(name))


def _tells(name: str) -> bool:
    upper = name.upper()
    return _TELLS.search(upper) is not None and _SETTING.search(upper) is None
