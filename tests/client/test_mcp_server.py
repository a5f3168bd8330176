"""An agent's client, the official one, reads documents through the site."""

from __future__ import annotations

import asyncio
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, StdioServerParameters

from ocrsite_client.mcp_server import Folders
from tests.client.sites import CLIENT, INVOICE, NOTHING
from tests.people import Organisation


def test_agent_reads_documents_over_stdio(address: str, acme: Organisation, tmp_path: Path) -> None:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    (inbox / "may.pdf").write_bytes(INVOICE)
    (inbox / "broken.pdf").write_bytes(NOTHING[:200])
    (tmp_path / "private.pdf").write_bytes(INVOICE)
    program = StdioServerParameters(
        command=sys.executable,
        args=["-m", "ocrsite_client.mcp_server", str(inbox)],
        env={
            "PYTHONPATH": str(CLIENT),
            "PATH": os.environ["PATH"],
            "OCRSITE_URL": address,
            "OCRSITE_KEY": acme.raw_key,
        },
    )
    reported: list[float] = []

    async def note(progress: float, total: float | None, message: str | None) -> None:
        reported.append(progress)

    async def talk() -> dict[str, Any]:
        said: dict[str, Any] = {}
        async with Client(program) as agent:
            said["tools"] = (await agent.list_tools()).tools
            said["text"] = await agent.call_tool(
                "read_document", {"document": "may.pdf", "pages": "1"}, progress_callback=note
            )
            job = said["text"].structured_content["job"]
            said["rest"] = await agent.call_tool("read_document", {"document": job, "offset": 5})
            said["fields"] = await agent.call_tool(
                "extract_fields", {"document": "may.pdf", "fields": ["invoice_number"]}
            )
            said["status"] = await agent.call_tool("job_status", {"job": job})
            for path in ("../private.pdf", str(tmp_path / "private.pdf"), "none.pdf"):
                said[path] = await agent.call_tool("read_document", {"document": path})
            said["broken"] = await agent.call_tool("read_document", {"document": "broken.pdf"})
        return said

    with ThreadPoolExecutor(1) as apart:  # this thread may have a browser's loop
        said = apart.submit(asyncio.run, talk()).result()
    assert {tool.name for tool in said["tools"]} == {
        "read_document",
        "extract_fields",
        "job_status",
    }
    text = said["text"].structured_content
    assert "A-4711" in text["text"]
    assert (text["status"], text["next_offset"]) == ("succeeded", None)
    assert reported[-1:] == [1.0]
    assert said["rest"].structured_content["text"] == text["text"][5:]
    (field,) = said["fields"].structured_content["fields"]
    assert (field["name"], field["value"]) == ("invoice_number", "A-4711")
    assert said["status"].structured_content["pages_done"] == 1
    for path in ("../private.pdf", str(tmp_path / "private.pdf"), "none.pdf", "broken"):
        assert said[path].is_error
    assert "none of the folders" in said["../private.pdf"].content[0].text
    assert "corrupt_document" in said["broken"].content[0].text


def test_folders_give_what_lies_in_them_alone(tmp_path: Path) -> None:
    inside, outside = tmp_path / "in", tmp_path / "in-not"
    for folder in (inside, outside):
        folder.mkdir()
        (folder / "a.pdf").write_bytes(b"%PDF-")
    (inside / "link.pdf").symlink_to(outside / "a.pdf")
    (inside / "folder").symlink_to(outside)
    os.mkfifo(inside / "pipe.pdf")
    folders = Folders([str(inside)])
    for name in ("a.pdf", "./a.pdf", str(inside / "a.pdf"), "../in/a.pdf"):
        with folders.open(name) as file:
            assert file.read() == b"%PDF-"
    refused = ("link.pdf", "folder/a.pdf", "../in-not/a.pdf", "/etc/passwd", "pipe.pdf", ".")
    for name in refused:
        with pytest.raises(OSError):
            folders.open(name)
