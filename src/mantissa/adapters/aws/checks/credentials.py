"""The secrets of the destinations: there, and readable; no value is ever told."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from mantissa.adapters.aws.checks.keys import Keys
from mantissa.adapters.aws.checks.look import look, reading
from mantissa.adapters.aws.secrets import SecretsManager
from mantissa.model import Check

if TYPE_CHECKING:
    from types_boto3_secretsmanager.client import SecretsManagerClient


class Credentials:
    """Looks at secrets.

    Args:
        store: reads them as delivery does.
        prefix: goes before each name that does not have it.
    """

    def __init__(
        self, client: SecretsManagerClient, store: SecretsManager, prefix: str, keys: Keys
    ) -> None:
        self._client = client
        self._store = store
        self._prefix = prefix
        self._keys = keys

    def checks(self, destination: str, secret: str) -> Iterator[Check]:
        """Look at the secret of one destination."""
        name = f"secret of {destination}"
        return look(name, partial(self._readable, secret), [partial(self._key, secret)])

    def _readable(self, secret: str) -> str:
        self._store.get(secret, fresh=True)
        return f"{secret} can be read"

    def _key(self, secret: str) -> str:
        name = secret if secret.startswith((self._prefix, "arn:")) else self._prefix + secret
        with reading("secretsmanager:DescribeSecret", name):
            found = self._client.describe_secret(SecretId=name)
        return self._keys.note(found.get("KmsKeyId"), f"secret {secret}")
