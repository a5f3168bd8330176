"""Gunicorn's log: of requests that it could not read, and of its processes."""

from __future__ import annotations

from typing import Any

from gunicorn.glogging import Logger

from ocrsite.log_lines import JsonFormatter, LineFormatter


class GunicornLogger(Logger):
    """Writes lines of the same form as the site's own."""

    formatter: type[LineFormatter] = LineFormatter

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        for handler in self.error_log.handlers:
            if getattr(handler, "_gunicorn", False):  # its own, as it marks them
                handler.setFormatter(self.formatter())


class GunicornJsonLogger(GunicornLogger):
    """As JSON."""

    formatter = JsonFormatter
