"""Reads tables of AWS's prices: ours, or a file of the user's in the same form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from mantissa.errors import ConfigError
from mantissa.lake.cost import Price

BUILTIN = "prices.yaml"


@dataclass(frozen=True, slots=True)
class PriceTable:
    """One region's prices.

    Args:
        as_of: when they were known, as the table says.
        verified: whether somebody held them against AWS's price pages.
    """

    region: str
    as_of: str
    verified: bool
    prices: Mapping[str, Price]


def load_prices(region: str, file: Path | None = None) -> PriceTable:
    """Return a region's prices. Raises `ConfigError` naming the file and what is wrong."""
    where = str(file or BUILTIN)
    document = _read(file)
    regions = document.get("regions")
    if not isinstance(regions, dict) or not regions:
        raise ConfigError("it has no 'regions'", where=where, fix="see docs/guide/aws/cost.md")
    if region not in regions:
        known = ", ".join(sorted(map(str, regions)))
        fix = f"take one of {known}, or give a table with yours: --prices FILE"
        raise ConfigError(f"no prices of {region!r} are known", where=where, fix=fix)
    prices = {name: _price(name, entry, where) for name, entry in dict(regions[region]).items()}
    as_of = str(document.get("as_of", "an unknown date"))
    return PriceTable(region, as_of, document.get("verified") is True, prices)


def _read(file: Path | None) -> dict[str, Any]:
    where = str(file or BUILTIN)
    try:
        source = files("mantissa.adapters.aws") / BUILTIN if file is None else file
        document = yaml.safe_load(source.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"cannot read it: {error.strerror}", where=where) from error
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError("it is not YAML", where=where) from error
    if not isinstance(document, dict):
        raise ConfigError("it is no table of prices", where=where)
    return document


def _price(name: str, entry: object, where: str) -> Price:
    usd = entry.get("usd") if isinstance(entry, dict) else None
    if not isinstance(usd, int | float) or isinstance(usd, bool) or usd < 0:
        fix = f"{name}: {{usd: 0.10, unit: GB}}"
        raise ConfigError(f"'{name}' is no price", where=where, fix=fix)
    return Price(float(usd), str(entry.get("unit", "")) if isinstance(entry, dict) else "")
