"""moto's server with an IAM that judges as AWS's does; `python -m support.iam_judge -p …`.

moto checks signatures, finds the caller's policies and evaluates them, but it takes the name of
each API operation for an action, and for most services every resource for any. Here each request
is put to moto's evaluation as the service authorization reference has it: a transaction by its
parts, a batch as what it is a batch of, each table with its database and catalogue, and with the
ARN that is meant. Each judgement is written to the file that `JUDGEMENTS` names.

Conditions, key policies and what a service calls on its own are not judged.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, NoReturn
from urllib.parse import unquote

from moto.core.exceptions import JsonRESTError
from moto.iam.access_control import IAMPolicyStatement, IAMRequest, IAMRequestBase
from moto.s3.exceptions import S3ClientError
from moto.s3.models import S3Backend, s3_backends
from moto.secretsmanager.models import secretsmanager_backends
from moto.server import main

from support.athena.refusal import WORKGROUP

JUDGEMENTS = "IAM_JUDGEMENTS"
LOSES = "IAM_JUDGE_LOSES"
"""Names what is in the keys of objects that are written, but the answers to whose writing are lost."""
AGED = "/aged/"
"""Objects with this in their key were put a day ago: a sweep passes over what is young."""
ADMINISTRATOR = ":user/admin"

_NAMES = {
    "s3:HeadBucket": "s3:ListBucket",
    "sqs:DeleteMessageBatch": "sqs:DeleteMessage",
    "sqs:SendMessageBatch": "sqs:SendMessage",
}
_PARTS = {
    "ConditionCheck": "dynamodb:ConditionCheckItem",
    "Delete": "dynamodb:DeleteItem",
    "Put": "dynamodb:PutItem",
    "Update": "dynamodb:UpdateItem",
}

Need = tuple[str, str]
"""An action and the resource it is to be allowed on."""


def needs(request: IAMRequestBase, resource: str) -> Iterator[Need]:
    """Yield what a request needs to be allowed."""
    action = _NAMES.get(request._action, request._action)
    service = action.partition(":")[0]
    if service in _JUDGED:
        yield from _JUDGED[service](request, action)
    elif service == "s3":
        yield from _of_s3(request, action, unquote(resource))
    else:
        yield action, resource


def _of_dynamodb(request: IAMRequestBase, action: str) -> Iterator[Need]:
    body = _body(request)
    if action == "dynamodb:TransactWriteItems":
        for item in body["TransactItems"]:
            for part, write in item.items():
                yield _PARTS[part], _arn(request, f"table/{write['TableName']}")
    else:
        yield action, _arn(request, f"table/{body['TableName']}")


def _of_glue(request: IAMRequestBase, action: str) -> Iterator[Need]:
    """A table is reached through its database and the catalogue, and both are asked too."""
    body = _body(request)
    operation = action.partition(":")[2]
    database = body.get("DatabaseName") or (body.get("Name") if "Database" in operation else "")
    table = body.get("TableName") or (body.get("Name") if operation == "GetTable" else "")
    yield action, _arn(request, "catalog")
    if database:
        yield action, _arn(request, f"database/{database}")
    if table:
        yield action, _arn(request, f"table/{database}/{table}")


def _of_athena(request: IAMRequestBase, action: str) -> Iterator[Need]:
    workgroup = _body(request).get("WorkGroup") or request._headers.get(WORKGROUP, "none")
    yield action, _arn(request, f"workgroup/{workgroup}")


def _of_secrets(request: IAMRequestBase, action: str) -> Iterator[Need]:
    name = _body(request)["SecretId"]
    known = secretsmanager_backends[request.account_id][request._region].secrets
    arns = [secret.arn for secret in known.values() if name in (secret.secret_id, secret.arn)]
    yield action, arns[0] if arns else _arn(request, f"secret:{name}-000000")


def _of_s3(request: IAMRequestBase, action: str, resource: str) -> Iterator[Need]:
    yield action, resource
    bucket, _, key = resource.rpartition(":")[2].partition("/")
    known = s3_backends[request.account_id]["aws"].buckets.get(bucket)
    if action == "s3:GetObject" and known is not None and known.keys.get(key) is None:
        # Only who may list a bucket is told that something is not in it.
        yield "s3:ListBucket", resource.partition("/")[0]


_JUDGED = {
    "athena": _of_athena,
    "dynamodb": _of_dynamodb,
    "glue": _of_glue,
    "secretsmanager": _of_secrets,
}


def _body(request: IAMRequestBase) -> Any:
    return json.loads(request._body or b"{}")


def _arn(request: IAMRequestBase, rest: str) -> str:
    return f"arn:aws:{request._service}:{request._region}:{request.account_id}:{rest}"


_EVALUATED = IAMRequestBase.check_action_permitted


def _judged(request: IAMRequestBase, resource: str) -> None:
    who = request._access_key.arn
    if who.endswith(ADMINISTRATOR):
        return
    for action, needed in needs(request, resource):
        request._action, permitted = action, False
        try:
            _EVALUATED(request, needed)
            permitted = True
        finally:
            _note([who, action, needed, permitted])


def _refuse(request: IAMRequestBase) -> NoReturn:
    """Say no as services of JSON do; moto says it in XML to everybody."""
    who, action = request._access_key.arn, request._action
    message = f"User: {who} is not authorized to perform: {action}"
    raise JsonRESTError("AccessDeniedException", message)


def _note(line: list[Any]) -> None:
    with open(os.environ[JUDGEMENTS], "a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")


def matches(pattern: str, text: str) -> bool:
    """Whether a text is meant by a pattern of IAM: `*` is any text, `?` one character."""
    parts = {"*": ".*", "?": "."}
    return bool(re.fullmatch("".join(parts.get(c, re.escape(c)) for c in pattern), text, re.S))


_PUT = S3Backend.put_object


def _put(backend: S3Backend, bucket_name: str, key_name: str, *more: Any, **named: Any) -> Any:
    made = _PUT(backend, bucket_name, key_name, *more, **named)
    if AGED in key_name:
        made.last_modified -= timedelta(days=1)
    if os.environ[LOSES] in key_name:
        # Of what S3 says, this makes an SDK ask again.
        raise S3ClientError("RequestTimeout", "the answer is lost")
    return made


if __name__ == "__main__":
    IAMRequestBase.check_action_permitted = _judged
    IAMRequest._raise_access_denied = _refuse
    IAMPolicyStatement._match = staticmethod(lambda pattern, text: matches(pattern, text) or None)
    S3Backend.put_object = _put
    main(sys.argv[1:])
