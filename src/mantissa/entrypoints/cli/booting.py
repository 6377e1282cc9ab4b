"""From a `Call` to the product: finds the lake, or makes it where a command may."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

from mantissa.adapters.local.home import create_home
from mantissa.bootstrap.app import App
from mantissa.bootstrap.local import LocalApp
from mantissa.config.reading import FILE
from mantissa.config.template import SECRETS, render_template
from mantissa.entrypoints.cli.command import Call
from mantissa.errors import ConfigError

if TYPE_CHECKING:
    from mantissa.bootstrap.aws import AwsApp


def boot(call: Call) -> LocalApp:
    """Return the product over the call's lake. Raises `ConfigError` when there is none."""
    return boot_without_lake(call).require_lake()


def boot_on(call: Call, engine: str) -> App:
    """Return the product over an engine's lake: this one, or the deployed one of the settings.

    Raises `ConfigError` for an engine that is not known.
    """
    if engine == "duckdb":
        return boot(call)
    if engine == "athena":
        return boot_deployed(call)
    if engine == "trino":
        return _boot_trino(call)
    raise ConfigError(f"no engine {engine!r}", fix="one of: duckdb, athena, trino")


def boot_deployed(call: Call) -> AwsApp:
    """Return the product over the deployed lake of the settings."""
    require_extra("boto3", "aws")
    from mantissa.bootstrap.aws import AwsApp

    app = AwsApp(call.settings)
    call.at_end.callback(app.close)
    return app


def _boot_trino(call: Call) -> App:
    require_extra("boto3", "aws")
    require_extra("trino", "trino")
    from mantissa.bootstrap.trino import TrinoApp

    app = TrinoApp(call.settings)
    call.at_end.callback(app.close)
    return app


def require_extra(package: str, extra: str) -> None:
    """Refuse where a package of an optional part is not installed. Raises `ConfigError`."""
    if find_spec(package) is None:
        fix = f"pip install 'mantissa-log[{extra}]'"
        raise ConfigError(f"the package {package} is not installed", fix=fix)


def boot_without_lake(call: Call) -> LocalApp:
    """Return the product for a command that needs sources and rules, but no lake."""
    app = LocalApp(call.settings, call.environ)
    call.at_end.callback(app.close)
    return app


def boot_or_create(call: Call) -> LocalApp:
    """Return the product, making the folder of the lake if it is not there yet."""
    create_home(call.home, settings={FILE: render_template()}, secrets=SECRETS)
    return boot_without_lake(call)
