from __future__ import annotations

import pytest

from extraction.fields.kinds import Writing
from tests.extraction.fields.kinds.found import only, values


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Mail: Jo.Doe+x@Example.COM.", "Jo.Doe+x@example.com"),
        ("(info@shop.co.uk)", "info@shop.co.uk"),
        ("info @ firma.de", "info@firma.de"),
        ("info@firma .de", "info@firma.de"),
    ],
)
def test_email_is_found(text: str, value: str) -> None:
    assert values("email", text) == [value]


@pytest.mark.parametrize("text", ["a@b", "x@y.z1", "3 @ 4.50", "@home.de", "no mail"])
def test_email_that_is_none_is_refused(text: str) -> None:
    assert values("email", text) == []


@pytest.mark.parametrize(
    ("country", "text", "value"),
    [
        (None, "Tel +49 (0)30 1234567", "+49301234567"),
        ("MY", "TEL : 03-33623608", "+60333623608"),
        ("DE", "(030) 123 45 67", "+49301234567"),
        ("GB", "020 7946 0018", "+442079460018"),
        ("FR", "Tél. 01 42 68 53 00", "+33142685300"),
        ("ES", "Tfno. 912 345 678", "+34912345678"),
        ("IT", "02 1234 5678", "+390212345678"),
        ("PL", "tel. 22 123 45 67", "+48221234567"),
        ("US", "(212) 555-0123", "+12125550123"),
    ],
)
def test_phone_becomes_e164(country: str | None, text: str, value: str) -> None:
    assert values("phone", text, Writing(country=country)) == [value]


def test_phone_stays_as_written_where_the_country_is_not_known() -> None:
    hit = only("phone", "03-33623608")
    assert (hit.value, hit.notes) == ("03-33623608", ("country_not_known",))


@pytest.mark.parametrize("text", ["17/05/2024", "12.50", "4 items", "12345678901234567890"])
def test_phone_that_is_none_is_refused(text: str) -> None:
    assert values("phone", text, Writing(country="MY")) == []


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("see www.Harbour-Plumbing.co.uk/Shop.", "https://www.harbour-plumbing.co.uk/Shop"),
        ("http://Example.com/a?b=1)", "http://example.com/a?b=1"),
        ("firma.de", "https://firma.de"),
    ],
)
def test_url_is_found(text: str, value: str) -> None:
    assert values("url", text) == [value]


@pytest.mark.parametrize("text", ["info@firma.de", "file.txt", "e.g. this", "1.234.50"])
def test_url_that_is_none_is_refused(text: str) -> None:
    assert values("url", text) == []
