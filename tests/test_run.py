"""`make run` around its programs: one at a time, nothing left behind, a login that opens."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from io import StringIO
from pathlib import Path

import psutil
import pytest
from django.core.management import call_command
from pytest_django.live_server_helper import LiveServer

from ocrsite.embedded import servers
from ocrsite.run import _login

PARENT = """
import subprocess, sys, time
from ocrsite.embedded import end_with_parent
child = subprocess.Popen(["sleep", "600"], preexec_fn=end_with_parent, start_new_session=True)
print(child.pid, flush=True)
time.sleep(600)
"""


def test_servers_refuse_a_folder_in_use_and_take_it_afterwards(tmp_path: Path) -> None:
    given = {"database_url": "postgres://db/x", "redis_url": "redis://cache/0"}
    with servers(tmp_path, **given) as first:
        assert (first.database_url, first.postgres, first.valkey) == ("postgres://db/x", None, None)
        with pytest.raises(OSError, match="Another process"), servers(tmp_path, **given):
            pass
        assert (tmp_path / "embedded.json").exists()  # the first one's stays
    with servers(tmp_path, **given):
        pass
    assert not (tmp_path / "embedded.json").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="other systems cannot tell the child")
def test_programs_end_when_their_supervisor_is_killed() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        assert child.name() == "sleep"
        parent.send_signal(signal.SIGKILL)
    gone, _ = psutil.wait_procs([child], timeout=10)
    assert gone == [child]


@pytest.mark.django_db(transaction=True)
def test_login_is_kept_while_it_opens_and_made_anew_for_another_database(
    live_server: LiveServer, tmp_path: Path
) -> None:
    def manage(*arguments: str) -> str:
        out = StringIO()
        call_command(*arguments, stdout=out)
        return out.getvalue()

    first = _login(tmp_path, manage, live_server.url)
    assert _login(tmp_path, manage, live_server.url) == first
    stale = {**first, "api_key": "ocrs_of_another_database"}
    (tmp_path / "login.json").write_text(json.dumps(stale))
    again = _login(tmp_path, manage, live_server.url)
    assert again["api_key"] not in (stale["api_key"], first["api_key"])
    assert _login(tmp_path, manage, live_server.url) == again
