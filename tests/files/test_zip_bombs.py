"""Archives that claim or hold far more than their size: refused early, at little cost in memory and time."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import zlib
from dataclasses import replace

import pytest
from zip_maker import MAP, Made, end, end64, make_zip

from rhythm_maps.errors import BadArchive, LimitExceeded
from rhythm_maps.limits import ARCHIVE_ENTRIES, MIB

CHILD = """
import resource, sys, time
from pathlib import Path
from rhythm_maps.files import open_members
from rhythm_maps.errors import BadFormat
before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.perf_counter()
try:
    with open_members(Path(sys.argv[1])) as members:
        for name in members.names():
            members.read(name)
    what = "read"
except BadFormat as error:
    what = f"{type(error).__name__} {error.code}"
seconds = time.perf_counter() - start
unit = 1 if sys.platform == "darwin" else 1024
print(what, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * unit, seconds)
"""


def cost(tmp_path, data):
    """What reading everything comes to in a process of its own: the outcome, MiB of memory, seconds."""
    path = tmp_path / "bomb.osz"
    path.write_bytes(data)
    done = subprocess.run([sys.executable, "-c", CHILD, path], capture_output=True, text=True, check=True)
    outcome, memory, seconds = done.stdout.rsplit(maxsplit=2)
    return outcome, int(memory) / MIB, float(seconds)


def deflated_zeros(size):
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = bytes(MIB)
    return b"".join(deflate.compress(block) for _ in range(size // MIB)) + deflate.flush()


needs_getrusage = pytest.mark.skipif(sys.platform == "win32", reason="the resource module is POSIX only")


@needs_getrusage
def test_a_flat_bomb_is_refused_before_it_is_inflated(tmp_path):
    packed = deflated_zeros(1024 * MIB)
    assert len(packed) < 1.1 * MIB
    bomb = Made(b"audio.wav", packed=packed, size=1024 * MIB, crc=0)
    outcome, memory, seconds = cost(tmp_path, make_zip(bomb))
    assert outcome == "LimitExceeded archive_too_large"
    assert memory <= 64
    assert seconds <= 1


@needs_getrusage
def test_a_bomb_that_lies_about_its_size_is_cut_at_that_size(tmp_path):
    packed = deflated_zeros(1024 * MIB)
    outcome, memory, seconds = cost(tmp_path, make_zip(Made(b"audio.wav", packed=packed, size=4 * MIB, crc=0)))
    assert outcome == "BadArchive bad_member"
    assert memory <= 64
    assert seconds <= 1


def test_a_bomb_beside_real_audio_fails_alone(opened):
    noise = os.urandom(MIB)
    silence = Made(b"silence.wav", packed=deflated_zeros(16 * MIB), size=16 * MIB, crc=0)
    with opened(make_zip(Made(b"audio.mp3", noise, method=0), silence)) as members:
        assert members.read("audio.mp3") == noise
        with pytest.raises(LimitExceeded) as caught:
            members.read("silence.wav")
    assert caught.value.code == "ratio"


def test_a_silent_hitsound_is_no_bomb(opened):
    silence = bytes(2 * MIB)
    made = Made(b"soft-hitnormal.wav", silence)
    assert len(silence) > 200 * len(made.body())
    with opened(make_zip(Made(b"a.osu", MAP), made)) as members:
        assert members.read("soft-hitnormal.wav") == silence


def test_entries_that_share_one_kernel_are_refused(refused):
    kernel = Made(b"a", packed=deflated_zeros(MIB), size=MIB, crc=0)
    shared = kernel.local()
    directory = b"".join(replace(kernel, name=b"%d" % i, offset=0).central(0) for i in range(100))
    assert refused(shared + directory + end(100, len(directory), len(shared))) == "overlap"


@needs_getrusage
def test_quoted_overlap_of_10_gb_costs_nothing(tmp_path):
    """Each member's data holds every later header and ends with the one kernel."""
    kernel = deflated_zeros(32 * MIB)
    heads = [Made(b"%03d" % i, packed=b"").local() for i in range(320)]
    body, offsets = b"".join(heads) + kernel, [i * len(heads[0]) for i in range(320)]
    directory = b"".join(
        Made(b"%03d" % i, size=32 * MIB, packed=b"", packed_size=len(body) - at - 40, crc=0).central(at)
        for i, at in enumerate(offsets)
    )
    outcome, memory, seconds = cost(tmp_path, body + directory + end(320, len(directory), len(body)))
    assert outcome == "BadArchive overlap"
    assert memory <= 16
    assert seconds <= 0.5


def test_data_that_reaches_into_the_next_header_by_a_long_local_extra_field_is_refused(opened):
    """The directory alone cannot tell; the local header is checked when the member is read."""
    honest = make_zip(Made(b"a.osu", MAP), Made(b"b.osu", MAP))
    moved = honest[:28] + struct.pack("<H", 40) + honest[30:]
    with opened(moved) as members:
        with pytest.raises(BadArchive) as caught:
            members.read("a.osu")
        assert caught.value.code == "overlap"
        assert members.read("b.osu") == MAP


@pytest.mark.parametrize("entries", [ARCHIVE_ENTRIES + 1, 65_534, 65_535])
def test_too_many_entries_are_refused_by_the_end_record(opened, entries):
    with pytest.raises(LimitExceeded):
        opened(make_zip(Made(b"a", b""), entries=entries))


@pytest.mark.parametrize("entries", [1_000_000, 1 << 63])
def test_too_many_entries_are_refused_by_the_zip64_record(opened, entries):
    with pytest.raises(LimitExceeded):
        opened(Made(b"a").local() + end64(entries, 46 * 1000, 33, 33))


@needs_getrusage
def test_a_directory_of_100_mb_is_not_read(tmp_path):
    local = Made(b"a").local()
    data = local + bytes(100 * MIB) + end(9_999, 100 * MIB, len(local))
    outcome, memory, seconds = cost(tmp_path, data)
    assert outcome.startswith("LimitExceeded")
    assert memory <= 64
    assert seconds <= 1


def test_a_directory_with_more_entries_than_the_end_record_says_is_refused(refused):
    assert refused(make_zip(*(Made(b"%d" % i) for i in range(50)), entries=3)) == "bad_zip"
    assert refused(make_zip(Made(b"a"), entries=2)) == "bad_zip"


def test_zip64_sizes_that_no_machine_has_are_refused(opened):
    huge = struct.pack("<2H2Q", 1, 16, 1 << 63, 40)
    made = Made(b"a.osu", MAP)
    directory = struct.pack("<4s6H3L3H", b"PK\1\2", 45, 45, 0, 8, 0, 33, 0, 0xFFFFFFFF, 0xFFFFFFFF, 5, 20, 0)
    directory += struct.pack("<2H2L", 0, 0, 0, 0) + b"a.osu" + huge
    local = made.local()
    with pytest.raises(LimitExceeded):
        opened(local + directory + end(1, len(directory), len(local)))


def test_an_honest_small_zip64_reads_right(opened):
    made = Made(b"a.osu", MAP)
    local = made.local()
    sizes = struct.pack("<2H2Q", 1, 16, len(MAP), len(made.body()))
    directory = struct.pack(
        "<4s6H3L3H", b"PK\1\2", 45, 45, 0, 8, 0, 33, zlib.crc32(MAP), 0xFFFFFFFF, 0xFFFFFFFF, 5, len(sizes), 0
    )
    directory += struct.pack("<2H2L", 0, 0, 0, 0) + b"a.osu" + sizes
    with opened(local + directory + end64(1, len(directory), len(local), len(local) + len(directory))) as members:
        assert members.read("a.osu") == MAP
