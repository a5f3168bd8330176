"""What users name is reached only where it is public, once, and within its time."""

from __future__ import annotations

import datetime
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.core.checks import run_checks
from pytest_django import Settings

from jobs import netguard
from jobs.errors import AddressRefused
from tests.jobs.receiving import Receiver, answering, endless, receiver

LOOPBACK = ("127.0.0.0/8",)

REFUSED = {
    "schemes": [
        "file:///etc/passwd",
        "gopher://example.com/",
        "ftp://example.com/",
        "//example.com",
    ],
    "no host": ["https://", "https:///path", "https://:443/", "example.com/path", ""],
    "plain http": ["http://example.com/"],
    "ports": ["https://example.com:22/", "https://example.com:8443/", "https://example.com:99999/"],
    "credentials": ["https://user@example.com/", "https://user:secret@example.com/"],
    "two readings": [
        "https://example.com#@127.0.0.1/",
        "https://example.com\\@127.0.0.1/",
        "https://127.0.0.1\\.example.com/",
        "https://exa mple.com/",
        "https://example.com/\r\nX: y",
        "https://example.com/\0",
        "https://ex\u3002ample.com/",
        "https://\u2460\u2461\u2466.\u24ea.\u24ea.\u2460/",
        "https://%31%32%37.0.0.1/",
        "https://example.com./",
    ],
    "loopback": ["https://127.0.0.1/", "https://127.99.1.2/", "https://[::1]/", "https://0.0.0.0/"],
    "short, decimal, octal, hexadecimal": [
        "https://127.1/",
        "https://0/",
        "https://2130706433/",
        "https://0177.0.0.1/",
        "https://0x7f.0.0.1/",
        "https://0x7f000001/",
        "https://127.0.0.0x1/",
        "https://0o177.0.0.1/",
        "https://a.b.1/",
    ],
    "private": ["https://10.0.0.1/", "https://172.31.0.1/", "https://192.168.1.1/"],
    "link-local and metadata": [
        "https://169.254.169.254/latest/meta-data/",
        "https://[fe80::1]/",
        "https://[fe80::1%25eth0]/",
        "https://[fd00:ec2::254]/",
        "https://168.63.129.16/",
        "https://100.100.100.200/",
        "https://metadata.google.internal/",
    ],
    "carriers' NAT, protocols, tests, multicast, reserved": [
        "https://100.64.0.1/",
        "https://192.0.0.192/",
        "https://192.0.2.1/",
        "https://198.18.0.1/",
        "https://198.51.100.1/",
        "https://203.0.113.1/",
        "https://224.0.0.1/",
        "https://240.0.0.1/",
        "https://255.255.255.255/",
        "https://[ff02::1]/",
    ],
    "IPv4 inside IPv6": [
        "https://[::ffff:127.0.0.1]/",
        "https://[::ffff:7f00:1]/",
        "https://[0:0:0:0:0:ffff:127.0.0.1]/",
        "https://[::127.0.0.1]/",
        "https://[::ffff:0:127.0.0.1]/",
        "https://[64:ff9b::127.0.0.1]/",
        "https://[64:ff9b:1::7f00:1]/",
        "https://[2002:7f00:1::]/",
        "https://[2001:0:4136:e378:8000:63bf:3fff:fdd2]/",
    ],
    "IPv6 not public": [
        "https://[::]/",
        "https://[fc00::1]/",
        "https://[fec0::1]/",
        "https://[2001:db8::1]/",
        "https://[100::1]/",
        "https://[3fff::1]/",
        "https://[5f00::1]/",
        "https://[4000::1]/",
        "https://::1/",
    ],
    "local names": [
        "https://localhost/",
        "https://ip6-localhost/",
        "https://intranet/",
        "https://db.localhost/",
        "https://printer.local/",
        "https://db.internal/",
        "https://x.corp/",
        "https://router.lan/",
        "https://x.home.arpa/",
        "https://x.onion/",
    ],
    "too long": ["https://example.com/" + "a" * 2000],
}


@pytest.fixture
def site() -> Iterator[Receiver]:
    """A server on loopback."""
    with receiver() as running:
        yield running


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """Name servers that answer each look-up of any name with the next addresses."""
    original = socket.getaddrinfo

    def install(*answers: list[str]) -> list[str]:
        asked: list[str] = []

        def look_up(host: str, port: Any, *args: Any, **kwargs: Any) -> Any:
            try:
                ipaddress.ip_address(host)
            except ValueError:
                asked.append(host)
                found = answers[min(len(asked), len(answers)) - 1]
                if not found:
                    raise socket.gaierror(socket.EAI_NONAME, "not known") from None
                return [row for each in found for row in original(each, port, *args, **kwargs)]
            return original(host, port, *args, **kwargs)

        monkeypatch.setattr(socket, "getaddrinfo", look_up)
        return asked

    return install


def get(url: str, *, allowed: tuple[str, ...] = (), seconds: float = 5) -> tuple[int, bytes]:
    """Status and body."""
    with netguard.request("GET", url, seconds=seconds, allowed=allowed) as reply:
        body = b""
        while chunk := reply.read(65_536):
            body += chunk
        return reply.status, body


@pytest.mark.parametrize("url", [url for urls in REFUSED.values() for url in urls])
def test_url_that_is_not_public_is_refused_at_save_and_when_used(url: str) -> None:
    with pytest.raises(AddressRefused):
        netguard.check_url(url)
    with pytest.raises(AddressRefused):
        get(url)


@pytest.mark.parametrize(
    ("url", "host", "port", "path"),
    [
        ("https://hooks.example.com", "hooks.example.com", 443, "/"),
        ("HTTPS://Hooks.Example.COM:443/In?a=b@c", "hooks.example.com", 443, "/In?a=b@c"),
        ("https://hooks.example.com:80?x=1", "hooks.example.com", 80, "/?x=1"),
        ("https://xn--bcher-kva.example.com/", "xn--bcher-kva.example.com", 443, "/"),
        ("https://8.8.8.8/", "8.8.8.8", 443, "/"),
        ("https://[2606:4700::1111]/", "2606:4700::1111", 443, "/"),
    ],
)
def test_public_url_passes(url: str, host: str, port: int, path: str) -> None:
    target = netguard.check_url(url, resolve=False)
    assert (target.scheme, target.host, target.port, target.path) == ("https", host, port, path)


def test_settings_open_http_and_ports(settings: Settings) -> None:
    settings.OUTBOUND_HTTP, settings.OUTBOUND_PORTS = True, (443, 8080)
    assert netguard.check_url("http://example.com:8080/", resolve=False).port == 8080
    with pytest.raises(AddressRefused):
        netguard.check_url("http://example.com/", resolve=False)


def test_name_with_a_private_address_is_refused_at_save(names: Any) -> None:
    asked = names(["10.1.2.3"])
    with pytest.raises(AddressRefused):
        netguard.check_url("https://hooks.example.com/")
    assert asked == ["hooks.example.com"]


def test_name_not_known_yet_passes_at_save(names: Any) -> None:
    names([])
    netguard.check_url("https://hooks.example.com/")


def test_private_name_and_unknown_one_are_told_in_the_same_words(names: Any) -> None:
    names([], ["10.1.2.3"])
    said = []
    for kind in (netguard.Unreachable, AddressRefused):
        with pytest.raises(kind) as refused:
            get("https://hooks.example.com/")
        said.append(str(refused.value))
    assert said[0] == said[1]


def test_no_packet_reaches_loopback_where_it_is_not_allowed(
    site: Receiver, settings: Settings, names: Any
) -> None:
    port = int(site.url.rsplit(":", 1)[1])
    settings.OUTBOUND_HTTP, settings.OUTBOUND_PORTS = True, (80, 443, port)
    names(["127.0.0.1", "::1"])
    hosts = ["127.0.0.1", "127.1", "2130706433", "0x7f000001", "localhost", "[::ffff:127.0.0.1]"]
    for host in [*hosts, "[::127.0.0.1]", "[::1]", "0.0.0.0", "hooks.example.com"]:
        for scheme in ("http", "https"):
            with pytest.raises(AddressRefused):
                get(f"{scheme}://{host}:{port}/")
    assert site.connections == 0
    assert get(f"http://127.0.0.1:{port}/", allowed=LOOPBACK) == (200, b"thanks")
    assert site.connections == 1, "the listener would have told"


def test_name_that_turns_private_is_never_dialed(
    site: Receiver, settings: Settings, names: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name server that says public when asked first, and loopback afterwards."""
    port = int(site.url.rsplit(":", 1)[1])
    settings.OUTBOUND_HTTP, settings.OUTBOUND_PORTS = True, (port,)
    asked = names(["93.184.216.34"], ["127.0.0.1"])
    url = f"http://rebinding.example.com:{port}/"
    netguard.check_url(url)
    with pytest.raises(AddressRefused):
        get(url)
    assert len(asked) == 2
    assert site.connections == 0


def test_what_was_checked_is_what_is_dialed(
    settings: Settings, names: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Looked up once: an answer that changes between check and connection changes nothing."""
    settings.OUTBOUND_HTTP = True
    asked = names(["127.0.0.1", "93.184.216.34", "10.0.0.1"], ["127.0.0.1"])
    dialed = []

    def dial(row: Any, seconds: float) -> socket.socket:
        dialed.append(row[4][0])
        raise ConnectionRefusedError("no")

    monkeypatch.setattr(netguard, "_dial", dial)
    with pytest.raises(netguard.Unreachable):
        get("http://rebinding.example.com/")
    assert (asked, dialed) == (["rebinding.example.com"], ["93.184.216.34"])


def test_operator_allows_a_host_or_a_network_and_no_more(site: Receiver, names: Any) -> None:
    port = int(site.url.rsplit(":", 1)[1])
    names(["127.0.0.1"])
    allowed = ("receiver.corp", "127.0.0.0/30")
    assert get(f"http://receiver.corp:{port}/", allowed=allowed)[0] == 200
    assert get(f"http://127.0.0.1:{port}/", allowed=allowed)[0] == 200
    for host in ("other.corp", "127.0.0.9", "localhost"):
        with pytest.raises(AddressRefused):
            get(f"http://{host}:{port}/", allowed=allowed)


def test_redirect_is_an_answer_and_not_followed(site: Receiver) -> None:
    site.behaviours["/a"] = answering(302, headers={"Location": f"{site.url}/b"})
    assert get(f"{site.url}/a", allowed=LOOPBACK)[0] == 302
    assert site.paths() == ["/a"]


def test_proxies_of_the_environment_are_not_asked(
    site: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    with receiver() as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        assert get(f"{site.url}/", allowed=LOOPBACK)[0] == 200
        assert proxy.connections == 0


@pytest.mark.parametrize("way", ["hanging", "dripping", "endless"])
def test_everything_ends_with_the_time(site: Receiver, way: str) -> None:
    site.behaviours["/"] = endless if way == "endless" else getattr(site, way)
    begun = time.monotonic()
    with pytest.raises(netguard.Unreachable, match="longer than"):
        get(f"{site.url}/", allowed=LOOPBACK, seconds=0.5)
    assert time.monotonic() - begun < 10


def test_name_server_that_does_not_answer_ends_with_the_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    over = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: over.wait(30))
    begun = time.monotonic()
    with pytest.raises(netguard.Unreachable):
        get("https://hooks.example.com/", seconds=0.3)
    assert time.monotonic() - begun < 10
    over.set()


def test_answer_cut_short_is_told(site: Receiver) -> None:
    def short(handler: Any) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "100")
        handler.end_headers()
        handler.wfile.write(b"only this")
        handler.close_connection = True

    site.behaviours["/"] = short
    with pytest.raises(netguard.Unreachable, match="ended before"):
        get(f"{site.url}/", allowed=LOOPBACK)


@pytest.mark.parametrize(
    "garbage", [b"", b"nonsense\r\n\r\n", b"\x16\x03\x01", b"HTTP/1.1 x y\r\n"]
)
def test_what_is_no_http_is_told(site: Receiver, garbage: bytes) -> None:
    def answer(handler: Any) -> None:
        handler.wfile.write(garbage)
        handler.close_connection = True

    site.behaviours["/"] = answer
    with pytest.raises(netguard.Unreachable):
        get(f"{site.url}/", allowed=LOOPBACK)


def certificate(folder: Path, name: str) -> ssl.SSLContext:
    """A server's context with a certificate of its own for that name, kept as cert.pem."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context


def test_certificate_must_be_trusted_and_name_the_host(
    tmp_path: Path, names: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = certificate(tmp_path, "hooks.example.com")
    names(["127.0.0.1"])
    with receiver(context) as site:
        port = int(site.url.rsplit(":", 1)[1])
        allowed = ("hooks.example.com", "other.example.com")
        with pytest.raises(netguard.Unreachable, match="CERTIFICATE_VERIFY_FAILED"):
            get(f"https://hooks.example.com:{port}/", allowed=allowed)
        trusting = ssl.create_default_context(cafile=tmp_path / "cert.pem")
        monkeypatch.setattr(netguard, "_tls", lambda: trusting)
        assert get(f"https://hooks.example.com:{port}/", allowed=allowed) == (200, b"thanks")
        assert site.received[0].headers["host"] == f"hooks.example.com:{port}"
        with pytest.raises(netguard.Unreachable, match=r"[Hh]ostname mismatch"):
            get(f"https://other.example.com:{port}/", allowed=allowed)
        site.behaviours["/"] = site.dripping
        with pytest.raises(netguard.Unreachable, match="longer than"):
            get(f"https://hooks.example.com:{port}/", allowed=allowed, seconds=0.5)


def test_settings_that_name_no_network_are_told(settings: Settings) -> None:
    settings.WEBHOOK_ALLOWED_HOSTS = ("10.0.0.0/99",)
    found = [message for message in run_checks() if message.id == "ocrsite.E009"]
    assert len(found) == 1
    assert "10.0.0.0/99" in str(found[0].msg)
