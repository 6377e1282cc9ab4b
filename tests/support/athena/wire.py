"""Trino's client protocol, as far as this endpoint needs it, with values left as they come.

The capability PARAMETRIC_DATETIME is not asked for: timestamps then come with milliseconds and
without a precision in their type's name, as Athena shows them.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

Json = Any
TIMEOUT = httpx.Timeout(60.0)


class TrinoFailed(Exception):
    """Trino ended the query; the fields are those of its error."""

    def __init__(self, error: Mapping[str, Json]) -> None:
        super().__init__(error.get("message", ""))
        self.message: str = error.get("message", "")
        self.name: str = error.get("errorName", "GENERIC_INTERNAL_ERROR")
        self.kind: str = error.get("errorType", "INTERNAL_ERROR")


class Stopped(Exception):
    """The caller stopped the query."""


@dataclass(frozen=True)
class Session:
    """Where and as what a statement runs."""

    url: str
    catalog: str
    schema: str
    source: str
    properties: Mapping[str, str] = field(default_factory=dict)

    def headers(self) -> dict[str, str]:
        properties = ",".join(f"{name}={value}" for name, value in self.properties.items())
        return {
            "X-Trino-User": "athena",
            "X-Trino-Catalog": self.catalog,
            "X-Trino-Schema": self.schema,
            "X-Trino-Source": self.source,
            "X-Trino-Time-Zone": "UTC",
        } | ({"X-Trino-Session": properties} if properties else {})


class Running:
    """One statement on Trino: run it once, look at its statistics or stop it meanwhile."""

    def __init__(self, session: Session, sql: str) -> None:
        self.session, self.sql = session, sql
        self.columns: list[Mapping[str, Json]] = []
        self.rows: list[list[Json]] = []
        self.stats: Mapping[str, Json] = {}
        self._stop = threading.Event()

    def run(self) -> None:
        """Read the whole answer. Raises `TrinoFailed`, `Stopped`, `httpx.HTTPError`."""
        with httpx.Client(timeout=TIMEOUT, trust_env=False) as http:
            page = _page(
                http.post(
                    f"{self.session.url}/v1/statement",
                    content=self.sql.encode(),
                    headers=self.session.headers(),
                )
            )
            while True:
                self._take(page)
                following = page.get("nextUri")
                if following is None:
                    return
                if self._stop.is_set():
                    http.delete(following)
                    raise Stopped
                page = _page(http.get(following))

    def stop(self) -> None:
        self._stop.set()

    def _take(self, page: Mapping[str, Json]) -> None:
        self.stats = page.get("stats", self.stats)
        self.columns = page.get("columns") or self.columns
        self.rows += page.get("data") or []
        if "error" in page:
            raise TrinoFailed(page["error"])


def _page(reply: httpx.Response) -> Mapping[str, Json]:
    reply.raise_for_status()
    page: Mapping[str, Json] = reply.json()
    return page
