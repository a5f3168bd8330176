"""``ocrsite``: documents read from the command line (docs/client.md)."""

from __future__ import annotations

import argparse
import getpass
import logging
import os
import sys
from collections.abc import Sequence
from urllib.parse import urlsplit

from ocrsite_client.cli import batches, documents, site_commands
from ocrsite_client.cli.documents import OK, Usage
from ocrsite_client.cli.showing import say
from ocrsite_client.cli.site_commands import NO_ANSWER
from ocrsite_client.client import Client
from ocrsite_client.errors import (
    ApiError,
    JobFailed,
    NotAuthenticated,
    OCRSiteError,
    PermissionDenied,
    WrongAddress,
)
from ocrsite_client.login import Login, NoLogin, login_file, site_url
from ocrsite_client.version import VERSION

FAILED, WRONG_USE, SHUT_OUT, REFUSED, INTERRUPTED = 1, 2, 3, 4, 130
LOOPBACK = ("localhost", "127.0.0.1", "::1")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit code."""
    given = parser().parse_args(arguments)
    lines = logging.StreamHandler()
    lines.setFormatter(logging.Formatter("ocrsite: %(message)s"))
    logger = logging.getLogger("ocrsite_client")
    logger.handlers = [] if given.quiet else [lines]
    logger.propagate = False
    try:
        if given.command in (login, logout):
            return int(given.command(given))
        with Client(given.url, retry_seconds=given.retry) as site:
            return int(given.command(site, given))
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # the reader has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except (OCRSiteError, Usage, OSError) as error:
        say(f"ocrsite: {error}")
        return code_of(error)


def code_of(error: Exception) -> int:
    """The exit code that tells what went wrong."""
    if isinstance(error, Usage | NoLogin | WrongAddress):
        return WRONG_USE
    if isinstance(error, NotAuthenticated | PermissionDenied):
        return SHUT_OUT
    if isinstance(error, JobFailed | OSError):
        return FAILED
    if isinstance(error, ApiError) and error.status in documents.OF_THE_DOCUMENT:
        return FAILED
    if isinstance(error, ApiError) and error.status < 500 and error.status != 429:
        return REFUSED
    return NO_ANSWER


def login(given: argparse.Namespace) -> int:
    """Keep a site's address and a key; the key is asked for, or read from standard input."""
    url = site_url(given.address)
    parts = urlsplit(url)
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        say(f"ocrsite: {url} is not encrypted: whoever is on the way can read the key")
    if sys.stdin.isatty():
        key = getpass.getpass(f"API key for {url}: ")
    else:
        key = sys.stdin.readline()
    key = key.strip()
    if not key:
        raise Usage("no key was given")
    with Client(url, key, retry_seconds=given.retry) as site:
        me = site.me()
    if "tenant" not in me:
        raise WrongAddress(f"{url} does not answer as an OCRSite does: is the address right?")
    path = Login(url, key).keep()
    say(f"Signed in to {url} for {me['tenant']['name']}; kept in {path}")
    return OK


def logout(given: argparse.Namespace) -> int:
    """Forget what login has kept. The key itself stays good until it is revoked."""
    login_file().unlink(missing_ok=True)
    return OK


def parser() -> argparse.ArgumentParser:
    """The command line."""
    every = argparse.ArgumentParser(add_help=False)
    every.add_argument("--url", metavar="ADDRESS", help="the site; else OCRSITE_URL, else login's")
    every.add_argument("--json", action="store_true", help="JSON to standard output")
    every.add_argument("--quiet", "-q", action="store_true", help="no progress")
    every.add_argument(
        "--retry",
        type=float,
        default=60.0,
        metavar="SECONDS",
        help="how long to try where no answer comes (60)",
    )
    work = argparse.ArgumentParser(add_help=False)
    work.add_argument("--engine", help="auto, text-layer, rapidocr, ...")
    work.add_argument("--pages", help="1-3,7")
    work.add_argument("--template", help="NAME or NAME@VERSION")
    work.add_argument("--dpi", type=int, help="72 to 600")
    work.add_argument("--text-layer", choices=["auto", "ignore", "only"])
    work.add_argument("--priority", choices=["high", "normal", "low"])
    work.add_argument("--no-cache", action="store_true", help="read it even where it was before")
    work.add_argument("--ask-password", action="store_true", help="of encrypted PDFs")
    patient = argparse.ArgumentParser(add_help=False)
    patient.add_argument("--timeout", type=float, metavar="SECONDS", help="how long to wait")
    named = argparse.ArgumentParser(add_help=False)
    named.add_argument(
        "--fields", dest="only_fields", metavar="NAMES", help="fields, with commas between"
    )
    named.add_argument(
        "--format", default="md", help="md, txt, json, csv, xml, html, hocr, alto, pdf"
    )
    named.add_argument("--out", metavar="FOLDER", help="where NAME.FORMAT is written")

    top = argparse.ArgumentParser(prog="ocrsite", description="Reads documents by an OCRSite.")
    top.add_argument("--version", action="version", version=f"ocrsite-client {VERSION}")
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, does: object, *parents: argparse.ArgumentParser) -> argparse.ArgumentParser:
        told = (does.__doc__ or "").split("\n")[0]
        one = commands.add_parser(name, parents=[every, *parents], help=told, description=told)
        one.set_defaults(command=does)
        return one

    add("login", login).add_argument("address", metavar="ADDRESS")
    add("logout", logout)
    add("ocr", documents.ocr, work, named, patient).add_argument(
        "files", nargs="+", metavar="FILE", help="a path, an address, or - for standard input"
    )
    many = add("batch", documents.batch, work, named)
    many.add_argument("files", nargs="+", metavar="FILE", help="a path, a folder, or an address")
    many.add_argument("--name", help="the batch's")
    some = add("jobs", site_commands.jobs)
    some.add_argument("--status")
    some.add_argument("--engine")
    some.add_argument("--search", metavar="WORDS", help="in names, texts and fields")
    some.add_argument("--limit", type=int, default=20, metavar="N", help="(20)")
    together = add("batches", batches.batches)
    together.add_argument("--limit", type=int, default=20, metavar="N", help="(20)")
    whole = add("export", batches.export)
    whole.add_argument("--lines", action="store_true", help="a row for each line of the tables")
    whole.add_argument("--formats", metavar="NAMES", help="of the results in a zip: md,json")
    whole.add_argument("batch", metavar="BATCH", help="its id, told by batches")
    whole.add_argument("file", metavar="FILE", help="NAME.csv, NAME.json or NAME.zip")
    add("watch", documents.watch, patient).add_argument("job", metavar="JOB")
    of_one = add("fields", documents.fields, work, patient)
    of_one.add_argument("--all", action="store_true", help="those not found too")
    of_one.add_argument(
        "what", metavar="FILE|JOB", help="a path, an address, - for standard input, or a job's id"
    )
    spent = add("usage", site_commands.usage)
    spent.add_argument("--by", choices=["minute", "hour", "day", "month"])
    spent.add_argument("--from", metavar="DATE")
    spent.add_argument("--to", metavar="DATE")
    level = add("service-level", site_commands.service_level)
    level.add_argument("--month", metavar="MONTH", help="2026-11, for example (this one)")
    add("health", site_commands.health)
    return top


__all__ = ["main"]
