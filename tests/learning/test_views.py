"""The pages of fine-tuning."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.permissions import Role
from jobs.models import TenantEngine
from learning.curve import curve
from learning.models import Dataset, Example, RunStatus, TrainingRun
from tests.jobs.making import form_file
from tests.learning.teaching import BASE, corrected_job, filled, make_training
from tests.people import Organisation

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("files", "empty_queue", "base")]
EVIL = '<img src=x onerror="alert(1)">'


@pytest.fixture
def owner(acme: Organisation) -> Client:
    client = Client(raise_request_exception=True)
    client.force_login(acme.owner)
    return client


def text(client: Client, url: str, **more: str) -> str:
    answer = client.get(url, **more)  # type: ignore[arg-type]
    assert answer.status_code == 200
    return answer.content.decode()


def test_empty_pages_say_how_to_begin(acme: Organisation, owner: Client) -> None:
    page = text(owner, "/fine-tuning")
    assert "None yet." in page and "Make a dataset" in page
    made = owner.post("/fine-tuning", {"name": "mine", "base": BASE})
    dataset = Dataset.objects.get()
    assert made["Location"] == f"/fine-tuning/datasets/{dataset.pk}"
    page = text(owner, made["Location"])
    assert "Import corrections" in page and "At least two pages" in page
    again = owner.post("/fine-tuning", {"name": "mine", "base": BASE})
    assert again.status_code == 409 and "There is a dataset" in again.content.decode()
    assert owner.post("/fine-tuning", {"name": "x", "base": "auto"}).status_code == 400


def test_nothing_to_be_taught_is_said(acme: Organisation, owner: Client) -> None:
    from extraction import engines
    from extraction.engines.configuration import Configuration

    engines.configure(Configuration())
    assert "No engine can be taught here" in text(owner, "/fine-tuning")


def test_dataset_is_filled_on_its_page(acme: Organisation, owner: Client) -> None:
    corrected_job(acme)
    pk = filled(acme, "invoices", 1).pk
    url = f"/fine-tuning/datasets/{pk}"
    page = owner.post(f"{url}/corrections", follow=True).content.decode()
    assert "Pages: 1 added, 0 changed, 0 as before." in page
    sent = owner.post(
        f"{url}/examples", {"file": form_file(name=f"{EVIL}.pdf"), "page": 1, "text": EVIL}
    )
    assert sent["Location"] == url
    page = text(owner, url)
    assert EVIL not in page and "&lt;img src=x" in page
    assert Example.objects.get(source="upload", text=EVIL).confirmed_by == acme.owner.email
    wrong = owner.post(f"{url}/examples", {"page": 1, "text": "x"})
    assert wrong.status_code == 400 and Example.objects.count() == 2  # one took the place
    assert owner.get(f"{url}/export")["Content-Type"] == "application/zip"


def test_run_is_begun_watched_promoted_and_rolled_back(acme: Organisation, owner: Client) -> None:
    pk = filled(acme).pk
    answer = owner.post(f"/fine-tuning/datasets/{pk}", {"epochs": 2, "learning_rate": "0.001"})
    run = TrainingRun.objects.get()
    url = f"/fine-tuning/runs/{run.pk}"
    assert answer["Location"] == url
    page = text(owner, url)
    assert 'hx-trigger="every 2s"' in page and "Cancel" in page and "<polyline" not in page
    TrainingRun.objects.update(
        status=RunStatus.RUNNING, losses=[[1, 2.0], [2, 1.0]], step=2, steps=4
    )
    part = text(owner, url, HTTP_HX_REQUEST="true")
    assert part.lstrip().startswith('<div id="run"') and "<polyline" in part
    assert "Step 2 of 4" in part
    done = make_training(acme)
    url = f"/fine-tuning/runs/{done.pk}"
    page = text(owner, url)
    assert "hx-trigger" not in page and "On the pages held out" in page
    assert owner.post(f"{url}/promote", {"engine": "Not a name"}, follow=True).status_code == 200
    assert not TenantEngine.objects.filter(active=done.adapter).exists()
    page = owner.post(f"{url}/promote", {"engine": "mine"}, follow=True).content.decode()
    assert "own:mine reads with this training from now on." in page and "Roll back" in page
    assert 'value="own:mine"' in text(owner, "/jobs/new")
    page = owner.post("/fine-tuning/engines/mine/rollback", follow=True).content.decode()
    assert "own:mine reads as before the last promotion." in page
    assert TenantEngine.objects.get(name="mine").active is None


def test_worse_run_says_so(acme: Organisation, owner: Client) -> None:
    run = make_training(acme)
    TrainingRun.objects.update(evaluation={**(run.evaluation or {}), "worse": True})
    assert "less like the right texts" in text(owner, f"/fine-tuning/runs/{run.pk}")


def test_viewers_look_and_change_nothing(acme: Organisation) -> None:
    run, client = make_training(acme), Client()
    client.force_login(acme.join(Role.VIEWER))
    for url in (
        "/fine-tuning",
        f"/fine-tuning/datasets/{run.dataset_id}",
        f"/fine-tuning/runs/{run.pk}",
    ):
        page = text(client, url)
        main = page[page.index("<main") :]
        assert "<form" not in main, url
    assert client.post(f"/fine-tuning/runs/{run.pk}/promote", {"engine": "x"}).status_code == 403


def test_curve_goes_from_corner_to_corner() -> None:
    assert curve([(1, 2.0)], 10) is None
    drawn = curve([(1, 2.0), (5, 1.0), (11, 0.0)], 11)
    assert drawn is not None
    assert drawn.points == "56.0,10.0 206.4,83.0 432.0,156.0"
    assert [tick.text for tick in drawn.ticks] == ["0", "1", "2"]
    assert drawn.words == "Loss from 2 at step 1 to 0 at step 11 of 11"
    flat = curve([(1, 0.0), (2, 0.0)], 2)
    assert flat is not None and flat.points == "56.0,156.0 432.0,156.0"
