"""Gunicorn's log: of requests that it could not read, and of its processes."""

from __future__ import annotations

from typing import Any

from gunicorn.glogging import Logger

from ocrsite.log_lines import LineFormatter


class GunicornLogger(Logger):
    """Writes lines of the same form as the site's own."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        for handler in self.error_log.handlers:
            handler.setFormatter(LineFormatter())
