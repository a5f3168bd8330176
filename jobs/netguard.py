"""The one way out to addresses that users name: public hosts alone, nothing followed, all bounded.

A URL is checked when it is saved (``check_url``), and again whenever it is used: the host is then
looked up once, and only an address that passes is dialed, so that a name server which answers
differently the second time gains nothing. The name in the URL is what TLS and ``Host`` see.
"""

from __future__ import annotations

import http.client
import ipaddress
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from queue import Empty, SimpleQueue
from typing import Any

from django.conf import settings
from django.utils.translation import gettext_noop

from jobs.errors import AddressRefused

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# Special-purpose addresses, from the IANA registries for IPv4 and IPv6, and one cloud's own.
# Of IPv6 only global unicast passes at all: mapped, compatible, NAT64 and local ones lie outside.
GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
DENIED: tuple[Network, ...] = tuple(
    ipaddress.ip_network(network)
    for network in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",  # carriers' NAT, and clouds' own services
        "127.0.0.0/8",
        "168.63.129.16/32",  # Azure's host, from its machines
        "169.254.0.0/16",  # link-local: clouds' metadata
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",
        "192.175.48.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "2001::/23",  # Teredo and other protocols'
        "2001:db8::/32",
        "2002::/16",  # 6to4
        "2620:4f:8000::/48",
        "3fff::/20",
    )
)
LOCAL_NAMES = [
    "localhost",
    "localdomain",
    "local",
    "internal",
    "intranet",
    "private",
    "corp",
    "home",
    "lan",
    "arpa",
    "test",
    "invalid",
    "onion",
]

MAX_URL = 2000
_URL = re.compile(
    r"(?P<scheme>https?)://(?P<host>\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<path>[/?][a-z0-9\-._~:/?\[\]@!$&'()*+,;=%]*)?",
    re.I,
)
_LABEL = "[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME = re.compile(rf"(?:{_LABEL}\.)+[a-z](?:[a-z0-9-]{{0,61}}[a-z0-9])?")  # no number at its end

LOOKUP_SECONDS = 2  # for the check at save; when sending, what is left of the whole time
CONNECT_SECONDS = 5
MAX_TRIED = 3  # addresses of one host
# Said by deliveries of a private address and of none alike: that a name is known inside is ours
NO_ADDRESS = gettext_noop("The host has no public address.")


class Unreachable(OSError):
    """Nothing was answered: no connection, no TLS, no HTTP, or not in time."""


@dataclass(frozen=True, slots=True)
class Target:
    """A URL taken apart; ``host`` is in lower case and without brackets, ``path`` with the query.

    ``named``: the operator has allowed just this host.
    """

    scheme: str
    host: str
    port: int
    path: str
    named: bool

    @property
    def literal(self) -> Address | None:
        """The address that the host is, if it is no name."""
        try:
            return ipaddress.ip_address(self.host)
        except ValueError:
            return None

    @property
    def origin(self) -> str:
        """Scheme, host and port: what may be shown of it in logs and audit."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Allowed:
    """What an operator lets pass besides public hosts: names, and networks of addresses."""

    names: frozenset[str]
    networks: tuple[Network, ...]

    @classmethod
    @cache
    def reading(cls, entries: tuple[str, ...]) -> Allowed:
        """Names, addresses and networks as in the settings. Raises ValueError."""
        names, networks = set(), []
        for entry in entries:
            if re.fullmatch(r"[0-9.]+|.*[:/].*", entry):
                networks.append(ipaddress.ip_network(entry))
            else:
                names.add(entry.lower())
        return cls(frozenset(names), tuple(networks))

    def has(self, address: Address) -> bool:
        """Whether the address lies in one of the networks."""
        return any(address in network for network in self.networks)


def is_public(address: Address) -> bool:
    """Whether the address is a host's on the internet, and no other meaning hides in it."""
    if isinstance(address, ipaddress.IPv6Address) and address not in GLOBAL_UNICAST:
        return False
    return not any(address in network for network in DENIED)


def check_url(url: str, allowed: Sequence[str] = (), *, resolve: bool = True) -> Target:
    """The URL taken apart, if it may be used; ``allowed`` are entries of ``Allowed``.

    With ``resolve`` a name is looked up too, and refused if no address of it is public; one that
    is not known (yet) passes. Raises ``AddressRefused``.
    """
    passes = Allowed.reading(tuple(allowed))
    target = _parse(url, passes)
    listed = target.named or (target.literal is not None and passes.has(target.literal))
    if listed:
        return target
    if target.scheme != "https" and not settings.OUTBOUND_HTTP:
        raise AddressRefused(gettext_noop("The address must begin with https://."))
    if target.port not in settings.OUTBOUND_PORTS:
        ports = ", ".join(str(port) for port in settings.OUTBOUND_PORTS)
        raise AddressRefused(f"The port must be one of: {ports}.", actual=target.port)
    if target.literal is not None:
        _permitted([target.literal], target, passes)
    elif not _NAME.fullmatch(target.host) or target.host.rsplit(".", 1)[1] in LOCAL_NAMES:
        raise AddressRefused(gettext_noop("The host must be a public name or address."))
    elif resolve:
        found = []
        with suppress(OSError):
            found = _look_up(target.host, target.port, LOOKUP_SECONDS)
        if found:
            _permitted([ipaddress.ip_address(row[4][0]) for row in found], target, passes)
    return target


def _parse(url: str, passes: Allowed) -> Target:
    found = _URL.fullmatch(url) if len(url) <= MAX_URL else None
    if found is None:
        raise AddressRefused(
            gettext_noop(
                "Not an absolute URL in ASCII: http(s)://HOST/PATH, without user, fragment or "
                "spaces."
            )
        )
    scheme, host = found["scheme"].lower(), found["host"].lower().strip("[]")
    port = int(found["port"]) if found["port"] else {"http": 80, "https": 443}[scheme]
    path = found["path"] or "/"
    if path.startswith("?"):
        path = f"/{path}"
    target = Target(scheme, host, port, path, host in passes.names)
    if found["host"].startswith("[") != isinstance(target.literal, ipaddress.IPv6Address):
        raise AddressRefused(gettext_noop("The host must be a public name or address."))
    return target


def _permitted(found: Sequence[Address], target: Target, passes: Allowed) -> list[Address]:
    permitted = [each for each in found if target.named or is_public(each) or passes.has(each)]
    if not permitted:
        raise AddressRefused(NO_ADDRESS)
    return permitted


def _look_up(host: str, port: int, seconds: float) -> list[Any]:
    """Rows of getaddrinfo; in a thread, for it cannot be given a time. Raises OSError."""
    answer: SimpleQueue[list[Any] | Exception] = SimpleQueue()

    def look() -> None:
        try:
            answer.put(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            answer.put(error)

    threading.Thread(target=look, name="look-up", daemon=True).start()
    try:
        found = answer.get(timeout=seconds)
    except Empty:
        raise TimeoutError("the name server did not answer") from None
    if isinstance(found, Exception):
        raise OSError(NO_ADDRESS) from found
    return found


class _Deadline:
    """Ends everything on a socket when the time is over, whatever it is waiting for."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.at = time.monotonic() + seconds
        self._twin: socket.socket | None = None
        self._timer: threading.Timer | None = None
        self._lock = threading.Lock()

    def left(self) -> float:
        """Seconds left. Raises TimeoutError when there are none."""
        left = self.at - time.monotonic()
        if left <= 0:
            raise TimeoutError(f"took longer than {self.seconds:g} seconds")
        return left

    def watch(self, connected: socket.socket) -> None:
        """Cut this connection off in time: by a twin, for TLS takes the socket itself away."""
        self._twin = connected.dup()
        self._timer = threading.Timer(self.left(), self._cut)
        self._timer.daemon = True
        self._timer.start()

    def _cut(self) -> None:
        with self._lock, suppress(OSError):
            if self._twin is not None:
                self._twin.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        with self._lock:
            if self._twin is not None:
                self._twin.close()
                self._twin = None


class _Connection(http.client.HTTPConnection):
    """HTTP to addresses that pass, in the time that is left; knows no proxy and no redirect."""

    def __init__(self, target: Target, passes: Allowed, deadline: _Deadline) -> None:
        super().__init__(target.host, target.port)
        self.default_port = {"http": 80, "https": 443}[target.scheme]
        self._target, self._passes, self._deadline = target, passes, deadline

    def connect(self) -> None:
        target, deadline = self._target, self._deadline
        found = _look_up(target.host, target.port, deadline.left())
        addresses = {ipaddress.ip_address(row[4][0]): row for row in found}
        permitted = _permitted(list(addresses), target, self._passes)
        failure: OSError | None = None
        for address in permitted[:MAX_TRIED]:
            try:
                self.sock = _dial(addresses[address], min(CONNECT_SECONDS, deadline.left()))
                break
            except OSError as error:
                failure = error
        else:
            raise failure or OSError("no address")
        deadline.watch(self.sock)
        self.sock.settimeout(deadline.left())
        if target.scheme == "https":
            self.sock = _tls().wrap_socket(self.sock, server_hostname=target.host)


def _dial(row: Any, seconds: float) -> socket.socket:
    """A connection to one row of getaddrinfo. Raises OSError."""
    family, kind, protocol, _, place = row
    made = socket.socket(family, kind, protocol)
    try:
        made.settimeout(seconds)
        made.connect(place)
    except BaseException:
        made.close()
        raise
    return made


@cache
def _tls() -> ssl.SSLContext:
    """The system's authorities; SSL_CERT_FILE and SSL_CERT_DIR name others."""
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    return context


class Reply:
    """What came back: status, headers, and a body to be read piece by piece."""

    def __init__(self, response: http.client.HTTPResponse, deadline: _Deadline) -> None:
        self.status = response.status
        self.headers = response.headers
        self._response, self._deadline = response, deadline

    def read(self, size: int) -> bytes:
        """The next bytes, at most so many, b"" at the end. Raises ``Unreachable``."""
        data: bytes = _answered(lambda: self._response.read1(size), self._deadline)
        if not data and self._response.length:
            raise Unreachable("the answer ended before its end")
        return data


def _answered(step: Callable[[], Any], deadline: _Deadline) -> Any:
    """The step's result, its many ways to fail told as one. Raises ``Unreachable``."""
    try:
        result = step()
        deadline.left()
        return result
    except (OSError, http.client.HTTPException, ValueError) as error:
        if deadline.at <= time.monotonic():
            raise Unreachable(f"took longer than {deadline.seconds:g} seconds") from error
        raise Unreachable(str(error)[:200] or type(error).__name__) from error


@contextmanager
def request(
    method: str,
    url: str,
    *,
    seconds: float,
    allowed: Sequence[str] = (),
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
) -> Iterator[Reply]:
    """One request and its reply, within ``seconds`` from the look-up to the last byte read.

    A redirect is a reply like any other. Raises ``AddressRefused``, ``Unreachable``.
    """
    target = check_url(url, allowed, resolve=False)
    with closing(_Deadline(seconds)) as deadline:
        connection = _Connection(target, Allowed.reading(tuple(allowed)), deadline)
        with closing(connection):

            def asked() -> http.client.HTTPResponse:
                connection.request(
                    method,
                    target.path,
                    body,
                    {"User-Agent": f"OCRSite/{settings.VERSION}", "Connection": "close"}
                    | dict(headers or {}),
                )
                return connection.getresponse()

            with closing(_answered(asked, deadline)) as response:
                yield Reply(response, deadline)
