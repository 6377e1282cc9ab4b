"""What tests of Athena's API do all the time: start, wait, read all pages."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from support.athena.execution import FINAL

LOOK = 0.02
"""Seconds between two looks; the engine wants the processor, too."""

Described = dict[str, Any]


@dataclass(frozen=True)
class Caller:
    """A client with a database and a result location of its own."""

    client: Any
    database: str
    output: str

    def start(self, sql: str, **more: Any) -> str:
        more.setdefault("ResultConfiguration", {"OutputLocation": self.output})
        more.setdefault("QueryExecutionContext", {"Database": self.database})
        id_: str = self.client.start_query_execution(QueryString=sql, **more)["QueryExecutionId"]
        return id_

    def get(self, id_: str) -> Described:
        found: Described = self.client.get_query_execution(QueryExecutionId=id_)["QueryExecution"]
        return found

    def wait(self, id_: str) -> Described:
        """Look until the query has ended."""
        while (found := self.get(id_))["Status"]["State"] not in FINAL:
            time.sleep(LOOK)
        return found

    def run(self, sql: str, **more: Any) -> Described:
        return self.wait(self.start(sql, **more))

    def pages(self, id_: str, **more: Any) -> Iterator[Described]:
        token: dict[str, str] = {}
        while True:
            page = self.client.get_query_results(QueryExecutionId=id_, **more, **token)
            yield page
            if "NextToken" not in page:
                return
            token = {"NextToken": page["NextToken"]}

    def rows(self, id_: str, **more: Any) -> list[list[str | None]]:
        """Return all rows, the header first; None where Athena gives no value."""
        return [
            [cell.get("VarCharValue") for cell in row["Data"]]
            for page in self.pages(id_, **more)
            for row in page["ResultSet"]["Rows"]
        ]

    def answer(self, sql: str, **more: Any) -> Sequence[Sequence[str | None]]:
        """Return a query's rows without the header; fails with Athena's reason."""
        done = self.run(sql, **more)
        assert done["Status"]["State"] == "SUCCEEDED", done["Status"]
        return self.rows(done["QueryExecutionId"])[1:]


def code_of(error: ClientError) -> tuple[str, str]:
    """Return an error's name and its message."""
    return error.response["Error"]["Code"], error.response["Error"]["Message"]
