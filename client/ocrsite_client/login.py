"""Which site, and by which key: as given, from the environment, or as `ocrsite login` kept them."""

from __future__ import annotations

import json
import os
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from ocrsite_client.errors import OCRSiteError


class NoLogin(OCRSiteError):
    """It is not known which site to ask, or what was kept cannot be used."""


@dataclass(frozen=True)
class Login:
    """Address and key of a site; the key is empty for what needs none."""

    url: str
    key: str

    def __repr__(self) -> str:
        return f"Login({self.url!r})"

    @classmethod
    def find(cls, url: str | None = None, key: str | None = None) -> Self:
        """What is given wins, then OCRSITE_URL and OCRSITE_KEY, then what was kept.

        A kept key goes to the site that it was kept for, and to no other. Raises ``NoLogin``.
        """
        url = url or os.environ.get("OCRSITE_URL")
        key = key if key is not None else os.environ.get("OCRSITE_KEY")
        kept = None if url and key is not None else cls.kept()
        if url is None:
            if kept is None:
                raise NoLogin("No site: run `ocrsite login ADDRESS`, or set OCRSITE_URL.")
            url = kept.url
        url = site_url(url)
        if key is None:
            key = kept.key if kept and kept.url == url else ""
        return cls(url, key.strip())

    @classmethod
    def kept(cls) -> Self | None:
        """What `ocrsite login` has kept. Raises ``NoLogin`` where others could read it."""
        path = login_file()
        try:
            with path.open() as file:
                mode = os.fstat(file.fileno()).st_mode
                if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
                    raise NoLogin(f"Others can read the key in {path}: chmod 600 {path}")
                found = json.load(file)
            return cls(found["url"], found["key"])
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise NoLogin(f"{path} cannot be used: {error}") from error

    def keep(self) -> Path:
        """Write it to the file, which only its owner can read; returns its path."""
        path = login_file()
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # made with mode 600, so that it is never there with another one
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".login-")
        try:
            with os.fdopen(descriptor, "w") as file:
                json.dump({"url": self.url, "key": self.key}, file)
            os.replace(name, path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        return path


def login_file() -> Path:
    """Where it is kept."""
    folder = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(folder) / "ocrsite" / "login.json"


def site_url(url: str) -> str:
    """The address as requests need it. Raises ``NoLogin`` where it is none."""
    url = url.strip()
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise NoLogin(f"{url!r} is no address of a site; it is written as https://ocr.example.com")
    if parts.username or parts.password:
        raise NoLogin("The address of a site has no user name or password in it")
    return url.rstrip("/").removesuffix("/api/v1")
