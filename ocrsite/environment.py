"""The environment, and what settings are read as; .env beside manage.py fills what it leaves out.

``env.declared`` remembers every setting that was asked for, with its type and default: what
docs/configuration.md is made of (ocrsite/configuration.py). Imported by Gunicorn's configuration
too, so nothing of Django's is set up here.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured
from environ.fileaware_mapping import FileAwareMapping


class _Mapping(FileAwareMapping):
    """The environment; where NAME_FILE is set, NAME is what is in that file (mounted secrets)."""

    def __getitem__(self, key: str) -> Any:
        return super().__getitem__(key).rstrip("\r\n")


@dataclass(frozen=True)
class Declared:
    """How a setting is read: ``kind`` as people call the type; what holds where it is not set."""

    kind: str
    default: Any


class Environment(environ.FileAwareEnv):
    """django-environ's reader, which keeps a list of what was asked for."""

    ENVIRON = _Mapping()

    def __init__(self) -> None:
        super().__init__()
        self.declared: dict[str, Declared] = {}

    def get_value(
        self,
        var: str,
        cast: Any = None,
        default: Any = environ.Env.NOTSET,
        parse_default: bool = False,
    ) -> Any:
        self.declared.setdefault(var, Declared(_kind(cast), default))
        return super().get_value(var, cast=cast, default=default, parse_default=parse_default)


def _kind(cast: Any) -> str:
    """What people call it."""
    if isinstance(cast, list):
        return f"list of {_kind(cast[0])}s"
    return {str: "text", bool: "0 or 1", int: "whole number", float: "number", list: "list"}[cast]


env = Environment()
environ.Env.read_env(Path(__file__).resolve().parent.parent / ".env")

# Gunicorn's (ocrsite/gunicorn.conf.py), which reads them before there are any settings
BIND = env.str("BIND", default="127.0.0.1:8000")
WEB_WORKERS = env.int("WEB_WORKERS", default=2)
WEB_THREADS = env.int("WEB_THREADS", default=8)
LOG_FORMAT = env.str("LOG_FORMAT", default="") or "text"
if LOG_FORMAT not in ("text", "json"):
    raise ImproperlyConfigured("LOG_FORMAT is none of: text, json")
