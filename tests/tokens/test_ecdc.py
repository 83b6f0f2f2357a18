"""Token files of both kinds, against torch and the encodec package's own code, and damaged in every way."""

from __future__ import annotations

import contextlib
import io
import json
import pickle
import struct
import subprocess
import sys
import zipfile

import numpy as np
import pytest
from token_files import codes_of, write_tokens

from rhythm_maps import limits
from rhythm_maps.errors import BadFormat, InputError, LimitExceeded, UsageError
from rhythm_maps.tokens import ecdc

SHAPES = [(2, 1), (4, 7), (8, 93), (16, 3), (32, 20), (8, 0), (1, 5)]


def samples_of(frames):
    return max(frames * 320 - 7, 0)


@pytest.mark.parametrize(("n_q", "frames"), SHAPES)
@pytest.mark.parametrize("write", [ecdc.write_enchf, ecdc.write_binary])
def test_what_is_written_is_read(tmp_path, write, n_q, frames):
    codes = codes_of(frames, n_q)
    write(tmp_path / "a.ecdc", codes, samples_of(frames))
    read = ecdc.read(tmp_path / "a.ecdc")
    assert (read.samples, read.frames, read.codes.dtype) == (samples_of(frames), frames, np.uint16)
    assert read.kind == ("enchf" if write is ecdc.write_enchf else "binary")
    np.testing.assert_array_equal(read.codes, codes)
    assert ecdc.read((tmp_path / "a.ecdc").read_bytes()).kind == read.kind


def test_bytes_depend_on_codes_alone(tmp_path):
    for write in (ecdc.write_enchf, ecdc.write_binary):
        write(tmp_path / "a.ecdc", codes_of(), 29_760)
        write(tmp_path / "other.ecdc", codes_of().astype(np.int64), 29_760)
        assert (tmp_path / "a.ecdc").read_bytes() == (tmp_path / "other.ecdc").read_bytes()


# --- against torch and encodec ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("n_q", "frames"), SHAPES)
def test_torch_reads_what_is_written(tmp_path, n_q, frames):
    torch = pytest.importorskip("torch")
    codes = codes_of(frames, n_q)
    ecdc.write_enchf(tmp_path / "a.ecdc", codes, samples_of(frames))
    for options in ({}, {"mmap": True}):
        read = torch.load(tmp_path / "a.ecdc", weights_only=True, **options)
        assert sorted(read) == ["audio_codes", "audio_length", "audio_scales"]
        assert (read["audio_scales"], read["audio_length"]) == ([None], samples_of(frames))
        assert (read["audio_codes"].dtype, read["audio_codes"].is_contiguous()) == (torch.int64, True)
        np.testing.assert_array_equal(read["audio_codes"][0, 0].numpy(), codes)


def saved(content, **options):
    torch = pytest.importorskip("torch")
    out = io.BytesIO()
    torch.save(content, out, **options)
    return out.getvalue()


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_what_torch_saves_is_read(protocol):
    torch = pytest.importorskip("torch")
    codes = torch.from_numpy(codes_of().astype(np.int64))
    data = saved(
        {"audio_codes": codes[None, None], "audio_scales": [None], "audio_length": 29_753}, pickle_protocol=protocol
    )
    read = ecdc.read(data)
    assert (read.samples, read.kind) == (29_753, "enchf")
    np.testing.assert_array_equal(read.codes, codes)


def test_tensors_of_other_shapes_and_strides_are_read():
    """A view into a larger tensor, transposed; int32; a batch axis less; lengths as a tensor."""
    torch = pytest.importorskip("torch")
    codes = torch.from_numpy(codes_of().astype(np.int32))
    big = torch.zeros((100, 9), dtype=torch.int32)
    big[7:, 1:] = codes.T
    for view in (big[7:, 1:].T, big[7:, 1:].T[None]):
        read = ecdc.read(saved({"audio_codes": view, "audio_length": torch.tensor([29_753])}))
        np.testing.assert_array_equal(read.codes, codes)
        assert read.samples == 29_753


def test_length_that_is_not_stated_is_that_of_the_frames():
    torch = pytest.importorskip("torch")
    assert ecdc.read(saved({"audio_codes": torch.zeros((1, 1, 8, 5), dtype=torch.int64)})).samples == 1600


def test_codes_are_packed_as_the_codec_packs_them(tmp_path):
    """Value by value, as encodec/binary.py does it: each 10 bits onto the lowest free ones, frame by frame."""
    codes = codes_of(13, 4)
    packed = value = bits = 0
    out = bytearray()
    for frame in codes.T.tolist():
        for code in frame:
            value |= code << bits
            bits += 10
            while bits >= 8:
                out.append(value & 255)
                value >>= 8
                bits -= 8
    if bits:
        out.append(value)
    ecdc.write_binary(tmp_path / "a.ecdc", codes, 13 * 320)
    data = (tmp_path / "a.ecdc").read_bytes()
    magic, version, size = struct.unpack_from("!4sBI", data)
    assert (magic, version, packed) == (b"ECDC", 0, 0)
    assert json.loads(data[9 : 9 + size]) == {"m": "encodec_24khz", "al": 4160, "nc": 4, "lm": False}
    assert data[9 + size :] == bytes(out)


_CODEC = """
import io, sys, types, numpy as np
for name in ("torchaudio",):
    sys.modules[name] = types.ModuleType(name)
import torch
torch.set_num_threads(1)
from encodec import binary
from encodec.compress import compress, decompress, MODELS
from rhythm_maps.tokens import ecdc
folder = sys.argv[1]
torch.manual_seed(0)
model = MODELS["encodec_24khz"](pretrained=False)
model.name = "encodec_24khz"
model.set_target_bandwidth(3.0)
MODELS["encodec_24khz"] = lambda: model
wav = torch.randn(1, 3333)
read = ecdc.read(compress(model, wav, use_lm=False))
assert (read.samples, read.kind) == (3333, "binary"), read
assert (read.codes == model.encode(wav[None])[0][0][0].numpy()).all()
codes = np.random.default_rng(0).integers(0, 1024, (4, 11), dtype=np.uint16)
ecdc.write_binary(folder + "/a.ecdc", codes, 3333)
with open(folder + "/a.ecdc", "rb") as file:
    data = file.read()
sound, rate = decompress(data)
assert sound.shape == (1, 3333) and rate == 24000
with torch.no_grad():
    expected = model.decode([(torch.from_numpy(codes.astype("int64"))[None], None)])[0, :, :3333]
assert torch.allclose(sound, expected, atol=1e-6)
assert expected.std() > 1e-5
"""


def test_encodec_package_reads_and_writes_the_same(tmp_path):
    """In a process of its own: the package imports torchaudio, which may be missing or broken."""
    pytest.importorskip("torch")
    subprocess.run([sys.executable, "-P", "-c", _CODEC, str(tmp_path)], check=True, timeout=120)


def test_golden_files_read_as_torch_reads_them(golden):
    torch = pytest.importorskip("torch")
    paths = sorted(golden.glob("*/*.ecdc"))
    assert paths
    for path in paths:
        read, expected = ecdc.read(path), torch.load(path, weights_only=True)
        np.testing.assert_array_equal(read.codes, expected["audio_codes"][0, 0].numpy())
        assert (read.samples, read.kind) == (expected["audio_length"], "enchf")


def test_no_torch_is_imported(tmp_path):
    write_tokens(tmp_path / "a.ecdc")
    code = (
        "import sys; from rhythm_maps import tokens; from rhythm_maps.tokens import ecdc, sidecar; "
        f"ecdc.read({str(tmp_path / 'a.ecdc')!r}); tokens.read_sidecar; assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-P", "-c", code], check=True, timeout=60)


# --- damaged and hostile ----------------------------------------------------------------------------------------------


def refused(data):
    with pytest.raises(BadFormat) as caught:
        ecdc.read(data, "x.ecdc")
    return caught.value


@pytest.mark.parametrize(
    ("data", "code"),
    [(b"", "not_ecdc"), (b"RIFF....WAVE", "not_ecdc"), (b"ECDC", "bad_ecdc"), (b"PK\3\4", "bad_zip")],
)
def test_other_files_are_refused(data, code):
    assert refused(data).code == code


@pytest.mark.parametrize("write", [ecdc.write_enchf, ecdc.write_binary])
def test_files_cut_off_anywhere_are_refused_with_a_place(tmp_path, write):
    write(tmp_path / "a.ecdc", codes_of(6), 6 * 320)
    data = (tmp_path / "a.ecdc").read_bytes()
    for end in range(4, len(data)):
        error = refused(data[:end])
        assert error.code in {"bad_ecdc", "bad_zip", "not_a_zip"}
        assert error.place or error.code != "bad_ecdc"


@pytest.mark.parametrize("write", [ecdc.write_enchf, ecdc.write_binary])
def test_changed_bytes_give_codes_or_a_declared_error(tmp_path, write):
    write(tmp_path / "a.ecdc", codes_of(20), 20 * 320)
    data = (tmp_path / "a.ecdc").read_bytes()
    rng = np.random.default_rng(1)
    for _ in range(400):
        mutant = bytearray(data)
        for at in rng.integers(0, len(data), 3):
            mutant[at] = rng.integers(0, 256)
        with contextlib.suppress(BadFormat):
            assert ecdc.read(bytes(mutant), "x.ecdc").codes.max(initial=0) < 1024


def archive(pickled, storage=b"\0" * 64):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        made.writestr("a/data.pkl", pickled)
        made.writestr("a/data/0", storage)
    return out.getvalue()


class Touch:
    """Unpickling it would make a file."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return (open, (self.path, "w"))


def test_foreign_objects_are_refused_and_never_made(tmp_path):
    for protocol in range(6):
        error = refused(archive(pickle.dumps({"audio_codes": Touch(tmp_path / "made")}, protocol)))
        assert error.code == "foreign_object"
        assert "byte" in error.place
    assert not (tmp_path / "made").exists()


HEAD = b"\x80\x02}(X\x0b\0\0\0audio_codes"
TENSOR = b"ctorch._utils\n_rebuild_tensor_v2\n((X\7\0\0\0storagectorch\nLongStorage\nX\1\0\0\x000X\3\0\0\0cpuK\x08tQ"


@pytest.mark.parametrize(
    ("pickled", "code"),
    [
        (b"", "bad_torch"),
        (b"\x80\x02}", "bad_torch"),
        (b"\x80\x02]q\0.", "bad_torch"),
        (b"\x80\x02}q\0h\x09.", "bad_torch"),
        (b"\x80\x02tu.", "bad_torch"),
        (b"\x80\x02}\x8c\xff.", "bad_torch"),
        (b"\x80\x02}]]s.", "bad_torch"),
        (HEAD + b"cos\nsystem\nu.", "foreign_object"),
        (HEAD + b"cbuiltins\neval\n(X\1\0\0\x001tRu.", "foreign_object"),
        (HEAD + b"\x82\1u.", "foreign_object"),
        (HEAD + b"ctorch._utils\n_rebuild_tensor_v2\n(tRu.", "bad_torch"),
        (HEAD + b"(X\7\0\0\0storagecos\nsystem\nX\1\0\0\x000tQu.", "foreign_object"),
        (HEAD + TENSOR + b"K\0(K\1K\1K\1K\x09t(K\0K\0K\0K\1ttRu.", "bad_torch"),
        (HEAD + TENSOR + b"J\xff\xff\xff\xff(K\1K\1K\1K\1t(K\0K\0K\0K\1ttRu.", "bad_torch"),
        (HEAD + TENSOR + b"K\0(K\1K\1J\xff\xff\xff\x7fJ\xff\xff\xff\x7ft(K\0K\0K\0K\0ttRu.", "bad_torch"),
        (HEAD + TENSOR + b"K\0(K\1K\1K\1K\1t(K\1ttRu.", "bad_torch"),
        (HEAD + TENSOR + b"K\0(K\2K\1K\1K\4t(K\4K\4K\4K\1ttRu.", "bad_ecdc"),
        (HEAD + b"K\1u.", "bad_ecdc"),
    ],
)
def test_hostile_pickles_are_refused(pickled, code):
    assert refused(archive(pickled)).code == code


def test_a_storage_of_another_name_is_refused():
    pickled = HEAD + TENSOR.replace(b"\1\0\0\x000", b"\1\0\0\x009") + b"K\0(K\1K\1K\1K\1t(K\0K\0K\0K\1ttRu."
    assert refused(archive(pickled)).code == "missing_member"


def test_a_list_that_holds_itself_ends(tmp_path):
    assert refused(archive(b"\x80\x02}X\1\0\0\0x]q\0h\0as.")).code == "bad_ecdc"


def test_large_pickles_are_refused_unread():
    with pytest.raises(LimitExceeded):
        ecdc.read(archive(b"\x80\x02" + b"N" * limits.TOKEN_PICKLE_BYTES))


def test_codes_outside_the_codebook_are_refused():
    torch = pytest.importorskip("torch")
    for bad in (-1, 1024):
        codes = torch.full((1, 1, 8, 3), bad)
        assert "0 to 1023" in refused(saved({"audio_codes": codes, "audio_length": 900})).reason


def test_floats_and_several_songs_are_refused():
    torch = pytest.importorskip("torch")
    assert refused(saved({"audio_codes": torch.zeros((1, 1, 8, 3))})).code == "bad_ecdc"
    assert refused(saved({"audio_codes": torch.zeros((2, 1, 8, 3), dtype=torch.int64)})).code == "bad_ecdc"
    assert refused(saved(torch.zeros((1, 1, 8, 3), dtype=torch.int64))).code == "bad_torch"
    assert refused(saved({"audio_codes": torch.zeros((1, 1, 8, 3), dtype=torch.int64), "audio_length": "long"}))


def binary(header, data=b""):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("!4sBI", b"ECDC", 0, len(text)) + text + data


GOOD = {"m": "encodec_24khz", "al": 320, "nc": 8, "lm": False}


@pytest.mark.parametrize(
    ("data", "code", "words"),
    [
        (binary(GOOD, b"\0" * 9), "bad_ecdc", "10 bytes of codes are announced and 9 are there"),
        (binary(GOOD | {"lm": True}, b"\0" * 10), "unsupported_ecdc", "compressed with the language model"),
        (binary(GOOD | {"m": "encodec_48khz"}), "unsupported_ecdc", "encodec_48khz"),
        (binary(GOOD | {"al": -1}), "bad_ecdc", "whole numbers"),
        (binary(GOOD | {"al": 1e300}), "bad_ecdc", "whole numbers"),
        (binary(GOOD | {"nc": True}), "bad_ecdc", "whole numbers"),
        (binary(GOOD | {"al": 10**30}), "ecdc_too_large", "at most"),
        (binary(GOOD | {"nc": 33}), "ecdc_too_large", "at most"),
        (binary(b"["), "bad_ecdc", "no JSON"),
        (binary(b"[" * 60_000), "bad_ecdc", "no JSON"),
        (binary(b"[]"), "bad_ecdc", "no JSON object"),
        (struct.pack("!4sBI", b"ECDC", 1, 0), "unsupported_ecdc", "version 1"),
        (struct.pack("!4sBI", b"ECDC", 0, 1 << 31), "ecdc_too_large", "header"),
    ],
)
def test_damaged_headers_are_refused(data, code, words):
    error = refused(data)
    assert (error.code, words in error.reason, "byte" in error.place or code == "ecdc_too_large") == (code, True, True)


def test_files_are_read_up_to_the_cap_only(tmp_path, monkeypatch):
    write_tokens(tmp_path / "a.ecdc")
    monkeypatch.setattr(limits, "ECDC_BYTES", 1000)
    with pytest.raises(LimitExceeded):
        ecdc.read(tmp_path / "a.ecdc")
    with pytest.raises(LimitExceeded):
        ecdc.read((tmp_path / "a.ecdc").read_bytes())


@pytest.mark.parametrize("name", ["missing.ecdc", "."])
def test_unreadable_paths_are_named(tmp_path, name):
    with pytest.raises(InputError, match=r"cannot be read|not a file"):
        ecdc.read(tmp_path / name)


@pytest.mark.parametrize(
    ("codes", "samples"),
    [
        (np.zeros((8, 3), np.float32), 960),
        (np.zeros((8, 3), np.int64), 961),
        (np.full((8, 3), 1024), 960),
        (np.full((8, 3), -1), 960),
        (np.zeros((33, 3), np.int64), 960),
        (np.zeros(3, np.int64), 960),
    ],
)
def test_wrong_codes_are_not_written(tmp_path, codes, samples):
    for write in (ecdc.write_enchf, ecdc.write_binary):
        with pytest.raises(UsageError):
            write(tmp_path / "a.ecdc", codes, samples)
    assert not list(tmp_path.iterdir())
