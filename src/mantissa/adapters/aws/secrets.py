"""Credentials from Secrets Manager: under one prefix, remembered for minutes.

A secret is plain text, or JSON with one text in it (`{"url": "…"}`) as consoles and rotation
functions write it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import orjson
from botocore.exceptions import BotoCoreError, ClientError

from mantissa.adapters.aws.errors import code_of, translated
from mantissa.adapters.secret_cache import MAX_AGE, SecretCache
from mantissa.errors import AccessDenied, ConfigError, MantissaError
from mantissa.model import Secret
from mantissa.ports import Clock

if TYPE_CHECKING:
    from types_boto3_secretsmanager.client import SecretsManagerClient

READ = "secretsmanager:GetSecretValue"
MEMBERS = ("url", "value", "token", "key", "secret", "password")
"""Members of a JSON secret, the first that is there is the credential."""
_MISSING = "ResourceNotFoundException"
_DELETED = "InvalidRequestException"
_MISNAMED = frozenset({"ValidationException", "InvalidParameterException"})


class SecretsManager:
    """The secret store of one deployment.

    Args:
        prefix: goes before each name that does not have it; an ARN is taken as it is.
        max_age: how long a value is used without looking again.
    """

    def __init__(
        self,
        client: SecretsManagerClient,
        prefix: str,
        clock: Clock,
        *,
        max_age: timedelta = MAX_AGE,
    ) -> None:
        self._client = client
        self._prefix = prefix
        self._cache = SecretCache(clock, max_age)

    def get(self, name: str, *, fresh: bool = False) -> Secret:
        """Return a secret; `fresh` looks again whatever the cache holds.

        Raises:
            ConfigError: naming the secret and what to do; never any value.
            StoreTransient: when asking again may help.
        """
        return self._cache.get(name, self._read, fresh=fresh)

    def _id(self, name: str) -> str:
        return name if name.startswith((self._prefix, "arn:")) else self._prefix + name

    def _read(self, short: str) -> Secret:
        name = self._id(short)
        try:
            answer = self._client.get_secret_value(SecretId=name, VersionStage="AWSCURRENT")
        except ClientError as error:
            raise _refused(error, name) from error
        except BotoCoreError as error:
            raise translated(error, READ, name) from error
        value = _credential(answer.get("SecretString", ""), name)
        if not value:
            raise ConfigError(f"the secret '{name}' is empty", fix=_put(name))
        return Secret(value)


def _refused(error: ClientError, name: str) -> MantissaError:
    if code_of(error) == _MISSING:
        return ConfigError(f"there is no secret '{name}', or it has no value", fix=_put(name))
    if code_of(error) == _DELETED:
        fix = f"aws secretsmanager restore-secret --secret-id {name}"
        return ConfigError(f"the secret '{name}' is being deleted", fix=fix)
    if code_of(error) in _MISNAMED:
        fix = "use letters, digits and / _ + = . @ - only"
        return ConfigError(f"'{name}' cannot name a secret", fix=fix)
    told = translated(error, READ, name)
    if isinstance(told, AccessDenied):
        return ConfigError(f"the secret '{name}' may not be read: {told.message}", fix=told.fix)
    return told


def _credential(text: str, name: str) -> str:
    """Return the credential in a secret's text: all of it, unless it is a JSON object."""
    if not text.lstrip().startswith("{"):
        return text.strip()
    try:
        members: dict[str, Any] = orjson.loads(text)
    except ValueError:
        # The parser's words would quote the secret.
        raise ConfigError(f"the secret '{name}' is not valid JSON", fix=_put(name)) from None
    texts = {key: value for key, value in members.items() if isinstance(value, str)}
    found = [texts[key] for key in MEMBERS if key in texts]
    if not found and len(texts) == 1:
        found = list(texts.values())
    if not found:
        fix = f"store plain text, or JSON with one of {', '.join(MEMBERS)}"
        raise ConfigError(f"it is not clear what is the credential in '{name}'", fix=fix)
    return found[0].strip()


def _put(name: str) -> str:
    return (
        f"aws secretsmanager put-secret-value --secret-id {name} --secret-string …, "
        "or give Terraform its variable"
    )
