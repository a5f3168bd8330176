"""accounts/networks.py"""

import pytest
from django.core.exceptions import ValidationError

from accounts import networks


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("203.0.113.0/24", "203.0.113.0/24"),
        (" 203.0.113.7 ", "203.0.113.7/32"),
        ("10.0.0.0/255.0.0.0", "10.0.0.0/8"),
        ("2001:DB8:0::/32", "2001:db8::/32"),
        ("2001:db8::1", "2001:db8::1/128"),
        ("::ffff:203.0.113.0/120", "203.0.113.0/24"),
        ("0.0.0.0/0", "0.0.0.0/0"),
    ],
)
def test_network_is_brought_to_its_normal_form(text: str, normal: str) -> None:
    assert networks.normal([text, normal]) == [normal]


@pytest.mark.parametrize(
    "text",
    ["", "acme", "10.0.0.0/33", "10.0.0.1/8", "2001:db8::1/32", "10.1", "fe80::1%eth0", "1e3/8"],
)
def test_what_is_no_network_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        networks.normal([text])


def test_bits_right_of_the_mask_are_told_with_the_whole_network() -> None:
    with pytest.raises(ValidationError, match=r"10\.0\.0\.0/8"):
        networks.normal(["10.2.3.4/8"])


def test_more_networks_than_allowed_are_refused() -> None:
    many = [f"10.0.{number}.0/24" for number in range(networks.MOST)]
    assert networks.normal(many) == many
    with pytest.raises(ValidationError, match="At most 50"):
        networks.normal([*many, "10.1.0.0/16"])


@pytest.mark.parametrize(
    ("address", "contained"),
    [
        ("203.0.113.255", True),
        ("203.0.114.0", False),
        ("::ffff:203.0.113.9", True),
        ("2001:db8:1::1", True),
        ("2001:db9::1", False),
        ("", False),
        (None, False),
    ],
)
def test_address_lies_in_one_of_the_networks_or_not(address: str | None, contained: bool) -> None:
    assert networks.contain(["203.0.113.0/24", "2001:db8::/32"], address) is contained


@pytest.mark.parametrize(
    ("inner", "outer", "within"),
    [
        ([], [], True),
        (["10.0.0.0/8"], [], True),
        ([], ["10.0.0.0/8"], False),
        (["10.1.0.0/16"], ["10.0.0.0/8"], True),
        (["10.0.0.0/8"], ["10.1.0.0/16"], False),
        (["10.0.0.0/8", "11.0.0.0/8"], ["10.0.0.0/8"], False),
        (["10.0.0.0/8"], ["10.0.0.0/9", "10.128.0.0/9"], True),
        (["::/0"], ["0.0.0.0/0"], False),
        (["10.0.0.0/8"], ["::/0"], False),
    ],
)
def test_networks_lie_within_others_or_not(
    inner: list[str], outer: list[str], within: bool
) -> None:
    assert networks.within(inner, outer) is within
