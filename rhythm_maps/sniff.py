"""What a file really is, by its first bytes: for messages that say more than "unreadable"."""

from __future__ import annotations

HEAD_BYTES = 512
"""How much of a file `what_is` needs at most."""

_ZIP = "a zip archive"
_MAGIC: tuple[tuple[int, bytes, str], ...] = (
    (0, b"PK\x03\x04", _ZIP),
    (0, b"PK\x05\x06", _ZIP),
    (0, b"PK\x07\x08", "a part of a split zip archive"),
    (0, b"PK00PK\x03\x04", "a part of a split zip archive"),
    (0, b"\x1f\x8b", "a gzip file"),
    (0, b"Rar!", "a RAR archive"),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (0, b"OggS", "an Ogg file"),
    (0, b"fLaC", "a FLAC file"),
    (0, b"ID3", "an MP3 file"),
    (8, b"WAVE", "a WAV file"),
    (8, b"AVI ", "an AVI video"),
    (4, b"ftyp", "an MPEG-4/AAC file"),
    (0, b"\xff\xf1", "a raw AAC (ADTS) file"),
    (0, b"\xff\xf9", "a raw AAC (ADTS) file"),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "a Windows Media (WMA/WMV) file"),
    (0, b"\x1a\x45\xdf\xa3", "a Matroska/WebM file"),
    (0, b"FLV\x01", "a Flash video"),
    (0, b"MThd", "a MIDI file"),
    (0, b"UnityFS", "a Unity asset bundle"),
    (0, b"\x89PNG", "a PNG image"),
    (0, b"\xff\xd8\xff", "a JPEG image"),
    (0, b"SQLite format 3", "an SQLite database"),
    (0, b"\x28\xb5\x2f\xfd", "a Zstandard file"),
)
_TEXT: tuple[tuple[bytes, str], ...] = (
    (b"version https://git-lfs", "a Git LFS pointer, not the file it stands for"),
    (b"osu file format", "an osu! beatmap"),
    (b"<!doctype html", "an HTML page"),
    (b"<html", "an HTML page"),
    (b"<?xml", "an XML document"),
    (b"{", "a JSON or similar text"),
    (b"[", "a JSON or similar text"),
)
_NOT_TEXT = frozenset(range(32)) - set(b"\t\n\f\r\x1b")


def what_is(head: bytes) -> str:
    """Name the kind of file that starts with `head`, with an article; empty where it is not recognised."""
    head = head[:HEAD_BYTES]
    if not head:
        return "an empty file"
    for at, magic, kind in _MAGIC:
        if head.startswith(magic, at):
            return kind
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    for start, kind in _TEXT:
        if text.startswith(start):
            return kind
    if not any(head):
        return "a file of zero bytes"
    return "" if _NOT_TEXT.intersection(head) else "a text file"
