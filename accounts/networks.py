"""Networks that calls may come from: read, compared, asked whether an address lies in one."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from functools import lru_cache

from django.core.exceptions import ValidationError

MOST = 50  # in one list
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def normal(texts: Iterable[str]) -> list[str]:
    """The networks in CIDR form, each once, in the order given; an address is a network of one.

    Raises ValidationError for what is none, for bits right of the mask, and for more than `MOST`.
    """
    found = list(dict.fromkeys(str(_read(text)) for text in texts))
    if len(found) > MOST:
        raise ValidationError(f"At most {MOST} networks; these are {len(found)}.")
    return found


def contain(networks: Sequence[str], address: str | None) -> bool:
    """Whether the address lies in one of the networks, which are in normal form."""
    if address is None:
        return False
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    mapped = getattr(parsed, "ipv4_mapped", None)  # how a socket for both kinds tells IPv4
    parsed = mapped or parsed
    return any(parsed in network for network in _parsed(tuple(networks)))


def within(inner: Sequence[str], outer: Sequence[str]) -> bool:
    """Whether every address of ``inner`` is one of ``outer``; no networks at all are everywhere."""
    if not outer:
        return True
    parsed = _parsed(tuple(outer))
    bounds: list[Network] = [
        *ipaddress.collapse_addresses(n for n in parsed if isinstance(n, ipaddress.IPv4Network)),
        *ipaddress.collapse_addresses(n for n in parsed if isinstance(n, ipaddress.IPv6Network)),
    ]
    return bool(inner) and all(
        any(_inside(network, bound) for bound in bounds) for network in _parsed(tuple(inner))
    )


def _inside(network: Network, bound: Network) -> bool:
    return (
        network.version == bound.version
        and network.network_address in bound
        and network.prefixlen >= bound.prefixlen
    )


def _read(text: str) -> Network:
    text = text.strip()
    try:
        if "%" in text:
            raise ValueError
        network = ipaddress.ip_network(text, strict=False)
    except ValueError as error:
        raise ValidationError(
            f"{text[:60]!r} is no network: write it as 203.0.113.0/24 or 2001:db8::/32."
        ) from error
    if "/" in text and network.network_address != ipaddress.ip_address(text.split("/")[0]):
        raise ValidationError(
            f"{text[:60]!r} has bits right of its mask; the whole network is {network}."
        )
    if network.version == 6 and network.prefixlen >= 96:
        mapped = network.network_address.ipv4_mapped
        if mapped is not None:
            return ipaddress.IPv4Network((mapped, network.prefixlen - 96))
    return network


@lru_cache(maxsize=1_000)
def _parsed(networks: tuple[str, ...]) -> tuple[Network, ...]:
    return tuple(ipaddress.ip_network(text) for text in networks)
