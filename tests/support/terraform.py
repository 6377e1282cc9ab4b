"""The real Terraform, on a copy of the root module, against an emulator or no cloud at all."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from support.emulators import ACCESS_KEY, REGION, SECRET_KEY, Emulator, bare_environ
from support.requirements import ROOT

SOURCE = ROOT / "aws" / "terraform"
ALIASES = ("", "us_east_1", "replica")
"""The root's provider configurations, by alias."""

MINISTACK_GAPS = ("cloudwatch", "wafv2")
"""Services for which a whole apply needs moto beside ministack 1.5: its answers about alarms lack
most of what was set, so that every plan would change them, and it cannot log a firewall."""

_PROVIDER = """\
provider "aws" {{
{alias}  s3_use_path_style           = true
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_region_validation      = true
}}
"""


class TerraformFailed(AssertionError):
    """Terraform's exit code was not among the expected."""


class AnswerLost(TerraformFailed):
    """Something is said to exist already in an emulator that was empty: it was asked for twice.

    The provider asks again when an answer fails to come, and most of what an emulator makes may be
    made twice; a trail may not. The message ends with every request of the kind and its answers.
    """


_Made = TypeVar("_Made")


def answered(attempt: Callable[[str], _Made]) -> _Made:
    """Make an attempt in an empty emulator, and one more in another if an answer was lost."""
    try:
        return attempt("first")
    except AnswerLost as lost:
        print(lost, file=sys.stderr)
        return attempt("second")


def plugin_folder() -> str:
    """Return the folder of a provider that is already here, or nothing."""
    if named := os.environ.get("TF_PLUGIN_DIR", ""):
        return named
    tool = ROOT.parent / "shared" / "tools" / "tf-plugin-dir"
    if tool.is_file():
        return subprocess.run([tool], check=True, capture_output=True, text=True).stdout.strip()
    # A mirror in the layout that `-plugin-dir` reads: folder/host/hashicorp/aws/version/system.
    found = sorted(Path("/opt").glob("*/*/hashicorp/aws"))
    return str(found[0].parents[2]) if found else ""


def environ(**more: str) -> dict[str, str]:
    """Return an environment in which Terraform sees no machine's settings and no credentials."""
    clean = {k: v for k, v in bare_environ(os.environ).items() if not k.startswith("TF_")}
    return clean | {
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        "AWS_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "CHECKPOINT_DISABLE": "1",
        "TF_IN_AUTOMATION": "1",
        "TF_INPUT": "0",
        **more,
    }


def run(
    folder: Path, *words: str, codes: tuple[int, ...] = (0,), env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run one Terraform command in a folder. Raises `TerraformFailed` with what it printed."""
    done = subprocess.run(
        ["terraform", *words, "-no-color"],
        cwd=folder,
        env=dict(env or environ()),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode not in codes:
        said = f"{done.stdout[-6000:]}\n{done.stderr[-6000:]}"
        raise TerraformFailed(f"terraform {' '.join(words)}: exit {done.returncode}\n{said}")
    return done


def init(folder: Path, env: Mapping[str, str] | None = None) -> None:
    """Make a folder ready, with the provider that is here or else the public one."""
    plugins = plugin_folder()
    words = [f"-plugin-dir={plugins}"] if plugins else []
    run(folder, "init", "-backend=false", "-input=false", *words, env=env)


def copy_module(target: Path, source: Path = SOURCE) -> Path:
    """Copy a module with everything below it, but not what Terraform made in it."""
    shutil.copytree(
        source,
        target,
        ignore=shutil.ignore_patterns(".terraform*", "*.tfstate*", "backend.tf", "*.auto.tfvars"),
        dirs_exist_ok=True,
    )
    return target


@dataclass(frozen=True)
class Deployment:
    """A copy of the root module with variables, applied to one emulator."""

    folder: Path
    env: Mapping[str, str]
    variables: Mapping[str, Any]

    def apply(self) -> None:
        """Make everything, without asking. Raises `AnswerLost`, or `TerraformFailed`."""
        log = self.folder / "provider.log"
        logging = {"TF_LOG_PROVIDER": "DEBUG", "TF_LOG_PATH": str(log)}
        words = ("apply", "-auto-approve", "-input=false", "-parallelism=20")
        try:
            run(self.folder, *words, env={**self.env, **logging})
        except TerraformFailed as failed:
            lost = re.search(r"operation error [\w ]+: (\w+), .*already exists", str(failed))
            if lost is None:
                raise
            raise AnswerLost(f"{failed}\n{_requests(log, lost[1])}") from None

    def drift(self) -> str:
        """Return what a second plan would change; nothing when it is clean."""
        done = self._run("plan", "-detailed-exitcode", "-input=false", codes=(0, 2))
        return done.stdout.partition("Terraform will perform")[2] if done.returncode else ""

    def destroy(self, *more: str) -> None:
        """Take everything away again."""
        self._run("destroy", "-auto-approve", "-input=false", "-parallelism=20", *more)

    def outputs(self) -> dict[str, Any]:
        """Return the root's outputs."""
        read = json.loads(run(self.folder, "output", "-json", env=self.env).stdout)
        return {name: entry["value"] for name, entry in read.items()}

    def resources(self) -> list[str]:
        """Return the addresses of everything that was made, sorted."""
        listed = run(self.folder, "state", "list", env=self.env).stdout.split("\n")
        return sorted(line for line in listed if line and ".data." not in f".{line}")

    def _run(self, *words: str, codes: tuple[int, ...] = (0,)) -> subprocess.CompletedProcess[str]:
        return run(self.folder, *words, codes=codes, env=self.env)


def _requests(log: Path, method: str) -> str:
    """Return what a provider's log says of one kind of request, a line each."""
    with log.open(encoding="utf-8", errors="replace") as lines:
        told = [line for line in lines if f"rpc.method={method}" in line]
    keep = re.compile(r"^\S+|HTTP \w+ \w+|attempt=\d+|http\.(?:duration|response\.status_code)=\d+")
    return "\n".join(" ".join(keep.findall(line)) for line in told)


def deployment(
    folder: Path, emulator: Emulator, variables: Mapping[str, Any], **elsewhere: Emulator
) -> Deployment:
    """Copy the root module, point its providers at an emulator and make it ready to apply.

    `elsewhere` names services, as the SDK spells them, that another emulator answers for.
    """
    values = {"source_directory": str(ROOT), **variables}
    return deployment_of(copy_module(folder), emulator, values, **elsewhere)


def provider(alias: str = "") -> str:
    """Return the text of a provider configuration for an emulator."""
    return _PROVIDER.format(alias=f'  alias = "{alias}"\n' if alias else "")


def deployment_of(
    folder: Path,
    emulator: Emulator,
    variables: Mapping[str, Any],
    *,
    aliases: Sequence[str] = ALIASES,
    **elsewhere: Emulator,
) -> Deployment:
    """Do the same for a module that is copied already."""
    providers = "\n".join(provider(alias) for alias in aliases)
    (folder / "emulator_override.tf").write_text(providers, encoding="utf-8")
    # The default region is the emulator's own; a module that knows no such variable has no provider.
    values = {"aws_region": REGION, **variables} if aliases else variables
    (folder / "test.auto.tfvars.json").write_text(json.dumps(values), encoding="utf-8")
    others = {f"AWS_ENDPOINT_URL_{name.upper()}": other.url for name, other in elsewhere.items()}
    env = environ(**emulator.environ(**others))
    init(folder, env)
    return Deployment(folder, env, values)


def tiny_artefacts(folder: Path) -> dict[str, str]:
    """Return variables that build zips of a few bytes, for tests that call no function.

    They are made from a repository of one source file, which nobody edits between two plans.
    """
    repository = folder / "repository"
    (repository / "aws").mkdir(parents=True)
    shutil.copy(ROOT / "aws" / "catalog.json", repository / "aws")
    (repository / "src").mkdir()
    (repository / "src" / "one.py").write_text("ONE = 1\n", encoding="utf-8")
    (folder / "build.py").write_text(_TINY, encoding="utf-8")
    zips = folder / "zips"
    return {
        "source_directory": str(repository),
        "package_command": f"{sys.executable} {folder / 'build.py'} {zips}",
        "artefact_directory": str(zips),
    }


_TINY = """\
import pathlib, sys, zipfile
folder = pathlib.Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
for name in ("ingest", "detect", "alert", "api", "sweep"):
    with zipfile.ZipFile(folder / f"{name}.zip", "w") as made:
        made.writestr("README", name)
"""
