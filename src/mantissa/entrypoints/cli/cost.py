"""`mantissa cost`: what a deployed lake costs in a month, from volumes, with every assumption."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mantissa.entrypoints.cli.command import Call, command
from mantissa.errors import ConfigError

if TYPE_CHECKING:
    from mantissa.adapters.aws.prices import PriceTable
    from mantissa.lake.cost import Estimate
    from mantissa.lake.cost_case import Volumes


@command(
    example="""
    mantissa cost
    mantissa cost --gb-per-day 50 --rules 800 --retention-days 90 --json
    mantissa cost --gb-per-day 5 --region eu-central-1 --prices my-prices.yaml
    """
)
def cost(
    call: Call,
    gb_per_day: Annotated[float, typer.Option(help="Logs a day, inflated.")] = 10,
    rules: Annotated[int, typer.Option(help="Rules that run.")] = 200,
    queries_per_day: Annotated[float, typer.Option(help="Queries that people ask.")] = 20,
    retention_days: Annotated[int, typer.Option(help="Days that logs are kept.")] = 365,
    alerts_per_day: Annotated[float, typer.Option(help="Alerts a day.")] = 20,
    sources: Annotated[int, typer.Option(help="Kinds of log, each a table.")] = 3,
    object_kb: Annotated[float, typer.Option(help="One delivered object, packed.")] = 100,
    region: Annotated[str, typer.Option(help="The AWS region.")] = "us-east-1",
    prices: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A table of prices; else the built-in one.")
    ] = None,
) -> None:
    """Estimate what a deployed lake costs in a month.

    List prices times quantities that follow from your volumes, once the whole retention is there.
    Every assumption is printed with where it comes from: measured, assumed, how the product is
    deployed, or a limit of AWS. It is an estimate to decide by, not a bill.
    """
    from mantissa.adapters.aws.prices import load_prices
    from mantissa.lake.cost import estimate
    from mantissa.lake.cost_case import Case, Volumes

    given = Volumes(
        gb_per_day=gb_per_day,
        rules=rules,
        queries_per_day=queries_per_day,
        retention_days=retention_days,
        alerts_per_day=alerts_per_day,
        sources=sources,
        object_kb=object_kb,
    )
    _refuse_nonsense(given)
    table = load_prices(region, prices)
    found = estimate(Case(given), table.prices)
    document = {
        "region": region,
        "prices": {"as_of": table.as_of, "verified": table.verified},
        **found.to_json(),
    }
    call.output.result(document, lambda: _show(call, found, table))


def _refuse_nonsense(volumes: Volumes) -> None:
    for name in ("gb_per_day", "rules", "queries_per_day", "alerts_per_day"):
        if not 0 <= getattr(volumes, name) < float("inf"):
            raise ConfigError(f"--{name.replace('_', '-')} must be a number that is not negative")
    for name in ("retention_days", "sources", "object_kb"):
        if not 0 < getattr(volumes, name) < float("inf"):
            raise ConfigError(f"--{name.replace('_', '-')} must be more than 0")


def _show(call: Call, found: Estimate, table: PriceTable) -> None:
    total = found.total
    rows = [
        [
            line.service,
            line.name,
            _amount(line.quantity),
            line.unit,
            _usd(line.monthly),
            f"{line.monthly / total:.0%}",
            line.driver,
        ]
        for line in found.lines
    ]
    columns = ["service", "what", "quantity", "unit", "USD a month", "share", "what changes it"]
    call.output.table(columns, rows)
    call.output.say()
    services = [[name, _usd(usd), f"{usd / total:.0%}"] for name, usd in found.services.items()]
    call.output.table(["service", "USD a month", "share"], [*services, ["all", _usd(total), ""]])
    call.output.say()
    ways = found.ways
    call.output.say(
        f"Detection by the clock on Athena: {_usd(ways['athena'])} USD a month (as above). "
        f"At once on the embedded engine: {_usd(ways['duckdb'])}."
    )
    call.output.say()
    assumed = found.case.assumed.to_json()
    call.output.table(
        ["assumption", "value", "origin"],
        [[a["doc"], f"{a['value']:g}", a["origin"]] for a in assumed],
    )
    call.output.say()
    call.output.say("Not counted: " + "; ".join(found.to_json()["not_counted"]) + ".")
    seen = "" if table.verified else ", not verified: look at AWS's price pages"
    call.output.note(f"Prices of {table.region} as of {table.as_of}{seen}.")


def _amount(quantity: float) -> str:
    return f"{quantity:,.0f}" if quantity >= 100 else f"{quantity:,.3g}"


def _usd(amount: float) -> str:
    return f"{amount:,.2f}"
