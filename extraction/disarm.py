"""Takes out of a PDF what could act or carry something else: for files that we hand on.

Scripts, actions other than jumps within the document, forms of the XFA kind, attached files,
media, and references to other files go. The looks of the pages stay; so do links within the
document, bookmarks and form fields. Runs in a child process only (see ``pdf_writer``).
"""

from __future__ import annotations

import contextlib
import re
from typing import Any

# Keys that hold something that acts, or a file: PDF 32000-1, 7.7, 7.11, 12.6, 12.7.8, 13
KEYS = (
    *("AA", "AF", "Collection", "EF", "EmbeddedFiles", "JavaScript", "JS", "OpenAction"),
    *("RichMediaContent", "RichMediaSettings", "XFA"),
)
# Types of actions; GoTo and SetOCGState, which show another part of the document, may stay
ACTIONS = {
    *("GoTo3DView", "GoToE", "GoToR", "Hide", "ImportData", "JavaScript", "Launch", "Movie"),
    *("Named", "Rendition", "ResetForm", "RichMediaExecute", "Sound", "SubmitForm", "Thread"),
    *("Trans", "URI"),
}
ANNOTATIONS = {"3D", "FileAttachment", "Movie", "RichMedia", "Screen", "Sound"}
FOREIGN_STREAM_KEYS = ("F", "Ref")  # a stream's data, or a drawing, from another file
MAX_DEPTH = 50

_SUSPECT = re.compile(rf"/(?:{'|'.join([*KEYS, *ACTIONS, *ANNOTATIONS, *FOREIGN_STREAM_KEYS])})\b")


def disarm(document: Any) -> None:
    """Clean every object of an open PyMuPDF document and the dictionaries inside it, so that it
    does not matter from where an action hangs."""
    import pymupdf

    mupdf = pymupdf.mupdf
    pdf = mupdf.pdf_document_from_fz_document(document.this)
    for xref in range(1, document.xref_length()):
        with contextlib.suppress(Exception):  # MuPDF writes a broken object as null
            if _SUSPECT.search(document.xref_object(xref, compressed=True)):
                node = mupdf.pdf_load_object(pdf, xref)
                if mupdf.pdf_is_stream(mupdf.pdf_new_indirect(pdf, xref, 0)):
                    for key in FOREIGN_STREAM_KEYS:
                        mupdf.pdf_dict_dels(node, key)
                _clean(node, 0)


def _clean(node: Any, depth: int) -> None:
    import pymupdf

    mupdf = pymupdf.mupdf
    if mupdf.pdf_is_indirect(node):
        return  # cleaned on its own
    if mupdf.pdf_is_array(node):
        for index in range(mupdf.pdf_array_len(node)):
            _clean(mupdf.pdf_array_get(node, index), depth + 1)
    elif mupdf.pdf_is_dict(node):
        if (
            depth > MAX_DEPTH
            or mupdf.pdf_to_name(mupdf.pdf_dict_gets(node, "S")) in ACTIONS
            or mupdf.pdf_to_name(mupdf.pdf_dict_gets(node, "Subtype")) in ANNOTATIONS
        ):
            for index in reversed(range(mupdf.pdf_dict_len(node))):
                mupdf.pdf_dict_del(node, mupdf.pdf_dict_get_key(node, index))
            return
        for key in KEYS:
            mupdf.pdf_dict_dels(node, key)
        for index in range(mupdf.pdf_dict_len(node)):
            _clean(mupdf.pdf_dict_get_val(node, index), depth + 1)
