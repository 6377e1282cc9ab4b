"""The state store in one DynamoDB table: conditional, transactional, consistently read.

A record's partition key is its table's name, for tables of many records followed by `#` and a
shard, because DynamoDB gives one partition key 1,000 writes a second at most. Its sort key is the
record's key. The value is JSON text, compressed when it is long. Shards and how a key finds its
shard are part of the data: they may never change.
"""

from __future__ import annotations

import heapq
import secrets
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, cast
from zlib import crc32

from botocore.exceptions import BotoCoreError, ClientError

from mantissa.adapters.aws.dynamodb_items import (
    SORT_KEY_BYTES,
    TOKEN,
    Attributes,
    attributes_of,
    item_of,
    version_of,
)
from mantissa.adapters.aws.errors import (
    CONDITION_FAILED,
    CONTENDED_ITEMS,
    THROTTLED,
    calling,
    code_of,
    translated,
    was_retried,
)
from mantissa.adapters.aws.pauses import Pause, attempts, wait
from mantissa.errors import Conflict, MantissaError, StoreError, StoreTransient
from mantissa.ports import Delete, Item, Put, Write

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient

SHARDS = 16
SHARDED = {
    "alerts": 8,
    "deliveries": 8,
    "ledger": 8,
    "outbox": 8,
    "partitions": 0,
    "pending": 8,
    "released": 8,
    "seen": 0,
}
"""Table of many records → how many characters of a key, all of them for 0, choose its shard.

Keys that begin with a hash are told apart by their beginning: what is asked for by such a
beginning lies in one shard.
"""
MOST_WRITES = 100
TRIES = 10
_LAST = "\U0010ffff"
_CONTENDED = THROTTLED | CONTENDED_ITEMS
_REASONS = frozenset({"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"})
"""Why a write of a transaction was refused, when the same transaction may do another time."""


class DynamoState:
    """A state store in a DynamoDB table with keys `pk` and `sk`."""

    def __init__(self, client: DynamoDBClient, table: str, *, pause: Pause = wait) -> None:
        self._client = client
        self._table = table
        self._pause = pause

    @property
    def most_writes(self) -> int | None:
        """DynamoDB's limit."""
        return MOST_WRITES

    def get(self, table: str, key: str) -> Item | None:
        """Read one record."""
        found = self._read(table, key)
        return None if found is None else item_of(table, found)

    def put(self, write: Put) -> None:
        """Write one record if its condition holds."""
        token = secrets.token_hex(8)
        request = self._put_request(write, token)
        for _ in attempts(TRIES, self._pause):
            try:
                self._client.put_item(**request)
            except ClientError as error:
                code = code_of(error)
                if code in CONDITION_FAILED:
                    # The SDK may have asked twice, and the first time have been heard.
                    if was_retried(error) and self._is_ours(write, token):
                        return
                    raise _lost(write) from error
                if code not in CONTENDED_ITEMS:
                    raise self._failed(error, "dynamodb:PutItem", write) from error
            except BotoCoreError as error:
                self._decide(write, token, error)
                return
            else:
                return
        raise self._busy(write)

    def transact(self, writes: Sequence[Write]) -> None:
        """Carry out all writes or none; `most_writes` at most."""
        if len(writes) == 1 and isinstance(writes[0], Put):
            self.put(writes[0])
        elif writes:
            self._transact(writes)

    def query(self, table: str, prefix: str = "", after: str = "") -> Iterator[Item]:
        """Yield a table's records by key, from all its shards."""
        shards = [self._pages(pk, prefix, after) for pk in _shards(table, prefix)]
        for found in heapq.merge(*shards, key=lambda a: cast(str, a["sk"]["S"])):
            yield item_of(table, found)

    def _read(self, table: str, key: str) -> Attributes | None:
        with calling("dynamodb:GetItem", self._where(table, key)):
            answer = self._client.get_item(
                TableName=self._table, Key=_place(table, key), ConsistentRead=True
            )
        return cast("Attributes | None", answer.get("Item"))

    def _pages(self, pk: str, prefix: str, after: str) -> Iterator[Attributes]:
        names: dict[str, Any] = {":pk": {"S": pk}}
        condition = "pk = :pk"
        if after or prefix:
            low = max(prefix, after + "\0" if after else "")
            names |= {":low": {"S": low}, ":high": {"S": prefix + _LAST}}
            condition += " AND sk BETWEEN :low AND :high"
        request: dict[str, Any] = {
            "TableName": self._table,
            "KeyConditionExpression": condition,
            "ExpressionAttributeValues": names,
            "ConsistentRead": True,
        }
        while request:
            with calling("dynamodb:Query", self._where(pk, prefix)):
                page = self._client.query(**request)
            yield from page["Items"]
            last = page.get("LastEvaluatedKey")
            request = {**request, "ExclusiveStartKey": last} if last else {}

    def _transact(self, writes: Sequence[Write]) -> None:
        self._require_possible(writes)
        token, request = secrets.token_hex(16), [self._action(write) for write in writes]
        for _ in attempts(TRIES, self._pause):
            try:
                # The token makes it safe to ask again: DynamoDB remembers it for ten minutes.
                self._client.transact_write_items(TransactItems=request, ClientRequestToken=token)
            except ClientError as error:
                self._require_contended(error, writes)
            except BotoCoreError as error:
                raise self._failed(error, "dynamodb:PutItem", writes[0]) from error
            else:
                return
        raise self._busy(writes[0])

    def _require_possible(self, writes: Sequence[Write]) -> None:
        if len(writes) > MOST_WRITES:
            raise StoreError(
                f"{len(writes)} writes are more than the {MOST_WRITES} of one transaction",
                where=self._where(writes[0].table, writes[0].key),
            )
        places: set[tuple[str, str]] = set()
        for write in writes:
            if (write.table, write.key) in places:
                raise _lost(write)
            places.add((write.table, write.key))

    def _require_contended(self, error: ClientError, writes: Sequence[Write]) -> None:
        """Raise unless a transaction was refused only because another one was under way."""
        answer = cast("dict[str, Any]", error.response)
        codes = [reason.get("Code", "None") for reason in answer.get("CancellationReasons", [])]
        for code, write in zip(codes, writes, strict=False):
            if code == "ConditionalCheckFailed":
                raise _lost(write) from error
        wrong = [i for i, code in enumerate(codes) if code not in ("None", *_REASONS)]
        if wrong:
            words = f"{codes[wrong[0]]}: {answer['CancellationReasons'][wrong[0]].get('Message')}"
            write = writes[wrong[0]]
            raise StoreError(words, where=self._where(write.table, write.key)) from error
        if not codes and code_of(error) not in _CONTENDED:
            raise self._failed(error, "dynamodb:PutItem", writes[0]) from error

    def _action(self, write: Write) -> Any:
        if isinstance(write, Delete):
            place = {"TableName": self._table, "Key": _place(write.table, write.key)}
            return {"Delete": place | _condition(write.version)}
        return {"Put": self._put_request(write, "")}

    def _put_request(self, write: Put, token: str) -> dict[str, Any]:
        size = len(write.key.encode())
        if not 0 < size <= SORT_KEY_BYTES:
            where = self._where(write.table, write.key[:64])
            raise StoreError(
                f"a key of {size} bytes; 1 to {SORT_KEY_BYTES} are possible", where=where
            )
        attributes = attributes_of(write, token)
        item = {**_place(write.table, write.key), **attributes}
        return {"TableName": self._table, "Item": item, **_condition(write.version)}

    def _decide(self, write: Put, token: str, error: BotoCoreError) -> None:
        """Find out by reading what became of a write whose answer was lost."""
        found = self._read(write.table, write.key)
        if found is not None and found.get(TOKEN, {}).get("S") == token:
            return
        if (None if found is None else version_of(found)) != write.version:
            raise _lost(write) from error
        raise self._failed(error, "dynamodb:PutItem", write) from error

    def _is_ours(self, write: Put, token: str) -> bool:
        found = self._read(write.table, write.key)
        return found is not None and found.get(TOKEN, {}).get("S") == token

    def _failed(
        self, error: ClientError | BotoCoreError, action: str, write: Write
    ) -> MantissaError:
        return translated(error, action, self._where(write.table, write.key))

    def _busy(self, write: Write) -> StoreTransient:
        where = self._where(write.table, write.key)
        return StoreTransient("other writers keep it busy", where=where, fix="try again")

    def _where(self, table: str, key: str) -> str:
        return f"dynamodb://{self._table}/{table}/{key}"


def _place(table: str, key: str) -> dict[str, Any]:
    return {"pk": {"S": _shard(table, key)}, "sk": {"S": key}}


def _shard(table: str, key: str) -> str:
    if table not in SHARDED:
        return table
    chosen = key[: SHARDED[table]] if SHARDED[table] else key
    return f"{table}#{crc32(chosen.encode()) % SHARDS:02d}"


def _shards(table: str, prefix: str) -> list[str]:
    """Return the partition keys under which keys of that beginning may lie."""
    digits = SHARDED.get(table, 0)
    if table not in SHARDED or 0 < digits <= len(prefix):
        return [_shard(table, prefix)]
    return [f"{table}#{n:02d}" for n in range(SHARDS)]


def _condition(version: int | None) -> dict[str, Any]:
    if version is None:
        return {"ConditionExpression": "attribute_not_exists(pk)"}
    return {
        "ConditionExpression": "version = :version",
        "ExpressionAttributeValues": {":version": {"N": str(version)}},
    }


def _lost(write: Write) -> Conflict:
    return Conflict("another writer was first", where=f"{write.table}/{write.key}")
