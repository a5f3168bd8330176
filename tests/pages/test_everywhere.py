"""Each page: accessible, as narrow as its window, light, in both languages; whatever page comes.

With `--pictures=FOLDER` (`make screenshots`) each is drawn at three widths, light and dark.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.pages.everything import SIGNED_OUT, Everything, Weight, everything, name_of
from tests.pages.visiting import DESKTOP, PHONE, TABLET, Visits, overflow, shifts, violations
from tests.people import Organisation

if TYPE_CHECKING:
    from playwright.sync_api import Page

MOST_BYTES = 150_000  # that a page transfers
MOST_SHIFT = 0.1  # of the window, cumulative, while a page loads: "good" of the Web Vitals


@pytest.fixture
def folder(request: pytest.FixtureRequest) -> Path:
    """Where pictures are wanted."""
    named = request.config.getoption("--pictures")
    if not named:
        pytest.skip("asked for by --pictures=FOLDER")
    Path(named).mkdir(parents=True, exist_ok=True)
    return Path(named)


@pytest.fixture
def pages(visits: Visits, acme: Organisation) -> Everything:
    return everything(acme)


def opened(visits: Visits, pages: Everything, **how: Any) -> tuple[Page, Page]:
    """Browsers of the owner and of somebody who is not signed in."""
    owner = visits.open(pages.organisation.owner, "/style", **how)
    return owner, visits.open(None, "/login", **how)


def each(
    visits: Visits, pages: Everything, weights: dict[str, int] | None = None, **how: Any
) -> Any:
    """Every page in turn, open in its browser; ``weights`` is given what each transferred."""
    owner, nobody = opened(visits, pages, **how)
    weight = {page: Weight(page) for page in (owner, nobody) if weights is not None}
    for path in pages.addresses:
        page = nobody if path.strip("/") in SIGNED_OUT else owner
        if weights is not None:
            weight[page].bytes = 0
        answer = page.goto(path)
        if weights is not None:
            weights[path] = weight[page].bytes
        assert answer is not None and answer.status == 200, (path, answer and answer.status)
        if answer.text().startswith("<!DOCTYPE"):  # else a part of a page, or JSON
            yield path, page


@pytest.mark.parametrize(("size", "scheme"), [(DESKTOP, "light"), (PHONE, "dark")])
def test_every_page_is_accessible_and_fits(
    visits: Visits, pages: Everything, size: tuple[int, int], scheme: str
) -> None:
    wrong = []
    weights: dict[str, int] | None = {} if size == DESKTOP else None
    for path, page in each(visits, pages, weights, size=size, scheme=scheme):
        told = violations(page)
        if overflow(page) > 0:
            told.append(f"{overflow(page)} px too wide")
        moved = shifts(page)
        if sum(shift["value"] for shift in moved) >= MOST_SHIFT:
            told.append(f"moves by itself: {moved}")
        wrong += [f"{path}: {each}" for each in told]
    assert not wrong, "\n".join(wrong)
    if weights is not None:
        assert {path: told for path, told in weights.items() if told > MOST_BYTES} == {}
        assert min(weights.values()) > 1_000, "it was measured"


def test_pictures(folder: Path, visits: Visits, pages: Everything) -> None:
    drawn = set()
    for size in (PHONE, TABLET, DESKTOP):
        for scheme in ("light", "dark"):
            for path, page in each(visits, pages, size=size, scheme=scheme):
                name = f"{name_of(path, pages)}-{size[0]}-{scheme}.png"
                page.screenshot(path=folder / name, full_page=True)
                drawn.add(name)
    assert len(drawn) % 6 == 0 and len(drawn) > 300, "each page at every width, light and dark"
