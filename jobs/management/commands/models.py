"""`manage.py models`: the weights of vision-language models on this machine."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from extraction import engines, weights, weights_download
from extraction.errors import ExtractionError
from extraction.geometry import geometry_of
from extraction.hardware import probe
from extraction.memory_plan import plan
from extraction.vision_models import VisionModel

GB = 1e9


class Command(BaseCommand):
    requires_system_checks: list[str] = []  # it has no secrets where it has the internet
    help = "Vision-language models: list, plan, download, check and remove their weights."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
        actions.add_parser("list", help="the models that are known, and whether they are here")
        planned = actions.add_parser("plan", help="how they will be held on this machine")
        planned.add_argument("name", nargs="?", help="of a model; all that are set up without")
        fetched = actions.add_parser("download", help="fetch a model from the hub")
        checked = actions.add_parser("check", help="read its files whole and compare their hashes")
        removed = actions.add_parser("remove", help="delete what was downloaded of it")
        fetched.add_argument("--endpoint", help="the hub's address; HF_ENDPOINT's without")
        for each in (fetched, checked, removed):
            each.add_argument("name")

    def handle(self, *args: Any, action: str, **options: Any) -> None:
        try:
            match action:
                case "list":
                    self._list()
                case "plan":
                    self._plan(options["name"])
                case "download":
                    self._download(_model(options["name"]), options["endpoint"])
                case "check":
                    self._check(_model(options["name"]))
                case "remove":
                    freed = weights.remove(_model(options["name"]), engines.configured())
                    self.stdout.write(f"{options['name']}: {freed / GB:.2f} GB deleted")
        except ExtractionError as error:
            raise CommandError(error.detail) from error

    def _list(self) -> None:
        rows: list[tuple[str, ...]] = [("NAME", "ON", "HERE", "GB", "COMMIT", "SOURCE", "LICENCE")]
        for model in settings.VISION_ROWS.values():
            found = weights.weights_of(model, engines.configured())
            rows.append(
                (
                    model.name,
                    "yes" if model in settings.VISION_MODELS else "no",
                    "yes" if found.there else "no",
                    f"{found.bytes / GB:.2f}" if found.there else "-",
                    found.commit[:12] or "-",
                    model.source,
                    model.licence or "-",
                )
            )
        self._table(rows)

    def _plan(self, name: str | None) -> None:
        models = [_model(name)] if name else list(settings.VISION_MODELS)
        if not models:
            raise CommandError("no model is set up: name them in VISION_MODELS, or name one here")
        hardware = probe()
        wrong = []
        for model in models:
            try:
                made = plan(
                    geometry_of(weights.folder_of(model, engines.configured())),
                    hardware,
                    quantisation=settings.VISION_QUANTISATION,
                    memory_bytes=engines.configured().memory_bytes,
                    min_pixels=model.min_pixels,
                    max_pixels=model.max_pixels,
                    max_tokens=model.max_tokens,
                )
            except ExtractionError as error:
                wrong.append(f"{model.name}: {error.detail}")
                continue
            self.stdout.write(f"{model.name}: {made.summary}")
            for reason in made.reasons:
                self.stdout.write(f"  {reason}")
        if wrong:
            raise CommandError("\n".join(wrong))

    def _download(self, model: VisionModel, endpoint: str | None) -> None:
        told = [-1]

        def progress(done: int, total: int) -> None:
            percent = 100 * done // max(total, 1)
            if percent != told[0]:
                told[0] = percent
                self.stdout.write(f"{model.name}: {percent} % of {total / GB:.2f} GB")

        weights_download.download(model, engines.configured(), progress, endpoint=endpoint)
        found = weights.weights_of(model, engines.configured())
        self.stdout.write(f"{model.name}: commit {found.commit} is here")
        if model.licence:
            self.stdout.write(f"Licence: {model.licence}")

    def _check(self, model: VisionModel) -> None:
        if wrong := weights.check(model, engines.configured()):
            raise CommandError("\n".join(f"{model.name}: {problem}" for problem in wrong))
        self.stdout.write(f"{model.name}: sound")

    def _table(self, rows: list[tuple[str, ...]]) -> None:
        """Columns as wide as their widest, the last as it is."""
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        for row in rows:
            cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
            self.stdout.write("  ".join(cells).rstrip())


def _model(name: str) -> VisionModel:
    """The row of that name. Raises ``CommandError`` where there is none."""
    if name not in settings.VISION_ROWS:
        raise CommandError(f"{name!r} is none of: {', '.join(settings.VISION_ROWS)}")
    found: VisionModel = settings.VISION_ROWS[name]
    return found
