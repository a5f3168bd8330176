"""The API's calls that make a job, as they would be typed: curl, Python, JavaScript.

The key is always a variable: no page shows one.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable
from dataclasses import dataclass

from jobs.models import Job


@dataclass(frozen=True, slots=True)
class Example:
    """A program's text; ``name`` is its language's id, ``title`` what people call it."""

    name: str
    title: str
    text: str


def examples(job: Job, address: str) -> tuple[Example, ...]:
    """The same call in each language; ``address`` is that of submitting."""
    return (
        Example("curl", "curl", curl(job, address)),
        Example("python", "Python", python(job, address)),
        Example("javascript", "JavaScript", javascript(job, address)),
    )


def pretty(value: object) -> str:
    """A value of the API's as JSON for people."""
    return json.dumps(value, ensure_ascii=False, indent=2)


def pretty_json(text: str) -> str:
    """JSON for people."""
    return pretty(json.loads(text))


def curl(job: Job, address: str) -> str:
    """As a shell command."""
    name = job.file.name.replace("\\", "\\\\").replace('"', '\\"')
    parts = [
        "curl " + shlex.quote(address),
        '-H "Authorization: Bearer $OCRSITE_KEY"',
        "-F " + shlex.quote(f'file=@"{name}"'),
        *(f"-F {shlex.quote(f'{key}={value}')}" for key, value in given(job)),
    ]
    return " \\\n  ".join(parts)


def python(job: Job, address: str) -> str:
    """With the library requests; waits for the end."""
    data = "".join(f"        {key!r}: {value!r},\n" for key, value in given(job))
    return (
        "import os\n\nimport requests\n\n"
        f"with open({job.file.name!r}, 'rb') as document:\n"
        "    answer = requests.post(\n"
        f"        {address + '?wait=60'!r},\n"
        "        headers={'Authorization': f\"Bearer {os.environ['OCRSITE_KEY']}\"},\n"
        "        files={'file': document},\n"
        f"        data={{\n    {data.replace(chr(10), chr(10) + '    ').rstrip(' ')}        }},\n"
        "    )\n"
        "answer.raise_for_status()\n"
        "print(answer.json()['status'], answer.json()['links'])\n"
    )


def javascript(job: Job, address: str) -> str:
    """For Node 20 and later; waits for the end."""
    name = json.dumps(job.file.name, ensure_ascii=False)
    lines = "".join(
        f"form.append({json.dumps(key)}, {json.dumps(value, ensure_ascii=False)});\n"
        for key, value in given(job)
    )
    return (
        'import { openAsBlob } from "node:fs";\n\n'
        "const form = new FormData();\n"
        f'form.append("file", await openAsBlob({name}), {name});\n'
        f"{lines}"
        f"const answer = await fetch({json.dumps(address + '?wait=60')}, {{\n"
        '  method: "POST",\n'
        "  headers: { Authorization: `Bearer ${process.env.OCRSITE_KEY}` },\n"
        "  body: form,\n"
        "});\n"
        "if (!answer.ok) throw new Error(await answer.text());\n"
        "const job = await answer.json();\n"
        "console.log(job.status, job.links);\n"
    )


def given(job: Job) -> Iterable[tuple[str, str]]:
    """The options that differ from those the API chooses by itself."""
    yield "engine", job.engine
    for key, default in (
        ("pages", ""),
        ("dpi", 200),
        ("text_layer", "auto"),
        ("strip_furniture", False),
        ("split", False),
        ("template", ""),
    ):
        value = job.options.get(key, default)
        if value != default:
            yield key, str(value).lower() if value is True else str(value)
    if job.retention_hours is not None:
        yield "retention_hours", str(job.retention_hours)
    if fields := job.options.get("fields"):
        yield "fields", ",".join(fields)
    if schema := job.options.get("schema"):
        yield "schema", json.dumps(schema, ensure_ascii=False)
    if outputs := job.options.get("outputs"):
        yield "outputs", ",".join(outputs)
