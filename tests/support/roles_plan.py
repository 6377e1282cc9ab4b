"""What a plan of the real root module says of the functions' roles, and what they are to use."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support import terraform
from support.emulators import REGION, Emulator

FUNCTIONS = ("ingest", "detect", "alert", "api", "sweep")
Document = Mapping[str, Any]


@dataclass(frozen=True)
class Removal:
    """One action of one statement."""

    sid: str
    action: str

    def __str__(self) -> str:
        return f"{self.sid}-{self.action}"


@dataclass(frozen=True)
class Planned:
    """The plan in the parts that matter here.

    Args:
        service: function → the policy of its own code.
        platform: function → what Lambda does in its name.
        trust: function → who may take its role.
    """

    service: Mapping[str, Document]
    platform: Mapping[str, Document]
    trust: Mapping[str, Document]
    buckets: Mapping[str, str]
    queues: tuple[str, ...]
    secrets: tuple[str, ...]
    workgroups: Mapping[str, str]
    database: str
    table: str

    @property
    def name(self) -> str:
        return self.table.removesuffix("-state")


def plan(folder: Path, emulator: Emulator) -> Planned:
    """Plan a deployment with the settings of dev.tfvars and both destinations."""
    variables = {
        "slack_webhook_url": "https://hooks.example/one",
        "pagerduty_api_key": "one",
        **terraform.tiny_artefacts(folder / "artefacts"),
    }
    made = terraform.deployment(folder / "terraform", emulator, variables)
    # A file that is named here goes before those that Terraform finds by itself.
    files = ["-var-file=environments/dev.tfvars", f"-var=aws_region={REGION}"]
    words = ["plan", "-out=plan", "-input=false", "-parallelism=20", *files]
    terraform.run(made.folder, *words, env=made.env)
    shown = terraform.run(made.folder, "show", "-json", "plan", env=made.env).stdout
    return _read(list(_resources(json.loads(shown)["planned_values"]["root_module"])))


def _read(resources: list[Mapping[str, Any]]) -> Planned:
    def named(kind: str, attribute: str = "name") -> list[str]:
        return [r["values"][attribute] for r in resources if r["type"] == kind]

    def of_functions(kind: str, name: str, attribute: str) -> dict[str, Document]:
        place = 'module.compute.module.function["{}"].{}.{}'
        places = {place.format(function, kind, name): function for function in FUNCTIONS}
        found = {places[r["address"]]: r for r in resources if r["address"] in places}
        assert len(found) == len(FUNCTIONS), f"{kind}.{name} is not in the plan"
        return {f: json.loads(r["values"][attribute]) for f, r in found.items()}

    buckets = {
        r["index"] if "index" in r else r["address"].split('"')[1]: r["values"]["bucket"]
        for r in resources
        if r["type"] == "aws_s3_bucket" and r["address"].startswith("module.storage.module.bucket[")
    }
    (database,), (table,) = named("aws_glue_catalog_database"), named("aws_dynamodb_table")
    return Planned(
        service=of_functions("aws_iam_role_policy", "service", "policy"),
        platform=of_functions("aws_iam_role_policy", "platform", "policy"),
        trust=of_functions("aws_iam_role", "this", "assume_role_policy"),
        buckets=buckets,
        queues=tuple(named("aws_sqs_queue")),
        secrets=tuple(named("aws_secretsmanager_secret")),
        workgroups={n.rpartition("-")[2]: n for n in named("aws_athena_workgroup")},
        database=database,
        table=table,
    )


def _resources(module: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from module.get("resources", ())
    for child in module.get("child_modules", ()):
        yield from _resources(child)


def removals(policy: Document) -> list[Removal]:
    """Return every action of every statement of a policy."""
    return [
        Removal(s["Sid"], action) for s in policy["Statement"] for action in listed(s["Action"])
    ]


def without(policy: Document, removal: Removal) -> Document:
    """Return the policy without what one action of one statement allows.

    What other statements allow of the very same goes too: to say a thing twice is no more right.
    """
    (chosen,) = [s for s in policy["Statement"] if s["Sid"] == removal.sid]
    lost = listed(chosen["Resource"])
    statements = []
    for statement in policy["Statement"]:
        actions, places = listed(statement["Action"]), listed(statement["Resource"])
        if removal.action in actions:
            kept = [place for place in places if place not in lost]
            rest = {**statement, "Sid": f"{statement['Sid']}Elsewhere"}
            statements += _allowing(rest, [removal.action], kept)
            actions = [action for action in actions if action != removal.action]
        statements += _allowing(statement, actions, places)
    return {**policy, "Statement": statements}


def _allowing(statement: Document, actions: list[str], places: list[str]) -> list[Document]:
    return [{**statement, "Action": actions, "Resource": places}] if actions and places else []


def listed(value: str | list[str]) -> list[str]:
    """Return what IAM writes as one text or as several."""
    return [value] if isinstance(value, str) else list(value)
