"""Which site is asked by which key, and where they are kept."""

from __future__ import annotations

import stat

import pytest

from ocrsite_client import Client, NoLogin
from ocrsite_client.login import Login, login_file, site_url


def test_login_is_kept_for_its_owner_alone() -> None:
    path = Login("https://ocr.example", "ocrs_a").keep()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    Login("https://ocr.example", "ocrs_b").keep()
    assert Login.kept() == Login("https://ocr.example", "ocrs_b")
    assert [each.name for each in path.parent.iterdir()] == ["login.json"]
    path.chmod(0o640)
    with pytest.raises(NoLogin, match="chmod 600"):
        Client()


def test_what_is_given_wins_and_a_kept_key_goes_to_its_own_site(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(NoLogin, match="ocrsite login"):
        Login.find()
    Login("https://ocr.example", "ocrs_kept").keep()
    assert Login.find() == Login("https://ocr.example", "ocrs_kept")
    assert Login.find("https://ocr.example/") == Login("https://ocr.example", "ocrs_kept")
    assert Login.find("https://other.example") == Login("https://other.example", "")
    monkeypatch.setenv("OCRSITE_KEY", "ocrs_env")
    assert Login.find().key == "ocrs_env"
    monkeypatch.setenv("OCRSITE_URL", "https://env.example")
    assert Login.find() == Login("https://env.example", "ocrs_env")
    assert Login.find("https://given.example", "k") == Login("https://given.example", "k")


def test_key_is_in_no_representation() -> None:
    assert "ocrs_secret" not in repr(Login("https://ocr.example", "ocrs_secret"))
    assert "ocrs_secret" not in repr(Client("https://ocr.example", "ocrs_secret"))


def test_damaged_file_is_told() -> None:
    Login("https://ocr.example", "ocrs_a").keep()
    login_file().write_text("{")
    with pytest.raises(NoLogin, match="cannot be used"):
        Login.find()


@pytest.mark.parametrize(
    "wrong",
    ["ocr.example", "ftp://ocr.example", "https://", "https://a:b@ocr.example", "https://a?b"],
)
def test_address_that_is_none_is_refused(wrong: str) -> None:
    with pytest.raises(NoLogin):
        site_url(wrong)


def test_address_may_be_the_apis() -> None:
    assert site_url("https://ocr.example/in/api/v1/") == "https://ocr.example/in"
