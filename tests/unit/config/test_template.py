import dataclasses
import re
from pathlib import Path
from typing import Any

from mantissa.adapters.destinations.registry import REGISTRY
from mantissa.alerts.route import AlertSettings as CoreAlertSettings
from mantissa.config.keys import keys_of
from mantissa.config.reading import load_settings
from mantissa.config.settings import DESTINATION_TYPES, LEVELS, SECTIONS, VERDICTS, Settings
from mantissa.config.template import render_reference, render_template
from mantissa.model import QueryLimits, Severity, Verdict
from mantissa.sources.record import Limits


def load(home: Path, text: str) -> Settings:
    (home / "mantissa.toml").write_text(text, encoding="utf-8")
    return dataclasses.replace(load_settings(home, {}), file=None)


def test_the_template_changes_nothing(tmp_path: Path) -> None:
    assert load(tmp_path, render_template()) == Settings(home=tmp_path)


def test_every_default_in_the_template_is_the_default(tmp_path: Path) -> None:
    shown = re.sub(r"^# (\w+ = )", r"\1", render_template().partition("\n# [[dest")[0], flags=re.M)
    assert shown.count("\nsplit_rows = ") == 1
    assert load(tmp_path, shown) == Settings(home=tmp_path)


def test_the_example_of_a_destination_and_a_route_is_right(tmp_path: Path) -> None:
    example = "# [[dest" + render_template().partition("# [[dest")[2]
    settings = load(tmp_path, re.sub(r"^# ", "", example, flags=re.M))
    assert settings.routes[0].destinations == (settings.destinations[0].name,)


def test_the_reference_has_a_row_for_every_key() -> None:
    keys = sum(len(keys_of(cls)) for cls in SECTIONS.values())
    assert render_reference().count("| `MANTISSA_") == keys


def defaults(of: Any) -> dict[str, Any]:
    return dataclasses.asdict(of)


def test_settings_and_cores_agree_on_names_and_defaults() -> None:
    settings = Settings(home=Path())
    assert defaults(Limits()).items() <= defaults(settings.ingest).items()
    assert settings.query.seconds == QueryLimits().seconds
    assert settings.query.memory == QueryLimits().memory_bytes
    core = CoreAlertSettings()
    assert settings.alerts.window == core.window.total_seconds()
    assert (settings.alerts.tenant, settings.alerts.link) == (core.tenant, core.link)
    assert set(settings.alerts.reopen) == {str(verdict) for verdict in core.reopen}


def test_settings_know_the_words_of_the_model() -> None:
    assert tuple(str(level) for level in Severity) == LEVELS
    assert tuple(str(verdict) for verdict in Verdict) == VERDICTS


def test_settings_know_every_kind_of_destination() -> None:
    assert set(DESTINATION_TYPES) == set(REGISTRY)
