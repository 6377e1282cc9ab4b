"""The workflows hold no credential, ask for no right they do not use, and run what is pinned."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import yaml

from support.requirements import ROOT

FOLDER = ROOT / ".github/workflows"
FILES = sorted(path.name for path in FOLDER.glob("*.y*ml"))
# A job that may ask GitHub for an OIDC token, and the event that it runs on.
SIGNS_IN = {("deploy.yml", "plan"): "pull_request", ("deploy.yml", "apply"): "push"}
TRIGGERS = {"push", "pull_request"}
PINNED = re.compile(r"[a-z0-9-]+/[a-z0-9-]+@[0-9a-f]{40}")
# What a stranger writes (a title, a branch) may not be pasted into a shell; nor may a secret.
UNSAFE = re.compile(r"\$\{\{")


def read(name: str) -> dict[str, Any]:
    loaded: dict[Any, Any] = yaml.safe_load((FOLDER / name).read_text())
    # YAML 1.1 reads the key `on` as true.
    loaded["on"] = loaded.pop(True)
    return loaded


def steps(workflow: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, job in workflow["jobs"].items():
        for step in job["steps"]:
            yield name, step


def wrong(name: str, workflow: dict[str, Any]) -> list[str]:
    """Return everything about a workflow that is against the rules of this page."""
    found = [f"on {event}" for event in set(workflow["on"]) - TRIGGERS]
    if workflow.get("permissions") != {}:
        found.append("rights for every job")
    for job_name, job in workflow["jobs"].items():
        found += [f"{job_name}: {what}" for what in _job(name, job_name, job)]
    for job_name, step in steps(workflow):
        found += [f"{job_name}: {what}" for what in _step(step)]
    return found


def _job(file: str, name: str, job: dict[str, Any]) -> Iterator[str]:
    rights = job.get("permissions", "none named")
    allowed = {"contents": "read"}
    if (file, name) in SIGNS_IN:
        allowed["id-token"] = "write"
        if f"github.event_name == '{SIGNS_IN[file, name]}'" not in job.get("if", ""):
            yield "runs on another event"
        if "environment" not in job:
            yield "has no environment to protect it"
    if rights != allowed:
        yield f"rights {rights}"
    if "timeout-minutes" not in job:
        yield "no time limit"
    if not re.fullmatch(r"ubuntu-\d\d\.\d\d", job["runs-on"]):
        yield f"runs on {job['runs-on']}"


def _step(step: dict[str, Any]) -> Iterator[str]:
    uses, run = step.get("uses", ""), step.get("run", "")
    if uses and not PINNED.fullmatch(uses):
        yield f"{uses} is not pinned by commit"
    if (
        uses.startswith("actions/checkout@")
        and step["with"].get("persist-credentials") is not False
    ):
        yield "the checkout keeps its token"
    if UNSAFE.search(run):
        yield f"an expression in a shell: {run.splitlines()[0]}"
    if re.search(r"secrets\.|AKIA|aws-access-key-id|AWS_SECRET", str(step)):
        yield "a stored secret"


@pytest.mark.parametrize("name", FILES)
def test_a_workflow_is_within_the_rules(name: str) -> None:
    assert wrong(name, read(name)) == []


def test_there_is_a_workflow_for_each_job() -> None:
    assert FILES == ["ci.yml", "deploy.yml"]
    assert set(SIGNS_IN) == {("deploy.yml", job) for job in read("deploy.yml")["jobs"]}


@pytest.mark.parametrize("name", FILES)
def test_every_pinned_action_says_which_version_it_is(name: str) -> None:
    lines = [ln for ln in (FOLDER / name).read_text().splitlines() if "uses:" in ln]
    assert lines
    assert [ln for ln in lines if not re.search(r"@[0-9a-f]{40} # v\d+\.\d+\.\d+$", ln)] == []


def test_one_action_is_one_commit() -> None:
    pins: dict[str, set[str]] = {}
    for name in FILES:
        for line in (FOLDER / name).read_text().splitlines():
            if "uses:" in line:
                action, _, commit = line.split("uses:")[1].strip().partition("@")
                pins.setdefault(action, set()).add(commit)
    assert {action: found for action, found in pins.items() if len(found) > 1} == {}


@pytest.mark.parametrize("name", FILES)
def test_the_makefile_has_every_target_that_is_made(name: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.M))
    made = {t for _, step in steps(read(name)) for t in re.findall(r"\bmake ([a-z-]+)", str(step))}
    assert made
    assert made - targets == set()


def test_a_plan_of_a_fork_is_not_tried_and_changes_nothing() -> None:
    job = read("deploy.yml")["jobs"]["plan"]
    assert "head.repo.full_name == github.repository" in job["if"]
    shell = "\n".join(step.get("run", "") for step in job["steps"])
    assert "terraform plan" in shell
    assert not re.search(r"terraform (apply|destroy|import|state)", shell)


def test_an_apply_applies_the_plan_that_was_made() -> None:
    workflow = read("deploy.yml")
    assert workflow["on"]["push"] == {"tags": ["v*"]}
    shell = "\n".join(step.get("run", "") for step in workflow["jobs"]["apply"]["steps"])
    assert "-auto-approve" not in shell
    assert re.search(r"-out=(\S+)\n\s*terraform apply -no-color \1$", shell.strip(), flags=re.M)


def _target(workflow: dict[str, Any]) -> None:
    workflow["on"]["pull_request_target"] = None


def _write_all(workflow: dict[str, Any]) -> None:
    workflow["jobs"]["plan"]["permissions"] = "write-all"


def _more_rights(workflow: dict[str, Any]) -> None:
    workflow["jobs"]["plan"]["permissions"]["pull-requests"] = "write"


def _top_rights(workflow: dict[str, Any]) -> None:
    workflow["permissions"] = {"id-token": "write"}


def _title(workflow: dict[str, Any]) -> None:
    workflow["jobs"]["plan"]["steps"][-1]["run"] = "echo ${{ github.event.pull_request.title }}"


def _secret(workflow: dict[str, Any]) -> None:
    workflow["jobs"]["apply"]["steps"][-1]["env"]["KEY"] = "${{ secrets.KEY }}"


def _tag(workflow: dict[str, Any]) -> None:
    workflow["jobs"]["apply"]["steps"][0]["uses"] = "actions/checkout@v7"


def _token(workflow: dict[str, Any]) -> None:
    del workflow["jobs"]["apply"]["steps"][0]["with"]["persist-credentials"]


def _event(workflow: dict[str, Any]) -> None:
    workflow["jobs"]["apply"]["if"] = "vars.AWS_APPLY_ROLE_ARN != ''"


def _open_door(workflow: dict[str, Any]) -> None:
    del workflow["jobs"]["apply"]["environment"]


def _no_end(workflow: dict[str, Any]) -> None:
    del workflow["jobs"]["plan"]["timeout-minutes"]


@pytest.mark.parametrize(
    "broken",
    [
        _target,
        _write_all,
        _more_rights,
        _top_rights,
        _title,
        _secret,
        _tag,
        _token,
        _event,
        _open_door,
        _no_end,
    ],
)
def test_a_broken_rule_is_found(broken: Callable[[dict[str, Any]], None]) -> None:
    workflow = copy.deepcopy(read("deploy.yml"))
    broken(workflow)
    assert len(wrong("deploy.yml", workflow)) == 1
