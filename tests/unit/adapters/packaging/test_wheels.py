"""Wheels come by hash or not at all, and what is wrong is said in our words."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

import pytest

from mantissa.adapters.packaging.lock import Pin
from mantissa.adapters.packaging.target import Target
from mantissa.adapters.packaging.wheels import fetch_wheels
from mantissa.errors import ConfigError, StoreError, StoreTransient
from support.requirements import require

TARGET = Target.of("arm64", "3.13")
SIX = Pin("six", "1.17.0", "", ("a" * 64,))


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Point pip at a door that nobody opens."""
    for name, value in {"PIP_PROXY": "http://127.0.0.1:9", "PIP_NO_CACHE_DIR": "1"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("NO_PROXY", "")
    monkeypatch.setenv("no_proxy", "")


def put(folder: Path, name: str) -> str:
    """Write a wheel and return its hash."""
    with zipfile.ZipFile(folder / name, "w") as wheel:
        wheel.writestr("six.py", "")
    return hashlib.sha256((folder / name).read_bytes()).hexdigest()


@pytest.mark.usefixtures("offline")
def test_what_is_in_the_folder_is_not_fetched(tmp_path: Path) -> None:
    digest = put(tmp_path, "six-1.17.0-py2.py3-none-any.whl")
    pin = Pin("six", "1.17.0", "", ("b" * 64, digest))
    assert fetch_wheels([pin], TARGET, tmp_path) == {
        "six": tmp_path / "six-1.17.0-py2.py3-none-any.whl"
    }


@pytest.mark.usefixtures("offline")
def test_a_wheel_of_another_content_is_not_taken_and_no_index_is_said(tmp_path: Path) -> None:
    put(tmp_path, "six-1.17.0-py2.py3-none-any.whl")
    (tmp_path / "not a wheel.whl").write_bytes(b"")
    with pytest.raises(StoreTransient, match="no package index answers"):
        fetch_wheels([SIX], TARGET, tmp_path)


def test_a_file_that_the_lock_does_not_name_is_refused(tmp_path: Path) -> None:
    require("registry")
    with pytest.raises(StoreError, match=r"six==1\.17\.0 is not the file that the lock names"):
        fetch_wheels([SIX], TARGET, tmp_path)
    assert list(tmp_path.glob("*.whl")) == []


def test_a_package_without_a_wheel_for_the_target_is_named(tmp_path: Path) -> None:
    require("registry")
    absent = Pin("pyarrow", "0.17.1", "", ("a" * 64,))
    with pytest.raises(ConfigError, match=r"no wheels for 3\.13-arm64: .*pyarrow==0\.17\.1"):
        fetch_wheels([absent], TARGET, tmp_path)
