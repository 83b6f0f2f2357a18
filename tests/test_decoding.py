"""`rhythm_maps.decode` of rows: on the row's own clock, and clear where a row has no audio."""

from __future__ import annotations

import io

import numpy as np
import pytest
import soundfile

import rhythm_maps
from rhythm_maps.errors import BadFormat, UsageError

NOISE = np.random.default_rng(0).normal(0, 0.1, (5_000, 2)).astype(np.float32)


@pytest.fixture(scope="module")
def row():
    out = io.BytesIO()
    soundfile.write(out, NOISE, 44_100, format="WAV", subtype="FLOAT")
    audio = {"bytes": out.getvalue(), "path": "abc.wav"}
    return {"file_name": "song.wav", "timeline_shift_s": 529 / 44_100, "clock_rule": "no_delay", "audio": audio}


def test_a_row_is_decoded_on_its_own_clock(row):
    found = rhythm_maps.decode(row)
    np.testing.assert_array_equal(found.samples, np.concatenate([np.zeros((529, 2), np.float32), NOISE]))
    assert found.clock_rule == "no_delay"
    assert found.timeline_shift_s == row["timeline_shift_s"]
    there = rhythm_maps.decode(row, timeline="file", mono=True)
    np.testing.assert_array_equal(there.samples, NOISE.mean(axis=1, dtype=np.float32))
    assert rhythm_maps.decode(row, rate=24_000).sampling_rate == 24_000


def test_the_clock_is_needed_for_the_game_alone(row):
    bare = {"audio": row["audio"]}
    assert len(rhythm_maps.decode(bare, timeline="file").samples) == 5_000
    with pytest.raises(UsageError, match="timeline_shift_s"):
        rhythm_maps.decode(bare)


@pytest.mark.parametrize(
    ("audio", "says"),
    [
        (None, "null"),
        ({"bytes": None, "path": "a.wav"}, "no bytes"),
        ({"array": NOISE, "sampling_rate": 44_100}, "decode=False"),
        (object(), "decode=False"),
    ],
)
def test_a_row_without_bytes(row, audio, says):
    with pytest.raises(UsageError, match=says):
        rhythm_maps.decode({**row, "audio": audio})


def test_a_row_of_another_config(row):
    with pytest.raises(UsageError, match='"tracks" and "examples"'):
        rhythm_maps.decode({"chart_id": "x"})
    with pytest.raises(BadFormat, match=r"song\.wav"):
        rhythm_maps.decode({**row, "audio": {"bytes": b"x", "path": None}})
