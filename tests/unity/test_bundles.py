"""UnityFS bundles: every compression, and what is refused before it is inflated."""

from __future__ import annotations

import io
import lzma
import struct

import pytest
import unity_maker as maker

from rhythm_maps import limits
from rhythm_maps.errors import BadFormat, InputError, LimitExceeded
from rhythm_maps.sources.unity.bundle import is_bundle, read_bundle, read_directory

FILES = {"CAB-1": b"serialized" * 5000, "CAB-1.resource": bytes(range(256)) * 2000}


@pytest.fixture
def read(tmp_path):
    def run(data):
        path = tmp_path / "level"
        path.write_bytes(data)
        return read_bundle(path, "level")

    return run


@pytest.mark.parametrize("packer", ["none", "lz4", "lz4hc", "lzma", (67 | 0x200, 3), (0xC3, 3)])
def test_every_compression_and_place_of_the_directory_gives_the_same_files(read, packer):
    engine, files = read(maker.bundle(FILES, packer))
    assert engine == maker.VERSION
    assert files == FILES


def test_the_directory_is_read_without_the_blocks():
    data = maker.bundle(FILES, (0x42, 2))
    directory = read_directory(io.BytesIO(data[:400]), len(data), "level")
    assert [(node.name, node.size) for node in directory.nodes] == [(n, len(d)) for n, d in FILES.items()]


def test_a_file_that_is_no_bundle_is_told_apart(read, tmp_path):
    (tmp_path / "notes.txt").write_bytes(b"UnityFX\0")
    assert not is_bundle(tmp_path / "notes.txt")
    assert not is_bundle(tmp_path / "absent")
    with pytest.raises(BadFormat, match="not_a_bundle"):
        read(b"UnityWeb\0 and so on")
    with pytest.raises(InputError):
        read_bundle(tmp_path / "absent", "absent")


@pytest.mark.parametrize("keep", [4, 20, 60, 100, -1])
def test_a_bundle_that_is_cut_off_is_rejected(read, keep):
    with pytest.raises(BadFormat):
        read(maker.bundle(FILES, "lz4")[:keep])


def header(blocks, nodes, *, packed_blocks=b"", flags=0x40, form=8, engine=b"2021.3.16f1"):
    """A bundle by hand: (unpacked, packed, flags) a block, (offset, size, name) a file, an uncompressed directory."""
    info = bytes(16) + struct.pack(">i", len(blocks)) + b"".join(struct.pack(">IIH", *b) for b in blocks)
    info += struct.pack(">i", len(nodes))
    info += b"".join(struct.pack(">qqI", offset, size, 4) + name + b"\0" for offset, size, name in nodes)
    head = b"UnityFS\0" + struct.pack(">I", form) + b"5.x.x\0" + engine + b"\0"
    head += struct.pack(">qIII", 0, len(info), len(info), flags)
    return head + bytes(-len(head) % 16) + info + packed_blocks


def test_an_lz4_bomb_is_refused_before_it_is_inflated(read):
    bomb = header([(1 << 31, 64, 2)], [(0, 1, b"CAB")], packed_blocks=bytes(64))
    with pytest.raises(LimitExceeded, match="bundle_too_large"):
        read(bomb)


def lzma_block(data, dictionary=1 << 16):
    chain = [{"id": lzma.FILTER_LZMA1, "dict_size": 1 << 16, "lc": 3, "lp": 0, "pb": 2}]
    return struct.pack("<BI", 0x5D, dictionary) + lzma.compress(data, lzma.FORMAT_RAW, filters=chain)


def test_an_lzma_block_never_gives_more_than_its_header_says(read):
    block = lzma_block(bytes(50 << 20))
    _, files = read(header([(1000, len(block), 1)], [(0, 1000, b"CAB")], packed_blocks=block))
    assert files == {"CAB": bytes(1000)}
    with pytest.raises(LimitExceeded):
        read(header([(600 << 20, len(block), 1)], [(0, 1000, b"CAB")], packed_blocks=block))


def test_an_lzma_dictionary_of_gigabytes_is_refused(read):
    block = lzma_block(b"x" * 100, dictionary=0xFFFFFFFF)
    with pytest.raises(LimitExceeded, match="dictionary"):
        read(header([(100, len(block), 1)], [(0, 100, b"CAB")], packed_blocks=block))


def test_blocks_of_another_length_than_stated_are_damage(read):
    block = lzma_block(b"x" * 100)
    with pytest.raises(BadFormat, match="bad_bundle"):
        read(header([(101, len(block), 1)], [(0, 100, b"CAB")], packed_blocks=block))


@pytest.mark.parametrize(
    "nodes", [[(0, 9, b"A")], [(-1, 4, b"A")], [(8, 1, b"A")], [(0, -1, b"A")], [(0, 8, b"A"), (0, 8, b"B")]]
)
def test_files_outside_of_a_bundle_or_over_each_other_are_rejected(read, nodes):
    with pytest.raises(BadFormat, match="bad_bundle"):
        read(header([(8, 8, 0)], nodes, packed_blocks=bytes(8)))


@pytest.mark.parametrize(("engine", "flags", "code"), [
    (b"2021.3.16f1", 0x440, "encrypted_bundle"), (b"2022.3.33f1", 0x1040, "encrypted_bundle"),
    (b"2019.4.1f1", 0x240, "encrypted_bundle"), (b"2021.3.1f1", 0x240, "encrypted_bundle"),
])  # fmt: skip
def test_encrypted_bundles_say_so(read, engine, flags, code):
    with pytest.raises(BadFormat, match=code):
        read(header([(8, 8, 0)], [(0, 8, b"A")], packed_blocks=bytes(8), flags=flags, engine=engine))


def test_unknown_formats_and_compressions_say_so(read):
    with pytest.raises(BadFormat, match="unknown_bundle"):
        read(header([], [], form=99))
    with pytest.raises(BadFormat, match="unknown_bundle"):
        read(header([(8, 8, 4)], [(0, 8, b"A")], packed_blocks=bytes(8)))


def test_a_directory_cannot_ask_for_more_than_there_is(read):
    data = bytearray(header([(8, 8, 0)], [(0, 8, b"A")], packed_blocks=bytes(8)))
    at = data.index(struct.pack(">I", 0x40)) - 4
    data[at : at + 4] = struct.pack(">I", limits.BUNDLE_DIRECTORY_BYTES + 1)
    with pytest.raises(LimitExceeded):
        read(bytes(data))


def test_unitypy_reads_the_same_files_of_our_fixtures():
    """The fixtures are bundles to others too, not only to us."""
    import UnityPy

    level = maker.Level("Oracle", packer="lz4hc")
    env = UnityPy.load(level.bytes())
    names = sorted(obj.parse_as_object().m_Name for obj in env.objects if obj.type.name == "TextAsset")
    assert names == ["Oracle.audio.gz", "Oracle.lightshow.gz", "OracleExpert.beatmap.gz"]
    (clip,) = [obj.parse_as_object() for obj in env.objects if obj.type.name == "AudioClip"]
    assert next(iter(clip.samples.values()))[:4] == b"RIFF"
