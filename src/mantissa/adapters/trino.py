"""The same lake on a Trino cluster of the user's own.

The cluster reads the same files through the same Glue tables as Athena does, so its catalog has
Athena's name unless told otherwise. A statement is sent as text, without parameters, and rows are
taken as the protocol's JSON, whose types Trino names in full.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

from mantissa.adapters.lake_sql import DataFiles, Files
from mantissa.adapters.trino_errors import split_name, stopped, translate
from mantissa.adapters.trino_types import arrow_type, column, parse_type
from mantissa.errors import ConfigError, EngineTimedOut, EngineTransient
from mantissa.model import QueryLimits, QueryResult
from mantissa.ports import SecretStore

if TYPE_CHECKING:
    import pyarrow as pa
    from trino.dbapi import Connection, Cursor

ROWS_AT_ONCE = 10_000
"""Rows that become one Arrow batch."""

CANCEL_EVERY = 0.2
"""Seconds between two requests to stop: one that is sent before the query has a name is lost."""

Auth = Literal["none", "basic", "jwt"]


@dataclass(frozen=True, slots=True)
class Cluster:
    """Where a Trino cluster is and who asks.

    Args:
        auth: `basic` takes a password from the secret store, `jwt` a token; both need https.
        secret: name of that secret.
        verify: check the server's certificate; a path names the authorities to trust.
    """

    host: str
    port: int
    schema: str
    user: str = "mantissa"
    catalog: str = "awsdatacatalog"
    scheme: Literal["http", "https"] = "https"
    auth: Auth = "none"
    secret: str = ""
    verify: bool | str = True

    def __post_init__(self) -> None:
        if self.auth == "none":
            return
        if self.scheme != "https":
            raise ConfigError(
                f"Trino's {self.auth} sign-in needs https", fix="use https, or no sign-in"
            )
        if not self.secret:
            raise ConfigError(
                f"Trino's {self.auth} sign-in needs a secret", fix="name the secret that holds it"
            )


class Readied(Protocol):
    """What makes a query's text ready to run; `LakeSql` is one."""

    def ready(self, sql: str, rows: int | None, files: Files | None = None) -> str:
        """Return the text to run."""
        ...

    def estimate(self, sql: str, files: DataFiles | None = None) -> int:
        """Return about how many bytes a query scans."""
        ...


class TrinoEngine:
    """A `QueryEngine` on a Trino cluster.

    Args:
        files: the lake's files with their column sizes, for estimates.
    """

    def __init__(
        self,
        cluster: Cluster,
        lake: Readied,
        secrets: SecretStore,
        *,
        files: DataFiles | None = None,
    ) -> None:
        self._cluster = cluster
        self._lake = lake
        self._secrets = secrets
        self._files = files

    @property
    def dialect(self) -> str:
        """The sqlglot name of the SQL it takes."""
        return "trino"

    def run(self, sql: str, *, limits: QueryLimits, files: Files | None = None) -> QueryResult:
        """Run one SELECT; `bytes_scanned` is what Trino's workers read from storage."""
        text = self._lake.ready(sql, limits.rows, files)
        started = time.monotonic()
        try:
            table, read = self._run(text, limits, fresh=False)
        except _Unauthorised:
            table, read = self._again(text, limits)
        cut = limits.rows is not None and table.num_rows > limits.rows
        seconds = time.monotonic() - started
        return QueryResult(table.slice(0, limits.rows) if cut else table, read, seconds, cut)

    def estimate(self, sql: str) -> int:
        """Return about how many bytes `run` would scan."""
        return self._lake.estimate(sql, self._files)

    def _again(self, text: str, limits: QueryLimits) -> tuple[pa.Table, int]:
        """Try once more with credentials that are read anew."""
        try:
            return self._run(text, limits, fresh=True)
        except _Unauthorised as error:
            raise ConfigError(
                "Trino refused the credentials",
                where=f"{self._cluster.host}:{self._cluster.port}",
                fix=f"check the user and the secret {self._cluster.secret!r}",
            ) from error

    def _run(self, text: str, limits: QueryLimits, *, fresh: bool) -> tuple[pa.Table, int]:
        with _translated(self._cluster), self._connection(limits, fresh=fresh) as connection:
            cursor = connection.cursor()
            with _StoppedAfter(cursor, limits.seconds):
                cursor.execute(text)
                table = _fetched(cursor, limits.memory_bytes)
            return table, int((cursor.stats or {}).get("physicalInputBytes", 0))

    @contextmanager
    def _connection(self, limits: QueryLimits, *, fresh: bool) -> Iterator[Connection]:
        from trino.dbapi import connect

        cluster = self._cluster
        connection = connect(  # type: ignore[no-untyped-call]
            host=cluster.host,
            port=cluster.port,
            user=cluster.user,
            catalog=cluster.catalog,
            schema=cluster.schema,
            source="mantissa-log",
            http_scheme=cluster.scheme,
            auth=self._auth(fresh=fresh),
            http_session=_http(cluster),
            timezone="UTC",
            legacy_primitive_types=True,
            encoding=None,
            session_properties=_session(limits),
        )
        try:
            yield connection
        finally:
            connection.close()

    def _auth(self, *, fresh: bool) -> Any:
        from trino.auth import BasicAuthentication, JWTAuthentication

        if self._cluster.auth == "none":
            return None
        secret = self._secrets.get(self._cluster.secret, fresh=fresh).value
        if self._cluster.auth == "jwt":
            return JWTAuthentication(secret)
        return BasicAuthentication(self._cluster.user, secret)


def _http(cluster: Cluster) -> Any:
    """Return the HTTP session, in which the authorities that the user named count.

    `requests` prefers those of REQUESTS_CA_BUNDLE to a session's own unless it is told to take
    nothing from the environment.
    """
    import requests

    session = requests.Session()
    session.verify = cluster.verify
    session.trust_env = cluster.verify is True
    return session


class _Unauthorised(Exception):
    """The cluster did not take the credentials."""


def _session(limits: QueryLimits) -> dict[str, str]:
    """Return the limits as Trino's: they hold even if this process is gone."""
    return {
        "query_max_run_time": f"{max(1, round(limits.seconds * 1000))}ms",
        "query_max_memory": f"{max(1, limits.memory_bytes)}B",
    }


class _StoppedAfter:
    """Cancels a cursor's query when time is up, and when the block is left before its end.

    A query that this client cancelled looks to the client like one without more rows, so that the
    block's result counts only if no time was up.
    """

    def __init__(self, cursor: Cursor, seconds: float) -> None:
        self._cursor = cursor
        self._seconds = seconds
        self._done = threading.Event()
        self._late = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="trino-timer", daemon=True)

    def __enter__(self) -> None:
        self._watcher.start()

    def __exit__(self, kind: type[BaseException] | None, error: Any, _: object) -> None:
        self._done.set()
        self._watcher.join()
        _cancel(self._cursor)
        if self._late.is_set() and (kind is None or issubclass(kind, Exception)):
            raise stopped() from error

    def _watch(self) -> None:
        wait = self._seconds
        while not self._done.wait(wait):
            self._late.set()
            _cancel(self._cursor)
            wait = CANCEL_EVERY


def _cancel(cursor: Cursor) -> None:
    import requests
    from trino.exceptions import Error, HttpError

    with suppress(Error, HttpError, requests.RequestException):
        cursor.cancel()  # type: ignore[no-untyped-call]


def _fetched(cursor: Cursor, memory_bytes: int) -> pa.Table:
    import pyarrow as pa

    described: Sequence[Any] = cursor.description or []
    kinds = [parse_type(entry[1]) for entry in described]
    schema = [(f"c{number}", arrow_type(kind)) for number, kind in enumerate(kinds)]
    batches, held = [], 0
    while rows := cursor.fetchmany(ROWS_AT_ONCE):
        columns = [column(values, kind) for values, kind in zip(_columns(rows), kinds, strict=True)]
        batch = pa.RecordBatch.from_arrays(columns, schema=pa.schema(schema))
        held += batch.nbytes
        if held > memory_bytes:
            raise EngineTimedOut(
                "the result is larger than the memory limit",
                fix="select fewer columns or rows, or raise the limit",
            )
        batches.append(batch)
    table = pa.Table.from_batches(batches, schema=pa.schema(schema))
    return table.rename_columns([entry[0] for entry in described])


def _columns(rows: Sequence[Sequence[Any]]) -> Iterable[Sequence[Any]]:
    return zip(*rows, strict=True)


@contextmanager
def _translated(cluster: Cluster) -> Iterator[None]:
    """Put the client's errors in our words."""
    import requests
    from trino.exceptions import Error, HttpError, TrinoAuthError, TrinoQueryError

    place = f"{cluster.host}:{cluster.port}"
    try:
        yield
    except TrinoQueryError as error:
        name, text = split_name(error.message)
        raise translate(error.error_name or name, text, error.error_type or "") from error
    except TrinoAuthError as error:
        raise _Unauthorised from error
    except HttpError as error:
        raise _of_status(str(error), place) from error
    except (Error, requests.RequestException) as error:
        raise _unreachable(error, place) from error


def _unreachable(error: Exception, place: str) -> Exception:
    """Return what a broken connection means; the client hides the reason behind its own error."""
    import requests

    reason: BaseException | None = error
    while reason is not None and not isinstance(reason, requests.exceptions.SSLError):
        reason = reason.__cause__ or reason.__context__
    if reason is not None:
        return ConfigError(
            "Trino's certificate is not trusted",
            where=place,
            fix="name the file of the authority that signed it, and the host as it is in it",
        )
    return EngineTransient(
        "Trino does not answer", where=place, fix="check host, port and scheme, or try again"
    )


def _of_status(text: str, place: str) -> Exception:
    """Return what a refused request means; the client tells the status only in its text."""
    status = text.removeprefix("error ")[:3]
    if status in ("401", "403"):
        return _Unauthorised()
    return EngineTransient(f"Trino answered with {status}", where=place, fix="try again")
