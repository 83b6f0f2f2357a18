"""The map hash: SHA1 of Info.dat, audio data (v4) and difficulty files in Info order."""

import hashlib
import json

from rhythm_maps.errors import BadFormat
from rhythm_maps.games.beat_saber import GAME


def sha1(*parts):
    return hashlib.sha1(b"".join(parts)).hexdigest()


def test_v2_hashes_info_and_difficulties_in_info_order_and_nothing_else(play, info_v2):
    info = json.dumps(info_v2("Hard", "Easy")).encode()
    hard, easy = b'{"_notes":[]}', b"{}"
    played = play({"Info.dat": info, "Easy.dat": easy, "HARD.dat": hard, "BPMInfo.dat": b"{}"})
    digest = sha1(info, hard, easy)
    assert played.chart_ids == {
        "Standard/Easy": f"{digest}/Standard/Easy",
        "Standard/Hard": f"{digest}/Standard/Hard",
    }


def test_missing_files_are_skipped(play, info_v2):
    info = json.dumps(info_v2("Hard", "Easy")).encode()
    played = play({"Info.dat": info, "Easy.dat": b"{}"})
    assert played.chart_ids["Standard/Easy"].startswith(sha1(info, b"{}"))


def test_v4_hashes_audio_data_and_a_shared_lightshow_each_time(play, info_v4):
    info = info_v4()
    first = info["difficultyBeatmaps"][0]
    info["difficultyBeatmaps"].append(first | {"difficulty": "Hard", "beatmapDataFilename": "Hard.dat"})
    data = json.dumps(info).encode()
    easy, hard, audio, lights = b'{"version":"4.0.0"}', b'{"version":"4.1.0"}', b'{"version":"4"}', b"{ }"
    files = {
        "Info.dat": data,
        "Easy.dat": easy,
        "Hard.dat": hard,
        "AudioData.dat": audio,
        "Lights.dat": lights,
    }
    digest = sha1(data, audio, easy, lights, hard, lights)
    assert play(files).chart_ids["Standard/Hard"] == f"{digest}/Standard/Hard"


def test_the_hash_covers_files_whose_chart_is_rejected(play, info_v2):
    info = json.dumps(info_v2("Easy", "Hard")).encode()
    played = play({"Info.dat": info, "Easy.dat": b"{}", "Hard.dat": b"junk"})
    assert played.chart_ids == {"Standard/Easy": sha1(info, b"{}", b"junk") + "/Standard/Easy"}
    assert list(played.rejects) == ["Standard/Hard"]


def test_identify_knows_the_hash_and_skips_what_cannot_be_read_as_parsing_does(folder, info_v2):
    info = json.dumps(info_v2("Hard", "Easy")).encode()
    level = folder({"Info.dat": info, "Easy.dat": b"{}", "Hard.dat": b'{"_notes":[]}'})
    whole = {chart.chart_id for chart in GAME.identify(level).charts}
    digest = sha1(info, level.read("Hard.dat"), level.read("Easy.dat"))
    assert whole == {f"{digest}/Standard/{name}" for name in ("Easy", "Hard")}

    class Broken(type(level)):
        def read(self, name):
            if name == "Hard.dat":
                raise BadFormat("bad_crc", "its bytes are not what they were", name)
            return super().read(name)

    assert GAME.identify(Broken(level.files)).charts[0].chart_id == sha1(info, b"{}") + "/Standard/Easy"
