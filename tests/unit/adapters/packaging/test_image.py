"""The container image is made of the artefact: its Dockerfile names what there is."""

from __future__ import annotations

import re

from mantissa.adapters.packaging.functions import HANDLERS
from support.requirements import ROOT

FILE = ROOT / "aws" / "functions" / "Dockerfile"


def instructions() -> list[tuple[str, str]]:
    """Return the instructions in order, continued lines joined."""
    text = FILE.read_text().replace("\\\n", " ")
    lines = [line.strip() for line in text.splitlines()]
    return [
        (word, re.sub(r"\s+", " ", rest))
        for word, _, rest in (line.partition(" ") for line in lines if line and line[0] != "#")
    ]


def test_both_stages_begin_with_aws_own_image() -> None:
    stages = [rest for word, rest in instructions() if word == "FROM"]
    image = "public.ecr.aws/lambda/python:${PYTHON}"
    assert stages == [f"{image} AS unpacked", image]
    assert instructions()[0] == ("ARG", "PYTHON=3.13")


def test_every_stage_declares_what_it_uses() -> None:
    stages: list[list[tuple[str, str]]] = []
    for word, rest in instructions()[1:]:
        stages += [[]] if word == "FROM" else []
        stages[-1].append((word, rest))
    for stage in stages:
        declared = {rest.partition("=")[0] for word, rest in stage if word == "ARG"}
        used = {
            n for word, rest in stage if word != "FROM" for n in re.findall(r"\$\{(\w+)\}", rest)
        }
        assert used - {"LAMBDA_TASK_ROOT"} <= declared


def test_what_is_copied_is_the_artefact() -> None:
    copies = [rest for word, rest in instructions() if word == "COPY"]
    assert copies == [
        "build/lambda/${FUNCTION}.zip /tmp/function.zip",
        "--from=unpacked /function ${LAMBDA_TASK_ROOT}",
    ]
    assert not any(word == "ADD" for word, _ in instructions())


def test_it_calls_the_handler_as_lambdas_own_user() -> None:
    runs = " ".join(rest for word, rest in instructions() if word == "RUN")
    assert f"from {HANDLERS}.${{FUNCTION}} import handler" in runs
    assert not any(word == "USER" for word, _ in instructions())
    assert instructions()[-1] == ("CMD", '["function.handler"]')
