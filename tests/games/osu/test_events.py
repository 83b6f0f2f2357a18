"""Events, colours, bookmarks, and where the lines stood that were dropped."""

from __future__ import annotations

import pytest


def with_section(osu, name, lines, **sections):
    """Put one more section before the timing points."""
    return osu(**sections).replace(b"[TimingPoints]", f"[{name}]\n{lines}\n[TimingPoints]".encode())


@pytest.fixture
def events(row, osu):
    """Read event lines; give the row."""
    return lambda lines, **sections: row(with_section(osu, "Events", lines, **sections))


@pytest.mark.parametrize(
    ("lines", "background", "video"),
    [
        ('0,0,"bg.jpg",0,0', "bg.jpg", None),
        ("Background,0,bg.jpg", "bg.jpg", None),
        ('0,0,"sub\\dir\\bg.jpg"', "sub/dir/bg.jpg", None),
        ('0,0,"a.jpg"\n0,0,"b.jpg"', "b.jpg", None),
        ('Video,100,"v.avi"', None, "v.avi"),
        ('1,100,"V.MP4"\n1,0,"w.mp4"', None, "V.MP4"),
        ('1,100,"old.jpg"', "old.jpg", None),
        ('Video,x,"v.avi"', None, None),
        ('Sprite,Background,Centre,"s.png",320,240', "s.png", None),
        ('4,0,0,"s.png",320,240\n4,0,0,"t.png",0,0', "s.png", None),
        ('Sprite,Background,Centre,"s.png",1,1\n0,0,"bg.jpg"', "bg.jpg", None),
        ('0,0,"bg.jpg" // the best', "bg.jpg", None),
        ('//0,0,"bg.jpg"', None, None),
        (' 0,0,"bg.jpg"\n_0,0,"bg.jpg"', None, None),
        ("", None, None),
    ],
)
def test_background_and_video(events, lines, background, video):
    found = events(lines)
    assert (found["background"], found["video"], found["cover"]) == (background, video, None)


@pytest.mark.parametrize(
    ("line", "there"),
    [
        ('Sprite,Background,Centre,"s.png",320,240', True),
        ('Animation,Foreground,Centre,"a.png",0,0,2,100,LoopOnce', True),
        ('Sample,100,0,"s.wav",70', True),
        ('6,0,0,"a.png"', True),
        ("F,0,0,1000,1", False),
        (" F,0,0,1000,1", False),
        ('0,0,"bg.jpg"', False),
        ("3,100,0,0,0", False),
    ],
)
def test_storyboards_are_told(events, line, there):
    assert events(line)["has_storyboard"] is there


def test_breaks(events):
    found = events("2,1000,2500\nBreak,5000.5,4000\n2,x,1\n2,1")
    assert found["breaks"] == {"start_s": [1.0, 5.0005], "end_s": [2.5, 5.0005]}
    [code] = [code for code in found["warnings"] if code.startswith("bad_line.events")]
    assert code.startswith("bad_line.events:2@")


def test_breaks_of_old_files_are_24_ms_late_and_bookmarks_are_not(row, osu):
    data = with_section(osu, "Events", "2,1000,2500", version=4)
    data = data.replace(b"[Events]", b"[Editor]\nBookmarks: 100,x, 200 ,,3.5,-7\n[Events]")
    found = row(data)
    assert found["breaks"] == {"start_s": [1.024], "end_s": [2.524]}
    assert found["bookmarks_s"] == [0.1, 0.2, -0.007]


def test_colours_are_combo_1_to_8_in_file_order(row, osu):
    lines = "Combo2 : 1,2,3\nCombo1: 255,128,0,9\nCombo9: 1,1,1\nCombo0: 1,1,1\nSliderBorder: 1,1,1\nCombo3: 256,0,0"
    found = row(with_section(osu, "Colours", f"{lines}\nCombo4: 1,2\nCombo5 : 1,2,3,4,5"))
    assert found["colours"] == ["#010203", "#ff8000"]
    assert [code.partition("@")[0] for code in found["warnings"]] == ["bad_line.colours:3"]


def test_warnings_name_the_first_line(row):
    """Numbers count every line of the file from 1, whatever ends it."""
    text = (
        "osu file format v14\n"  # 1
        "[General]\n"
        "Mode: 4\n"  # 3
        "[Events]\n"
        "\n"
        "2,a,b\n"  # 6
        "[TimingPoints]\n"
        "0,500\n"
        "x\n"  # 9
        "[HitObjects]\n"
        "1,2,3,1,0\n"
        "// 1\n"
        "bad\n"  # 13
        "worse\n"
    )
    expected = [
        "bad_line.events:1@6",
        "bad_line.general:1@3",
        "bad_line.hit_objects:2@13",
        "bad_line.timing_points:1@9",
    ]
    for end in ("\n", "\r\n", "\r"):
        assert row(text.replace("\n", end).encode())["warnings"] == expected
        assert row(("\ufeff" + text).replace("\n", end).encode("utf-16-le"))["warnings"] == expected


def test_kiai_runs_from_flag_to_flag_and_at_last_to_the_end_of_the_beats(row, osu):
    lines = ["0,500,4,1,0,50,1,0", "1000,-100,4,1,0,50,0,1", "2000,-50,4,1,0,50,0,1", "3000,-50,4,1,0,50,0,0"]
    found = row(osu("0,0,0,1,0", "\n".join([*lines, "4000,-50,4,1,0,50,0,1"])), 9.0)
    assert found["kiai"] == {"start_s": [1, 4], "end_s": [3, 9]}
    assert found["scroll"] == {"time_s": [2], "velocity": [2]}


def test_at_one_time_the_last_inherited_line_says_kiai_and_speed(row, osu):
    lines = ["1000,500,4,1,0,50,1,1", "1000,-50,4,1,0,50,0,1", "1000,-200,4,1,0,50,0,0"]
    found = row(osu("0,0,0,1,0", "\n".join(lines)))
    assert found["kiai"] == {"start_s": [], "end_s": []}
    assert found["scroll"] == {"time_s": [1], "velocity": [0.5]}


@pytest.mark.parametrize(
    ("timing", "quality"),
    [
        ("0,500", "single"),
        ("0,500\n5000,400\n10000,500", "sparse"),
        ("0,500\n4999,400", "dense"),
        ("0,500\n9000,1e-50", "gimmick"),
        ("0,70000", "gimmick"),
        ("0,-100,4,1,0,50,0,0", "none"),
    ],
)
def test_timing_quality(row, osu, timing, quality):
    assert row(osu("0,0,0,1,0", timing))["timing_quality"] == quality


def test_the_labelled_stretch_holds_notes_on_quarters_of_a_beat(row, osu):
    times = (60, 1009, 1250, 2126, 3060)
    found = row(osu("\n".join(f"0,0,{time},1,0" for time in times), "1000,500\n2000,504"))
    assert (found["labelled_start_s"], found["labelled_end_s"]) == (1.009, 2.126)
    bare = row(osu("0,0,60,1,0", "1000,500"))
    assert (bare["labelled_start_s"], bare["labelled_end_s"]) == (None, None)
