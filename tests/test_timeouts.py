"""Nothing that leaves a process waits without an end: each way out is named here with its bound."""

from __future__ import annotations

import ast

from django.conf import settings

from tests.test_architecture import MODULES, ROOT, imported

# A call by one of these names opens a way to another machine, or another process
WAYS_OUT = {
    "urlopen",
    "urlretrieve",
    "HTTPConnection",
    "HTTPSConnection",
    "create_connection",
    "create_server",
    "SMTP",
    "SMTP_SSL",
    "Session",
    "socket",
    "socketpair",
    "from_url",
    "Redis",
    "client",
    "resource",
    "connect",
    "send_mail",
    "EmailMessage",
    "EmailMultiAlternatives",
    "OTLPSpanExporter",
}
# Where they are used, and what bounds them
BOUNDED = {
    ("accounts/shared_redis.py", "from_url"): "socket_connect_timeout and socket_timeout, below",
    **{
        (module, "send_mail"): "EMAIL_TIMEOUT"
        for module in (
            "accounts/invitation_mail.py",
            "accounts/passwords.py",
            "jobs/departure_mail.py",
        )
    },
    ("demo/__main__.py", "Session"): "the demo, to its own site",
    **{
        ("extraction/engines/openai/connection.py", name): "Times: to connect, of silence, of all"
        for name in ("HTTPConnection", "HTTPSConnection", "connect")
    },
    ("extraction/fork_server.py", "socket"): "a pair of this machine's; every wait has a deadline",
    ("extraction/sandbox.py", "socketpair"): "the same",
    ("extraction/trace_collector.py", "OTLPSpanExporter"): "EXPORT_SECONDS, in a thread of its own",
    ("jobs/netguard.py", "connect"): "the time of the whole request, settimeout before",
    ("jobs/netguard.py", "socket"): "the same",
    ("jobs/sending.py", "send_mail"): "EMAIL_TIMEOUT",
    ("jobs/waking.py", "urlopen"): "ANSWER_SECONDS",
    ("accounts/owner_mail.py", "EmailMessage"): "EMAIL_TIMEOUT",
    ("jobs/stores/bucket.py", "client"): "client_config, below",
    ("jobs/site_probe.py", "urlopen"): "ANSWER_SECONDS",
    ("ocrsite/embedded.py", "connect"): "servers of one's own, on this machine",
    ("ocrsite/embedded.py", "from_url"): "the same",
    ("ocrsite/embedded.py", "socket"): "looks for a free port",
    ("ocrsite/run.py", "urlopen"): "to its own site, with a timeout",
}
LIBRARIES = {"requests", "httpx", "aiohttp", "urllib3", "smtplib", "ftplib", "telnetlib"}


def ways_out(tree: ast.AST) -> set[str]:
    """Names of ``WAYS_OUT`` that are called in the tree."""
    called = (node.func for node in ast.walk(tree) if isinstance(node, ast.Call))
    names = {
        func.attr if isinstance(func, ast.Attribute) else getattr(func, "id", "") for func in called
    }
    return names & WAYS_OUT


def test_every_way_out_is_named_with_its_bound() -> None:
    found = {
        (str(path.relative_to(ROOT)), name)
        for path in MODULES
        for name in ways_out(ast.parse(path.read_text()))
    }
    assert found == set(BOUNDED), "a new way out: bound it, and say here by what"


def test_no_http_library_is_used_beside_the_guard() -> None:
    uses = {}
    for path in MODULES:
        if not path.is_relative_to(ROOT / "demo"):
            uses[str(path.relative_to(ROOT))] = imported(ast.parse(path.read_text())) & LIBRARIES
    # to the provider that the operator names
    assert {name: used for name, used in uses.items() if used} == {
        "accounts/single_sign_on.py": {"requests"}
    }
    assert 0 < settings.SOCIALACCOUNT_REQUESTS_TIMEOUT <= 10


def test_redis_database_bucket_and_mail_have_bounds() -> None:
    import redis

    from accounts.shared_redis import shared_redis
    from jobs.stores.bucket import BucketStore

    with shared_redis().asked() as client:
        assert isinstance(client, redis.Redis)
        options = client.get_connection_kwargs()
        assert 0 < options["socket_connect_timeout"] <= 5
        assert 0 < options["socket_timeout"] <= 5
    store = BucketStore(bucket_name="b", access_key="a", secret_key="s", region_name="eu")
    assert 0 < store.client_config.connect_timeout <= 5
    assert 0 < store.client_config.read_timeout <= 30
    for url in (queue["URL"] for queue in settings.RQ_QUEUES.values()):
        assert "socket_connect_timeout=2&socket_timeout=5" in str(url)
    assert settings.DATABASES["default"]["OPTIONS"]["connect_timeout"] == 3
    assert 0 < settings.EMAIL_TIMEOUT <= 15
