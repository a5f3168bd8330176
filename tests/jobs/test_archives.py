"""Zip archives: what is unpacked, and what is refused before it costs anything."""

from __future__ import annotations

import io
import random
import tracemalloc
import zipfile

import pytest

from extraction.errors import EmptyDocument, ExtractionError, UnsupportedType
from jobs.archives import MAX_RATIO, Archive, display_name, is_archive
from jobs.errors import CompressionTooHigh, CorruptArchive, TooManyFiles, UnsupportedEntry
from tests.jobs.making import PDF
from tests.jobs.zips import changed, entries_zip, overlapping, zipped


def opened(body: bytes, max_files: int = 100) -> Archive:
    """The archive in these bytes."""
    return Archive(io.BytesIO(body), max_files=max_files)


def unpacked(body: bytes) -> dict[str, bytes]:
    """Every entry by its name."""
    archive, found = opened(body), {}
    for entry in archive.entries:
        if entry.refusal:
            raise entry.refusal
        found[entry.name] = b"".join(archive.chunks(entry))
    return found


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_entries_come_out_as_they_went_in(method: int) -> None:
    files = {"a.pdf": PDF, "folder/b.bin": b"x" * 70_000, "empty.txt": b""}
    body = zipped(files, method)
    assert is_archive(body)
    assert unpacked(body) == {"a.pdf": PDF, "b.bin": b"x" * 70_000, "empty.txt": b""}


def test_archive_behind_other_bytes_and_with_a_comment_is_read() -> None:
    out = io.BytesIO(b"#!program\n" * 50)
    with zipfile.ZipFile(out, "a") as archive:
        archive.writestr("a.pdf", PDF)
        archive.comment = b"scanned on Monday" * 9
    assert unpacked(out.getvalue()) == {"a.pdf": PDF}


def test_folders_and_what_systems_leave_in_them_are_passed_over() -> None:
    rubbish = ["folder/", "__MACOSX/._a.pdf", "x/__MACOSX/b", ".DS_Store", "folder/.DS_Store",
               ".git/config", "folder/Thumbs.db", "desktop.ini"]  # fmt: skip
    body = zipped({**dict.fromkeys(rubbish, b""), "./a.pdf": b"1", "..b.pdf": b"2"})
    assert [entry.name for entry in opened(body).entries] == ["a.pdf", "..b.pdf"]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\a.pdf", "a.pdf"),
        ("/a/b/\x1b[31mred\u202efdp.exe", "[31mredfdp.exe"),
        ("a\nb.pdf", "ab.pdf"),
        ("x/", "document"),
        ("x/..", "document"),
        (" . ", "document"),
        ("é" * 300, "é" * 255),
    ],
)
def test_name_is_the_last_part_without_what_does_not_print(path: str, name: str) -> None:
    assert display_name(path) == name


def test_name_in_utf_8_is_read_whether_it_is_marked_or_not() -> None:
    marked = zipped({"Rechnung-März.pdf": b"1"})
    central = marked.index(b"PK\1\2")
    plain = bytearray(marked)
    plain[7] &= 0xF7  # the mark is a bit of both headers
    plain[central + 9] &= 0xF7
    assert plain != marked
    assert [entry.name for entry in opened(marked).entries] == ["Rechnung-März.pdf"]
    assert [entry.name for entry in opened(bytes(plain)).entries] == ["Rechnung-März.pdf"]
    assert unpacked(bytes(plain)) == {"Rechnung-März.pdf": b"1"}


def test_two_entries_of_one_name_are_two() -> None:
    body = entries_zip(zipfile.ZipInfo("a.pdf"), zipfile.ZipInfo("a.pdf"), body=PDF)
    archive = opened(body)
    assert [b"".join(archive.chunks(entry)) for entry in archive.entries] == [PDF, PDF]


def test_links_devices_encrypted_entries_and_other_methods_are_refused_one_by_one() -> None:
    link, device, bzip = (zipfile.ZipInfo(name) for name in ("link", "device", "bzip"))
    link.external_attr = 0o120777 << 16
    device.external_attr = 0o020666 << 16
    bzip.compress_type = zipfile.ZIP_BZIP2
    secret = zipfile.ZipInfo("secret")
    body = entries_zip(secret, link, device, bzip, zipfile.ZipInfo("a.pdf"), body=PDF)
    archive = opened(changed(body, "flags", 1))
    refused = [entry.refusal for entry in archive.entries]
    assert [type(refusal) for refusal in refused[:4]] == [UnsupportedEntry] * 4
    assert [str(refusal)[:15] for refusal in refused[:4]] == [
        "It is encrypted", "It is a link or", "It is a link or", "It is compresse"
    ]  # fmt: skip
    assert refused[4] is None
    assert b"".join(archive.chunks(archive.entries[4])) == PDF


@pytest.mark.parametrize("marker", ["[Content_Types].xml", "mimetype", "META-INF/MANIFEST.MF"])
def test_office_document_is_no_archive(marker: str) -> None:
    with pytest.raises(UnsupportedType, match="office"):
        opened(zipped({marker: b"", "word/media/image1.png": PDF}))


def test_archive_without_files_is_empty() -> None:
    for body in (zipped({}), zipped({"folder/": b"", ".DS_Store": b""})):
        assert is_archive(body)
        with pytest.raises(EmptyDocument):
            opened(body)


def test_more_entries_than_allowed_are_refused_before_any_is_read() -> None:
    body = zipped({f"{number}.pdf": b"" for number in range(101)})
    with pytest.raises(TooManyFiles) as raised:
        opened(body)
    assert (raised.value.limit, raised.value.actual) == (100, 101)
    assert len(opened(body, max_files=101).entries) == 101


def test_directory_is_not_read_into_memory_whatever_its_size() -> None:
    """A "directory" of 60 MB, and one that claims 4 GB."""
    many = overlapping(1_200_000, PDF)
    assert len(many) > 60_000_000
    end = many.rindex(b"PK\5\6")
    claims = many[: end + 12] + b"\xff\xff\xff\xff" + many[end + 16 :]
    for body in (many, claims):
        file = io.BytesIO(body)
        tracemalloc.start()
        with pytest.raises((TooManyFiles, CorruptArchive)):
            Archive(file, max_files=100)
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
        tracemalloc.stop()


def test_entries_that_share_bytes_are_refused() -> None:
    for entries in (2, 90):
        with pytest.raises(CorruptArchive, match="overlap"):
            opened(overlapping(entries, PDF))
    assert unpacked(overlapping(1, PDF)) == {"a.pdf": PDF}


def test_entry_quoted_in_another_ones_extra_field_is_an_overlap() -> None:
    body = zipped({"a.pdf": PDF, "b.pdf": PDF}, zipfile.ZIP_STORED)
    quoted = body[:28] + (100).to_bytes(2, "little") + body[30:]
    with pytest.raises(CorruptArchive, match="overlap"):
        opened(quoted)


def test_entry_that_unpacks_to_far_more_than_it_is_stops() -> None:
    archive = opened(zipped({"zeros": bytes(50_000_000)}))
    sizes: list[int] = []
    with pytest.raises(CompressionTooHigh):
        sizes.extend(map(len, archive.chunks(archive.entries[0])))
    packed = archive.entries[0].info.compress_size
    assert 1_000_000 < sum(sizes) <= MAX_RATIO * packed < 15_000_000
    small = zipped({"blank.bmp": bytes(900_000)})
    assert len(unpacked(small)["blank.bmp"]) == 900_000


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("size", 10),
        ("size", 2**31),
        ("size", 2**32 - 1),
        ("packed", 3),
        ("packed", 2**31),
        ("packed", 2**32 - 1),
        ("offset", 9),
        ("offset", 2**31),
        ("offset", 2**32 - 1),
        ("method", 0),
        ("flags", 0x2000),
    ],
)
def test_header_that_lies_is_found_out(field: str, value: int) -> None:
    expected = UnsupportedEntry if field == "flags" else CorruptArchive
    with pytest.raises(expected):
        unpacked(changed(zipped({"a.pdf": PDF, "b.pdf": PDF}), field, value))


def test_damaged_archive_is_told_as_such_whatever_is_damaged() -> None:
    """2,000 archives, each with some bytes changed, cut off or doubled."""
    seeds = random.Random(5)
    whole = zipped({"a.pdf": PDF, "b/c.png": bytes(range(256)) * 20, "d": b""})
    told = set()
    for _ in range(2000):
        body = bytearray(whole)
        for _ in range(seeds.randint(1, 6)):
            # most of them in the headers, which are the last part
            place = seeds.randrange(len(body) - 250 * seeds.randint(0, 1) - 1, len(body))
            body[place] = seeds.randrange(256)
        if seeds.random() < 0.2:
            del body[seeds.randrange(len(body)) :]
        try:
            unpacked(bytes(body))
            told.add("read")
        except ExtractionError as error:
            told.add(error.code)
    assert {"read", "corrupt_archive", "unsupported_entry"} <= told
