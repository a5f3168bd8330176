"""The commands about batches that were sent: batches, export."""

from __future__ import annotations

import argparse
from itertools import islice

from ocrsite_client.cli.showing import printable, put_json, put_result, put_table
from ocrsite_client.client import Client

LINES = "lines.csv"  # the export of the tables' lines


def batches(site: Client, given: argparse.Namespace) -> int:
    """List batches, newest first."""
    found = list(islice(site.batches(page_size=min(given.limit, 200)), given.limit))
    if given.json:
        put_json([batch.data for batch in found])
    else:
        put_table(
            ["BATCH", "CREATED", "STATUS", "DOCUMENTS", "NAME"],
            [
                [
                    batch.id,
                    batch.data["created_at"][:19],
                    batch.status,
                    batch.documents["total"],
                    batch.name,
                ]
                for batch in found
            ],
        )
    return 0


def export(site: Client, given: argparse.Namespace) -> int:
    """Save all results of a batch in one file, as they stand now."""
    formats = given.formats.split(",") if given.formats else ()
    path = site.export(given.batch, given.file, LINES if given.lines else None, formats)
    if given.json:
        put_json({"saved": str(path)})
    else:
        put_result(printable(str(path)))
    return 0


__all__ = ["batches", "export"]
