"""Hit objects: kinds, positions, ends, lanes, dropped lines."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rhythm_maps import limits
from rhythm_maps.errors import LimitExceeded
from rhythm_maps.games.osu import fields, hitobjects
from rhythm_maps.games.osu.hitline import read_line
from rhythm_maps.games.osu.objects import Objects
from rhythm_maps.games.osu.text import OsuText, clean_line
from rhythm_maps.schema import NOTE_KINDS

CIRCLE = "100,200,1000,1,0,0:0:0:0:"
SLIDER = "100,200,1000,2,0,B|200:200|300:-10,2,150.5,2|0|8,0:0|0:2|1:1,0:0:0:0:"
SPINNER = "1,2,1000,12,0,2500,0:0:0:0:"
HOLD = "100,192,1000,128,0,2500:0:0:0:70:a.wav"
RANDOM = settings(max_examples=200, deadline=None)


def only(notes):
    assert len(notes) == 1
    return {name: values[0] for name, values in vars(notes).items()}


def test_circle(chart):
    note = only(chart("100,200,1000,53,10").notes)
    assert (note["time_ms"], note["end_ms"], note["x"], note["y"], note["lane"]) == (1000, 1000, 100, 200, -1)
    assert (NOTE_KINDS[note["kind"]], note["hitsound"], note["new_combo"], note["combo_skip"]) == ("tap", 10, True, 3)
    assert (note["spans"], note["big"], np.isnan(note["length_px"])) == (0, False, True)


def test_slider(chart):
    note = only(chart(SLIDER, "0,400").notes)
    assert (NOTE_KINDS[note["kind"]], note["spans"], note["length_px"]) == ("slide", 2, 150.5)
    assert note["end_ms"] == pytest.approx(1000 + 2 * 150.5 * 400 / 100)


def test_spinner_stands_in_the_middle(chart):
    note = only(chart(SPINNER).notes)
    assert (NOTE_KINDS[note["kind"]], note["x"], note["y"], note["end_ms"]) == ("spin", 256, 192, 2500)


@pytest.mark.parametrize(
    ("line", "end"),
    [
        ("0,0,1000,128,0,2500:0:0:0:0:", 2500),
        ("0,0,1000,128,0,2500", 2500),
        ("0,0,1000,128,0,2500.5:0:0:0:0:", 2500.5),
        ("0,0,1000,128,0,900:0:0:0:0:", 1000),
        ("0,0,1000,128,0,", 1000),
        ("0,0,1000,128,0", 1000),
        ("0,0,1000,8,0,900", 1000),
        ("0,0,1000,8,0,1e4", 10000),
        ("0,0,1000,2,0,L|9:9,0,100", 1500),
        ("0,0,1000,2,0,L|9:9,-3,100", 1500),
        ("0,0,1000,2,0,L|8:6,1,0", 1050),
        ("0,0,1000,2,0,L|8:6,1,-5", 1050),
        ("0,0,1000,2,0,L|8:6,1", 1050),
    ],
)
def test_ends(chart, line, end):
    assert only(chart(line, "0,500", mode=3).notes)["end_ms"] == end


def test_a_slider_without_a_length_of_its_own_is_told(chart):
    found = chart("0,0,1000,2,0,L|9:9,1\n0,0,2000,2,0,L|9:9,1,0")
    assert found.warnings == ("slider_without_length:2",)
    assert np.isnan(found.notes.length_px).all()


TAILS = {"tap": "", "slide": ",L|9:9,1,100", "spin": ",2000"}


@pytest.mark.parametrize(
    ("bits", "kind"),
    [(1, "tap"), (3, "tap"), (2, "slide"), (10, "slide"), (8, "spin"), (136, "spin"), (5, "tap"), (6, "slide")],
)
def test_the_first_bit_of_the_type_decides(chart, bits, kind):
    """Circle before slider before spinner before hold."""
    assert NOTE_KINDS[only(chart(f"0,0,1000,{bits},0{TAILS[kind]}").notes)["kind"]] == kind


@pytest.mark.parametrize(
    ("mode", "kinds"),
    [
        (0, ["tap", "slide", "spin", "spin"]),
        (1, ["tap", "roll", "spin", "spin"]),
        (2, ["tap", "slide", "spin", "spin"]),
        (3, ["tap", "hold", "hold", "hold"]),
    ],
)
def test_kinds_of_each_mode(chart, mode, kinds):
    notes = chart(f"{CIRCLE}\n{SLIDER}\n{SPINNER}\n{HOLD}", mode=mode).notes
    assert [NOTE_KINDS[kind] for kind in notes.kind] == kinds


def test_taiko_lanes_and_big_notes(chart):
    lines = [f"256,192,{i},1,{sound}" for i, sound in enumerate((0, 1, 2, 8, 10, 4, 6, 12))]
    rest = ["0,0,100,2,6,L|9:9,1,100", "0,0,200,8,6,300"]
    notes = chart("\n".join(lines + rest), mode=1).notes
    assert notes.lane.tolist() == [0, 0, 1, 1, 1, 0, 1, 1, -1, -1]
    assert notes.big.tolist() == [False] * 5 + [True] * 3 + [True, False]
    assert np.isnan(notes.x).all()


def test_catch_has_x_inside_the_field_and_no_y(chart):
    notes = chart("-5,9,0,1,0\n300,9,1,1,0\n600,9,2,1,0", mode=2).notes
    assert notes.x.tolist() == [0, 300, 512]
    assert np.isnan(notes.y).all()


@pytest.mark.parametrize(
    ("x", "lane"), [(-5, 0), (0, 0), (127, 0), (128, 1), (255, 1), (256, 2), (384, 3), (511, 3), (512, 3), (600, 3)]
)
def test_mania_lanes_of_four_keys(chart, x, lane):
    assert only(chart(f"{x},192,0,1,0", mode=3, difficulty="CircleSize:4").notes)["lane"] == lane


def test_mania_lanes_are_computed_in_single_precision(chart):
    """512 / 7 in 32 bits puts x 438 to the left of 6 columns' edge at 438.857, and 439 to its right."""
    notes = chart("438,0,0,1,0\n439,0,1,1,0", mode=3, difficulty="CircleSize:7").notes
    assert notes.lane.tolist() == [5, 6]
    assert np.isnan(notes.x).all()


def test_eleven_keys_are_played_on_ten(chart):
    lanes = chart("511,0,0,1,0", mode=3, difficulty="CircleSize:11").notes.lane
    assert lanes.tolist() == [9]


@pytest.mark.parametrize(
    ("version", "text", "x"),
    [
        (14, "99.9", 99),
        (14, "-0.9", 0),
        (14, "-1.9", -1),
        (14, "255.99999999", 256),
        (128, "99.5", 99.5),
        (127, "99.5", 99),
    ],
)
def test_positions_lose_their_fraction_below_version_128(chart, version, text, x):
    assert only(chart(f"{text},0,0,1,0", version=version).notes)["x"] == x


def test_times_may_have_fractions(chart):
    assert only(chart("0,0,1000.123456789,1,0").notes)["time_ms"] == 1000.123456789


def test_objects_are_sorted_stably(chart):
    notes = chart("1,0,300,1,0\n2,0,100,1,0\n3,0,300,1,0\n4,0,100,1,0").notes
    assert notes.x.tolist() == [2, 4, 1, 3]


BAD = [
    "1,2,3",
    "1,2,3,1",
    "a,2,3,1,0",
    "1,2,NaN,1,0",
    "1,2,3,1.0,0",
    "1,2,3,1,0.0",
    "1,2,3,0,0",
    "1,2,3,4,0",
    "1_0,2,3,1,0",
    "１,2,3,1,0",
    "131073,2,3,1,0",
    "1,2,2147483648,1,0",
    "1,2,3,1,0,0",
    "1,2,3,1,0,0:0:0:",
    "1,2,3,1,0,a:b",
    "1,2,3,8,0",
    "1,2,3,8,0,",
    "1,2,3,8,0,x",
    "1,2,3,2,0",
    "1,2,3,2,0,L|1:1",
    "1,2,3,2,0,L|1:1,9001,100",
    "1,2,3,2,0,L|1:1,1,",
    "1,2,3,2,0,L|1:1,1,200000",
    "1,2,3,2,0,L|1,1,100",
    "1,2,3,2,0,L|1:a,1,100",
    "1,2,3,2,0,,1,100",
    "1,2,3,2,0,L|,1,100",
    "1,2,3,2,0,L|1:1,1,100,0|0,0:x|0:0",
    "1,2,3,2,0,L|1:1,1,100,0,0:0,0",
    "1,2,3,2,0,L|1:1,1,100,0|0,0:0|0:0,0:x",
    "1,2,3,128,0,x:0:0:0:0:",
    "1,2,3,128,0,5:0",
    ",,,,",
    "garbage",
]


@pytest.mark.parametrize("line", BAD)
def test_bad_lines_are_dropped_alone(chart, line):
    found = chart(f"{CIRCLE}\n{line}\n{CIRCLE}")
    assert len(found.notes) == 2
    assert found.warnings == ("bad_line.hit_objects:1",)


GOOD = [
    " 1,2,3,1,0",
    "1 , 2, 3 ,1 , 0 ",
    "+1,2,3,1,0",
    "1,2,3e2,1,0",
    "1,2,3,1,0,",
    "1,2,3,1,0,0:0",
    "1,2,3,1,0,0:0:0",
    "1,2,3,1,0,0:0:0:0:a b.wav",
    "1,2,3,1,-1",
    "1,2,3,1,0 // comment",
    "1,2,3,1,0,0:0:0:0:http://x",
    "1,2,3,2,0,L|1:1,1,100,2|0",
    "1,2,3,2,0,L|1:1,1,100,x|y,0:0|0:0",
    "1,2,3,2,0,L|1:1,1,100,,",
    "1,2,3,2,0,B|1.5:2|P|3:4|5:6,1,100",
    "1,2,3,2,0,B|1:2:3,1,100",
    "1,2,3,2,0,L|1:1,1,100,0|0,0:0|0:0|x",
    "0,0,3,8,0,5,",
    "1,2,3,1,0,0:0:0:0:,more",
    "1,2,3,2,0,B4|1:2,1,100",
    "1,2,3,2,0,L|1:1,1,100,0|0,0:0|0:0,0:0:x:",
]


@pytest.mark.parametrize("line", GOOD)
def test_odd_lines_that_the_game_reads(chart, line):
    found = chart(line)
    assert len(found.notes) == 1
    assert found.warnings == ()


def test_blank_lines_and_comments_are_no_bad_lines(chart):
    found = chart(f"\n  \n// {CIRCLE}\n{CIRCLE}\n\r\n")
    assert len(found.notes) == 1
    assert found.warnings == ()


def test_a_line_beyond_every_reason_is_dropped(chart, monkeypatch):
    monkeypatch.setattr(fields, "CHUNK_BYTES", 64)
    monkeypatch.setattr(limits, "LINE_BYTES", 128)
    found = chart(f"{CIRCLE}\n0,0,3,2,0,B{'|1:1' * 100},1,100\n{CIRCLE}\n{CIRCLE}\n{CIRCLE}\n{CIRCLE}")
    assert len(found.notes) == 5
    assert found.warnings == ("bad_line.hit_objects:1",)


def test_too_many_objects_are_rejected(osu, parse, monkeypatch):
    monkeypatch.setattr(limits, "NOTES", 2)
    assert len(parse(osu(f"{CIRCLE}\n" * 2)).notes) == 2
    with pytest.raises(LimitExceeded) as caught:
        parse(osu(f"{CIRCLE}\n" * 3))
    assert caught.value.code == "too_many_objects"


# --- the fast road is the slow road -----------------------------------------------------------------------------------
NUMBER = st.sampled_from(
    [
        "0",
        "1",
        "-7",
        "192",
        "131072",
        "131073",
        "12345",
        "0.5",
        "99.999",
        "1e3",
        "",
        " 4",
        "-",
        "NaN",
        "2147483647",
        "99999999999",
        "1_0",
        "78.74999701976776",
    ]
)
SAMPLE = st.sampled_from(
    ["", "0:0", "0:0:0:0:", "1:2:3:70:a.wav", "0", "0:0:0:", "-1:0", "0::0", "x", "0:0:0:0:a//b", "1234567890:0"]
)
PATH = st.sampled_from(
    [
        "B|1:2",
        "L|1:2|-3:4",
        "P|1:2|3:4",
        "X|1:1",
        "B",
        "B|",
        "",
        "B|1:2|",
        "B|1:2||3:4",
        "B|1|2:3:4",
        "B|1-2:3",
        "B|123456:1",
        "C|1:2|3:",
        "B|1:2|P|3:4",
        "B|1.5:2",
    ]
)
EDGES = st.sampled_from(["", "0|2", "0:0|0:0", "0:0|1", "0:0||0:0", "-1:0|0:0", "x|y", "0:0:0|0:0", ":0|0:0", "0:0|"])
TYPE = st.sampled_from(["1", "2", "8", "128", "5", "6", "12", "0", "4", "x", "-1", "255"])
FIELDS = st.tuples(NUMBER, NUMBER, NUMBER, TYPE, NUMBER).flatmap(
    lambda head: st.one_of(
        st.tuples(SAMPLE).map(lambda tail: head + tail),
        st.tuples(PATH, NUMBER, NUMBER, EDGES, EDGES, SAMPLE).map(lambda tail: head + tail),
        st.tuples(NUMBER, SAMPLE).map(lambda tail: (*head, f"{tail[0]}:{tail[1]}")),
        st.tuples(NUMBER, SAMPLE).map(lambda tail: head + tail),
        st.lists(NUMBER, max_size=7).map(lambda tail: head + tuple(tail)),
    )
)
LINE = FIELDS.map(",".join) | st.sampled_from([CIRCLE, SLIDER, SPINNER, HOLD, "", "//", *BAD, *GOOD])


def osu_files(files):
    """Lay lines of [HitObjects] out as files of (lines, version, line end)."""
    blocks = [
        (end.join(lines).replace("\r\n", "\n").replace("\r", "\n").encode(), version) for lines, version, end in files
    ]
    return [OsuText(block, version, (("HitObjects", 0, len(block)),)) for block, version in blocks]


FILE = st.tuples(st.lists(LINE, max_size=12), st.sampled_from([4, 14, 128]), st.sampled_from(["\n", "\r\n", "\r"]))


@RANDOM
@example([(["0,0,0,2,0,"], 14, "\n")])
@given(st.lists(FILE, min_size=1, max_size=3))
def test_columns_of_lines_agree_with_single_ones(files):
    """Objects, control points and edges of any lines, of several files at once, are what each line gives alone."""
    expected, bad = [], 0
    for number, (lines, version, _) in enumerate(files):
        mine = []
        for line in lines:
            cleaned = clean_line(line)
            if cleaned is not None:
                try:
                    mine.append((number, read_line(cleaned, version, 24 if version < 5 else 0)))
                except (ValueError, IndexError):
                    bad += 1
        expected += sorted(mine, key=lambda each: each[1].start_ms)
    found, dropped = hitobjects.read_objects(osu_files(files))
    assert len(dropped) == bad
    assert found.objects.chart.tolist() == [number for number, _ in expected]
    for place, field in enumerate(Objects.names()[:-1]):
        column = getattr(found.objects, field)
        wanted = np.array([line[place] for _, line in expected], column.dtype)
        np.testing.assert_array_equal(column, wanted, err_msg=field)
    points, sounds, banks = found.lists.points, found.lists.sounds, found.lists.banks
    types = [found.curve_types[number] for number in points.type]
    listed = zip(
        points.owner.tolist(), points.segment.tolist(), types, points.x.tolist(), points.y.tolist(), strict=True
    )
    assert list(listed) == [
        (i, p.segment, p.type, np.float32(p.x).item(), np.float32(p.y).item())
        for i, (_, line) in enumerate(expected)
        for p in line.points
    ]
    assert list(zip(sounds.owner, sounds.edge, sounds.hitsound, strict=True)) == [
        (i, edge, sound) for i, (_, line) in enumerate(expected) for edge, sound in enumerate(line.sounds)
    ]
    assert list(zip(banks.owner, banks.edge, banks.sample_set, banks.addition_set, strict=True)) == [
        (i, edge, bank[0], bank[1])
        for i, (_, line) in enumerate(expected)
        for edge, bank in enumerate(line.banks)
        if bank is not None
    ]


def test_plain_lines_take_the_fast_road(monkeypatch):
    """The four kinds as editors write them never reach the slow reader."""
    monkeypatch.setattr(hitobjects.hitline, "read_line", lambda *_: pytest.fail("slow road"))
    old = ("1,2,3,1,0", "1,2,3,6,0,L|4:5,1,78.7499970197678", "1,2,3,12,0,9", "1,2,3,1,0,0:3:0:70:a.wav")
    found, dropped = hitobjects.read_objects(osu_files([([CIRCLE, SLIDER, SPINNER, HOLD, *old], 14, "\r\n")]))
    assert (len(found.objects), dropped) == (8, [])
