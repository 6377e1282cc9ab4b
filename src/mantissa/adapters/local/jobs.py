"""Queries as jobs on an engine that answers at once: the same use case on a laptop.

A query runs while it is started, and its answer is kept in this process for whoever looks. Only
the latest answers are kept.
"""

from __future__ import annotations

import threading
from collections import OrderedDict

from mantissa.errors import EngineError, EngineRejected, EngineTransient
from mantissa.model import QueryLimits, QueryResult
from mantissa.ports import QueryEngine

KEPT = 32
KEPT_BYTES = 256 << 20


class LocalJobs:
    """`QueryJobs` over a `QueryEngine` of this process.

    Args:
        kept: how many answers are kept.
        kept_bytes: how many bytes of answers are kept; the latest is, whatever its size.
    """

    def __init__(
        self, engine: QueryEngine, *, kept: int = KEPT, kept_bytes: int = KEPT_BYTES
    ) -> None:
        self._engine = engine
        self._kept = kept
        self._kept_bytes = kept_bytes
        self._ended: OrderedDict[str, QueryResult | EngineError] = OrderedDict()
        self._lock = threading.Lock()

    def start(self, sql: str, *, limits: QueryLimits, token: str) -> str:
        """Run one SELECT, unless this token's is there; the token is the job's name."""
        with self._lock:
            if token in self._ended:
                return token
        ended = self._run(sql, limits)
        with self._lock:
            self._ended[token] = ended
            self._forget()
        return token

    def result(self, job: str, *, limits: QueryLimits) -> QueryResult | None:
        """Return the kept answer, cut at the limit, or raise as the query did."""
        with self._lock:
            ended = self._ended.get(job)
        if ended is None:
            raise EngineRejected("the answer is no longer kept", fix="ask the query again")
        if isinstance(ended, EngineError):
            raise ended.with_traceback(None)
        if limits.rows is None or ended.table.num_rows <= limits.rows:
            return ended
        table = ended.table.slice(0, limits.rows)
        return QueryResult(table, ended.bytes_scanned, ended.seconds, truncated=True)

    def cancel(self, job: str) -> None:
        """Do nothing: what was started has ended."""

    def _run(self, sql: str, limits: QueryLimits) -> QueryResult | EngineError:
        try:
            return self._engine.run(sql, limits=limits)
        except EngineTransient:
            raise
        except EngineError as error:
            return error

    def _forget(self) -> None:
        while len(self._ended) > 1 and (len(self._ended) > self._kept or self._is_full()):
            self._ended.popitem(last=False)

    def _is_full(self) -> bool:
        results = [r for r in self._ended.values() if isinstance(r, QueryResult)]
        held: int = sum(result.table.nbytes for result in results)
        return held > self._kept_bytes
