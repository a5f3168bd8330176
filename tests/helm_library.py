"""Helm's own library, in a process of its own: with it come Go's threads and signal handlers, which
are nothing for a process that forks, and whose tests send signals."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from functools import cache
from importlib.util import find_spec
from multiprocessing import get_context
from typing import Any

HERE = find_spec("helm_python") is not None


class Refused(Exception):
    """What Helm says of values or a chart that it does not take."""


def render(chart: str, values: dict[str, Any], name: str, namespace: str) -> dict[str, str]:
    """The text of each manifest by its path. Raises ``Refused``."""
    found: dict[str, str] = _process().submit(_render, chart, values, name, namespace).result()
    return found


def lint(chart: str, values: dict[str, Any]) -> dict[str, Any]:
    """What is to be mended, strictly."""
    found: dict[str, Any] = _process().submit(_lint, chart, values).result()
    return found


def package(chart: str, destination: str) -> None:
    """Pack the chart into a folder."""
    _process().submit(_package, chart, destination).result()


@cache
def _process() -> ProcessPoolExecutor:
    return ProcessPoolExecutor(1, mp_context=get_context("spawn"))


def _render(chart: str, values: dict[str, Any], name: str, namespace: str) -> dict[str, str]:
    import helm_python  # type: ignore[import-not-found, unused-ignore]

    try:
        with helm_python.Chart.load(chart) as loaded:
            return dict(loaded.render(values, name=name, namespace=namespace))
    except helm_python.HelmError as error:
        raise Refused(str(error)) from None


def _lint(chart: str, values: dict[str, Any]) -> dict[str, Any]:
    import helm_python

    return dict(helm_python.lint(chart, values, strict=True))


def _package(chart: str, destination: str) -> None:
    import helm_python

    helm_python.package(chart, destination=destination)
