"""The commented `mantissa.toml` that a new home gets, and the same facts as a reference page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mantissa.config.keys import Key, keys_of, show_value, type_name
from mantissa.config.settings import LISTS, SECTIONS

_HEAD = """\
# Settings of this lake. Every key is shown with its default; take away the "#" to change one.
# An environment variable MANTISSA_<SECTION>_<KEY> goes before what stands here.
"""

_EXAMPLE = """\

# [[destinations]]
# name = "security-channel"
# type = "slack"
# secret = "slack-webhook"      # in secrets.toml or MANTISSA_SECRET_SLACK_WEBHOOK

# [[routes]]
# destinations = ["security-channel"]
# min_level = "high"
"""

SECRETS = """\
# Credentials, one a line: name = "value". Only you may read this file (mode 0600).
# MANTISSA_SECRET_<NAME> in the environment goes before what stands here.
# slack-webhook = "…"
"""


def render_template() -> str:
    """Return the `mantissa.toml` of a new home; as it stands it changes no default."""
    return (
        _HEAD + "".join(_template_section(name, cls) for name, cls in SECTIONS.items()) + _EXAMPLE
    )


def _template_section(name: str, cls: type[Any]) -> str:
    lines = "".join(
        f"# {key.name} = {show_value(key, key.default)}  # {key.doc}\n"
        for key in keys_of(cls).values()
    )
    return f"\n# {_summary(cls)}\n[{name}]\n{lines}"


def render_reference() -> str:
    """Return the reference page of all keys as Markdown."""
    return "".join(_reference())


def _reference() -> Iterator[str]:
    yield _REFERENCE_HEAD
    for name, cls in SECTIONS.items():
        yield f"\n## [{name}]\n\n{_summary(cls)}\n\n"
        yield "| key | takes | default | environment | for |\n|---|---|---|---|---|\n"
        for key in keys_of(cls).values():
            variable = f"MANTISSA_{name}_{key.name}".upper()
            yield f"| `{key.name}` | {_takes(key)} | {_shown(key)} | `{variable}` | {key.doc} |\n"
    for name, cls in LISTS.items():
        yield f"\n## [[{name}]]\n\n{_summary(cls)}\n\n"
        yield "| key | takes | default | for |\n|---|---|---|---|\n"
        for key in keys_of(cls).values():
            yield f"| `{key.name}` | {_takes(key)} | {_shown(key)} | {key.doc} |\n"


def _summary(cls: type[Any]) -> str:
    return (cls.__doc__ or "").strip().splitlines()[0]


def _shown(key: Key) -> str:
    return "required" if key.is_required else f"`{show_value(key, key.default)}`"


def _takes(key: Key) -> str:
    words = f"one of {', '.join(key.choices)}" if key.choices else type_name(key)
    low = "" if key.low is None else f", at least {_bound(key, key.low)}"
    high = "" if key.high is None else f", at most {_bound(key, key.high)}"
    return words + low + high


def _bound(key: Key, bound: float) -> str:
    return show_value(key, key.type(bound)).strip('"')


_REFERENCE_HEAD = """\
# Configuration

Settings are read from `mantissa.toml` in the lake's home, and from the environment, which goes
first. A key that is not listed here is refused with its line and the nearest name that is.

The home is the folder that `--home` names, else `MANTISSA_HOME`, else the nearest parent folder
with a `mantissa.toml`, else `./.mantissa`. `mantissa init` writes a `mantissa.toml` with every
key commented out. Sizes may be written like `64MiB`, durations like `90s`, `15m`, `12h`, `7d`;
lists in an environment variable are separated by commas.

Credentials never stand here: a destination names its secret, and the secret is looked for in
`MANTISSA_SECRET_<NAME>` (upper case, `-` and `.` as `_`), then in `secrets.toml` beside this file,
which only its owner may read.
"""
