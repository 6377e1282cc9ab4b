from pathlib import Path
from typing import Any

import pytest

from mantissa.config.reading import find_home, load_settings, secret_values
from mantissa.config.settings import Settings
from mantissa.errors import ConfigError


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path


def load(home: Path, text: str, **environ: str) -> Settings:
    (home / "mantissa.toml").write_text(text, encoding="utf-8")
    return load_settings(home, environ)


def refused(home: Path, text: str, **environ: str) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        load(home, text, **environ)
    return caught.value


def test_without_a_file_every_key_has_its_default(home: Path) -> None:
    assert load_settings(home, {}) == Settings(home=home)


def test_values_are_read_in_their_types(home: Path) -> None:
    settings = load(
        home,
        """
        [lake]
        split_bytes = "8MiB"
        [detection]
        rules = ["mine", "/srv/rules"]
        library = false
        [alerts]
        window = 120
        [[destinations]]
        name = "ops"
        type = "webhook"
        secret = "ops-key"
        options = { sign = true }
        [[routes]]
        destinations = ["ops"]
        min_level = "high"
        """,
    )
    assert settings.lake.split_bytes == 8 << 20
    assert settings.detection.rules == (Path("mine"), Path("/srv/rules"))
    assert settings.detection.library is False
    assert settings.alerts.window == 120.0
    assert settings.destinations[0].options == {"sign": True}
    assert settings.routes[0].min_level == "high"


def test_the_environment_goes_before_the_file(home: Path) -> None:
    settings = load(
        home,
        "[query]\nseconds = 5\nmax_rows = 7\n",
        MANTISSA_QUERY_SECONDS="2m",
        MANTISSA_DETECTION_LIBRARY="false",
        MANTISSA_DETECTION_RULES="a, b",
    )
    assert (settings.query.seconds, settings.query.max_rows) == (120.0, 7)
    assert settings.detection.library is False
    assert settings.detection.rules == (Path("a"), Path("b"))


def test_placeholders_are_lists_of_texts_by_name(home: Path) -> None:
    text = "[detection.placeholders]\nnets = ['10.0.0.0/8', 'fd00::/8']\n'Tier 0' = 'dc*'\n"
    expected = {"nets": ("10.0.0.0/8", "fd00::/8"), "Tier 0": ("dc*",)}
    assert load(home, text).detection.placeholders == expected
    said = load(home, text, MANTISSA_DETECTION_PLACEHOLDERS='{"nets": ["x"]}')
    assert said.detection.placeholders == {"nets": ("x",)}


def test_variables_that_are_no_settings_are_left_alone(home: Path) -> None:
    load(home, "", MANTISSA_HOME="x", MANTISSA_SECRET_SLACK="y", MANTISSA_REQUIRE="z", PATH="p")


BAD: list[tuple[str, str, int, str]] = [
    ("[lake]\nsplit_row = 5", "split_row", 2, "did you mean 'split_rows'?"),
    ("\n[laek]\nsplit_rows = 5", "[laek]", 2, "did you mean 'lake'?"),
    ("[query]\nzzz = 5", "zzz", 2, "known are seconds, memory, max_rows"),
    ("[query]\nmax_rows = '5'", "max_rows", 2, "it must be a whole number"),
    ("[query]\nmax_rows = true", "max_rows", 2, "it must be a whole number"),
    ("[query]\nmax_rows = 0", "max_rows", 2, "it must be 1 or more"),
    ("[ingest]\nmax_depth = 513", "max_depth", 2, "it must be 512 or less"),
    ("[query]\nseconds = nan", "seconds", 2, 'it must be "0.1s" or more'),
    ("[query]\nmemory = '1 MB'", "memory", 2, "KiB, MiB"),
    ("[detection]\nrules = 'x'", "rules", 2, "it must be a list of paths"),
    ("[detection]\nlibrary = 1", "library", 2, "it must be true or false"),
    ("[alerts]\nreopen = ['maybe']", "reopen", 2, "one of true_positive, false_positive"),
    (
        "[[destinations]]\nname='a'\ntype='fax'\nsecret='x'",
        "type",
        3,
        "one of slack, pagerduty, webhook",
    ),
    ("[detection]\nplaceholders = 5", "placeholders", 2, "a table of names"),
    ("[detection.placeholders]\nnets = 5", "placeholders", 1, "a list of texts"),
    ("[detection.placeholders]\nnets = []", "placeholders", 1, "a list of texts"),
    ("[detection.placeholders]\nnets = ['']", "placeholders", 1, "a list of texts"),
    ("[detection.placeholders]\n'%nets%' = ['x']", "placeholders", 1, "a table of names"),
    ("[[destinations]]\nname='a'", "type", 1, "type = …"),
    ("destinations = 3", "destinations", 0, "[[destinations]]"),
    ("lake = 3", "[lake]", 0, ""),
    ("[[routes]]\ndestinations=['x']", "'x'", 2, "add [[destinations]] first"),
    ("[[routes]]\ndestinations=[]", "no destination", 2, "name at least one"),
    ("[lake\n", "TOML", 1, ""),
]


@pytest.mark.parametrize(("text", "named", "line", "fix"), BAD, ids=[b[0][:40] for b in BAD])
def test_what_is_wrong_is_refused_by_line_with_the_fix(
    home: Path, text: str, named: str, line: int, fix: str
) -> None:
    error = refused(home, text)
    assert named in error.message
    assert error.where == f"{home / 'mantissa.toml'}" + (f":{line}" if line else "")
    assert fix in (error.fix or "")


def test_the_line_of_the_right_entry_is_named(home: Path) -> None:
    entry = "[[destinations]]\nname='{}'\ntype='webhook'\nsecret='k'\n"
    error = refused(home, entry.format("a") + entry.format("b") + entry.format("a"))
    assert "'a'" in error.message
    assert error.where == f"{home / 'mantissa.toml'}:10"


def test_a_route_to_a_misspelt_destination_names_the_nearest(home: Path) -> None:
    text = "[[destinations]]\nname='oncall'\ntype='webhook'\nsecret='k'\n[[routes]]\ndestinations=['oncal']"
    assert refused(home, text).fix == "did you mean 'oncall'?"


@pytest.mark.parametrize(
    ("name", "value", "fix"),
    [
        ("MANTISSA_LAKE_SPLIT_ROW", "5", "did you mean 'MANTISSA_LAKE_SPLIT_ROWS'?"),
        ("MANTISSA_LAKE_SPLIT_ROWS", "many", "it must be a whole number"),
        ("MANTISSA_DETECTION_LIBRARY", "perhaps", "it must be true or false"),
        ("MANTISSA_QUERY_MEMORY", "1", 'it must be "64MiB" or more'),
        (
            "MANTISSA_DETECTION_PLACEHOLDERS",
            "nets=x",
            "it must be a table of names, each with a list of texts, as JSON",
        ),
    ],
)
def test_a_wrong_variable_is_refused_by_name(home: Path, name: str, value: str, fix: str) -> None:
    error = refused(home, "", **{name: value})
    assert error.where == f"environment variable {name}"
    assert error.fix == fix


def test_a_file_that_is_not_text_is_refused(home: Path) -> None:
    (home / "mantissa.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="UTF-8"):
        load_settings(home, {})


def test_the_home_is_found_in_the_order_of_the_contract(tmp_path: Path) -> None:
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    environ: dict[str, Any] = {"MANTISSA_HOME": str(tmp_path / "env")}
    assert find_home(Path("opt"), environ, deep) == deep / "opt"
    assert find_home(None, environ, deep) == tmp_path / "env"
    assert find_home(None, {}, deep) == deep / ".mantissa"
    (tmp_path / "a" / "mantissa.toml").touch()
    assert find_home(None, {}, deep) == tmp_path / "a"
    assert find_home(None, {"MANTISSA_HOME": ""}, deep) == tmp_path / "a"


def test_secrets_of_the_environment_are_known_longest_first() -> None:
    environ = {"MANTISSA_SECRET_A": "abcdef", "MANTISSA_SECRET_B": "abcdefgh", "X": "0123456789"}
    assert secret_values(environ) == ("abcdefgh", "abcdef")
