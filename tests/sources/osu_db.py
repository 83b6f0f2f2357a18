"""Writes a small `osu!.db` of version 20250108, one beatmap a call: the fields of the format's table in order."""

import struct


def text(value):
    data = value.encode()
    return b"\x0b" + bytes([len(data)]) + data


def pairs(stars):
    """Four lists, one a mode, of (int mods, float stars) pairs."""
    blocks = [stars, [], [], []]
    return b"".join(
        struct.pack("<i", len(block)) + b"".join(struct.pack("<BiBf", 8, mods, 12, value) for mods, value in block)
        for block in blocks
    )


def beatmap(md5, *, status=4, stars=((0, 5.25), (64, 7.5), (256, 4.0)), ids=(11, 22), checked=638_000_000_000_000_000):
    names = [text(v) for v in ("Artist", "", "Title", "", "Mapper", "Hard", "a.mp3", md5, "x.osu")]
    return b"".join(
        [
            *names,
            struct.pack("<BHHHq", status, 1, 2, 3, 0),  # circles, sliders, spinners, modified
            struct.pack("<4fd", 9, 4, 5, 8, 1.4),  # AR CS HP OD, slider velocity
            pairs(list(stars)),
            struct.pack("<3i", 60, 61_000, 1000),  # drain, length, preview
            struct.pack("<i", 1) + struct.pack("<ddB", 500.0, 0.0, 1),  # timing points
            struct.pack("<3i4Bhf", *ids, 0, 9, 9, 9, 9, 0, 0.7),  # ids, thread, grades, offset, stack leniency
            struct.pack("<B", 0) + text("") + text("tags") + struct.pack("<h", 0) + text(""),  # mode ... font
            struct.pack("<?q?", False, 0, False) + text("folder") + struct.pack("<q", checked),
            struct.pack("<5?iB", *[False] * 5, 0, 0),
        ]
    )


def database(*beatmaps, version=20250108):
    head = struct.pack("<ii?q", version, 1, True, 0) + text("somebody") + struct.pack("<i", len(beatmaps))
    return head + b"".join(beatmaps) + struct.pack("<i", 0)
