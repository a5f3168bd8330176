"""The calls shown beside a result: they run, whatever the file is called."""

from __future__ import annotations

import ast
import json

import pytest

from jobs.models import Job, StoredFile
from jobs.request_examples import curl, examples, javascript, python

NAME = 'it\'s; "$(rm)" \\ ü\n`${x}`.pdf'
OPTIONS = {"pages": "1-3", "split": True, "schema": {"type": "object"}, "outputs": ["pdf"]}
ADDRESS = "https://ocr.example/api/v1/ocr/jobs"


@pytest.fixture
def job() -> Job:
    """A job with a name that would break out."""
    return Job(file=StoredFile(name=NAME), engine="auto", options=OPTIONS, retention_hours=0)


def test_python_is_a_program_with_the_options(job: Job) -> None:
    program = python(job, ADDRESS)
    tree = ast.parse(program)
    constants = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    assert {NAME, "1-3", "true", '{"type": "object"}', "pdf", "0", "auto"} <= constants
    assert f"{ADDRESS}?wait=60" in constants


def test_python_without_options_is_a_program(job: Job) -> None:
    job.options, job.retention_hours = {}, None
    ast.parse(python(job, ADDRESS))


def test_javascript_holds_every_text_as_a_literal(job: Job) -> None:
    program = javascript(job, ADDRESS)
    assert json.dumps(NAME, ensure_ascii=False) in program
    assert 'form.append("split", "true");' in program
    assert "process.env.OCRSITE_KEY" in program


def test_each_language_has_its_example(job: Job) -> None:
    assert [each.name for each in examples(job, ADDRESS)] == ["curl", "python", "javascript"]
    assert curl(job, ADDRESS).startswith(f"curl {ADDRESS} \\\n")
