"""What a document would do, open or send for: nothing of it happens."""

from __future__ import annotations

import socket
from typing import Any

import pymupdf
import pytest

from jobs.models import Job
from tests.jobs.making import make_job, run_job
from tests.people import Organisation

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("files", "empty_queue"),
]


def active_pdf(url: str) -> bytes:
    """A page with a script, a program to start, an address to open, a form to send, a file inside,
    and a picture and a file to be fetched, each from that address."""
    with pymupdf.open() as pdf:
        page = pdf.new_page()
        page.insert_text((72, 72), "Invoice number 4711, total 119.00 EUR")
        page.insert_link(
            {"kind": pymupdf.LINK_URI, "uri": url, "from": pymupdf.Rect(70, 60, 300, 80)}
        )
        page.insert_link(
            {"kind": pymupdf.LINK_LAUNCH, "file": "/bin/sh", "from": pymupdf.Rect(70, 90, 300, 99)}
        )
        pdf.embfile_add("inside.pdf", b"%PDF-1.7 not opened")
        script = pdf.get_new_xref()
        pdf.update_object(script, f"<</S/JavaScript/JS(app.launchURL\\('{url}'\\);)>>")
        pdf.xref_set_key(pdf.pdf_catalog(), "OpenAction", f"{script} 0 R")
        sending = pdf.get_new_xref()
        pdf.update_object(sending, f"<</S/SubmitForm/F<</FS/URL/F({url})>>/Next {script} 0 R>>")
        pdf.xref_set_key(page.xref, "AA", f"<</O {sending} 0 R/C<</S/URI/URI({url})>>>>")
        outside = pdf.get_new_xref()
        pdf.update_object(
            outside,
            "<</Type/XObject/Subtype/Image/Width 1/Height 1/BitsPerComponent 8"
            f"/ColorSpace/DeviceGray/F<</FS/URL/F({url})>>>>",
        )
        pdf.update_stream(outside, b"\0", new=True)
        pdf.xref_set_key(page.xref, "PieceInfo", f"<</Outside {outside} 0 R>>")
        return bytes(pdf.tobytes())


@pytest.mark.parametrize("text_layer", ["auto", "ignore"])
def test_document_reaches_nothing(acme: Organisation, text_layer: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.3)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/called"
        body = active_pdf(url)
        assert all(word in body for word in (b"JavaScript", b"/Launch", b"SubmitForm", b"/EF"))
        job = make_job(acme, body, text_layer=text_layer, outputs=("json", "pdf"))
        run_job(str(job.pk))
        with pytest.raises(TimeoutError):
            listener.accept()
    job = Job.objects.get(pk=job.pk)
    assert (job.status, job.pages_total) == ("succeeded", 1)
    assert b"4711" in acme.api().get(f"/api/v1/ocr/jobs/{job.pk}/result.txt").content
    again: Any = acme.api().get(f"/api/v1/ocr/jobs/{job.pk}/result.pdf")
    made = b"".join(again.streaming_content) if again.streaming else again.content
    for word in (b"JavaScript", b"/Launch", b"SubmitForm", b"/EmbeddedFile"):
        assert word not in made
