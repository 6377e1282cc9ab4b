"""From a `Call` to the product: finds the lake, or makes it where a command may."""

from __future__ import annotations

from mantissa.adapters.local.home import create_home
from mantissa.bootstrap.local import LocalApp
from mantissa.config.reading import FILE
from mantissa.config.template import SECRETS, render_template
from mantissa.entrypoints.cli.command import Call


def boot(call: Call) -> LocalApp:
    """Return the product over the call's lake. Raises `ConfigError` when there is none."""
    return boot_without_lake(call).require_lake()


def boot_without_lake(call: Call) -> LocalApp:
    """Return the product for a command that needs sources and rules, but no lake."""
    app = LocalApp(call.settings, call.environ)
    call.at_end.callback(app.close)
    return app


def boot_or_create(call: Call) -> LocalApp:
    """Return the product, making the folder of the lake if it is not there yet."""
    create_home(call.home, settings={FILE: render_template()}, secrets=SECRETS)
    return boot_without_lake(call)
