"""What the API needs of the product; `bootstrap` provides it, on AWS as on a laptop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from mantissa.audit.trail import Caller, Trail
from mantissa.model import Table
from mantissa.ports import StateStore

if TYPE_CHECKING:
    from mantissa.alerts.triage import Triage
    from mantissa.ask.jobs import Queries
    from mantissa.bootstrap.app import App
    from mantissa.sources.registry import Sources


class ApiApp(Protocol):
    """The use cases and facts behind the routes; each is made when it is first asked for."""

    @property
    def state(self) -> StateStore:
        """Alerts, outbox, queries, audit trail."""
        ...

    @property
    def trail(self) -> Trail:
        """What makes audit records."""
        ...

    @property
    def queries(self) -> Queries:
        """Queries of people."""
        ...

    @property
    def triage(self) -> Triage:
        """What people do with alerts."""
        ...

    @property
    def tables(self) -> Sequence[Table]:
        """Every table of the lake, the findings included."""
        ...

    @property
    def views(self) -> Mapping[str, str]:
        """The views across sources by name."""
        ...

    @property
    def sources(self) -> Sources:
        """The known log sources."""
        ...


@dataclass(frozen=True, slots=True)
class ApiSettings:
    """How the API behaves towards its clients.

    Args:
        origins: web origins that may read answers, each spelt exactly as browsers send it.
        max_body: bytes of a request's body.
        page_bytes: bytes of one page of rows; Lambda answers with 6 MB at most.
    """

    origins: tuple[str, ...] = ()
    max_body: int = 256 << 10
    page_bytes: int = 4 << 20


@dataclass(frozen=True, slots=True)
class Product:
    """What answers requests now: made again when the settings change."""

    app: ApiApp
    settings: ApiSettings

    @classmethod
    def of(cls, app: App) -> Product:
        """Take the product that `bootstrap` wired, with its settings."""
        return cls(app, ApiSettings(origins=app.settings.api.origins))


@dataclass(frozen=True, slots=True)
class Call:
    """One request to one route: who, which thing, and what was said.

    Args:
        id: the thing's id from the path; empty where there is none.
        params: the query parameters in the route's type; None where it takes none.
        body: the body in the route's type; None where it takes none.
    """

    app: ApiApp
    settings: ApiSettings
    caller: Caller
    id: str = ""
    params: Any = None
    body: Any = None
