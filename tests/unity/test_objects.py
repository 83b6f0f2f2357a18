"""Objects of a bundle: with their trees, by built-in trees, by trees made from assemblies; and damaged ones."""

from __future__ import annotations

import struct
import sys
import types

import pytest
import unity_maker as maker
import unity_trees as trees_of
from unity_maker import MONO, Item, head
from unity_trees import behaviour, ints, text

from rhythm_maps.errors import BadFormat, LimitExceeded
from rhythm_maps.sources.unity import trees
from rhythm_maps.sources.unity.objects import TEXT_ASSET, Bundle, Pointer
from rhythm_maps.sources.unity.records import level_data, pack_level
from rhythm_maps.sources.unity.serialized import read_serialized
from rhythm_maps.sources.unity.trees import Node
from rhythm_maps.sources.unity.unity import ManagedTrees, class_tree, common_text

NOTHING = ManagedTrees(None)


def opened(items, *, with_trees=True, managed=NOTHING, externals=()):
    data = maker.serialized(items, trees=with_trees, externals=externals)
    return Bundle({"CAB-X": data}, "level", managed)


def level_item(tree, **more):
    return Item(7, MONO, maker.level_value(maker.Entry("100Bills", more=more)), tree)


@pytest.mark.parametrize("tree", [trees_of.LEVEL, trees_of.LEVEL_OLD], ids=["with colour schemes", "before them"])
@pytest.mark.parametrize("with_trees", [True, False])
def test_a_pack_level_reads_the_same_with_and_without_its_type_tree(tree, with_trees):
    bundle = opened([level_item(tree)], with_trees=with_trees, externals=["archive:/CAB-C/CAB-C"])
    ((pointer, found),) = bundle.behaviours()
    level = pack_level(bundle, pointer, found)
    assert (level.level_id, level.title, level.bpm, level.preview_s) == ("100Bills", "Song 100Bills", 120.0, 12.3)
    assert level.environments == ("NiceEnvironment",)
    (group,) = level.sets
    assert group.pointer == Pointer("cab-c", 100)
    assert group.previews[3][:2] == (16.0, -0.5)


@pytest.mark.parametrize("with_trees", [True, False])
def test_a_level_bundle_reads_the_same_with_and_without_its_type_trees(with_trees):
    level = maker.Level("L", trees=with_trees)
    bundle = Bundle(level.files(), "level", NOTHING)
    ((pointer, found),) = bundle.behaviours()
    data = level_data(bundle, pointer, found)
    assert [(s.name, [b.difficulty for b in s.beatmaps]) for s in data.sets] == [("Standard", ["Expert"])]
    assert bundle.read(data.sets[0].beatmaps[0].beatmap, TEXT_ASSET)["m_Name"] == "LExpert.beatmap.gz"


def test_gzip_in_a_text_asset_comes_back_byte_for_byte():
    body = bytes(range(256)) * 3
    bundle = opened([maker.text_asset(1, "A.gz", body)])
    value = bundle.read(Pointer("cab-x", 1), TEXT_ASSET)["m_Script"]
    assert value.encode("utf-8", "surrogateescape") == body


OWN = behaviour(*ints("_version"), text("_levelID"), text("_songName"), *ints("_somethingNew"))


def test_trees_of_unknown_classes_are_made_from_the_installs_assemblies(tmp_path, monkeypatch):
    """A version of the game with other fields: the generator knows them, nothing else does."""

    class Generator:
        def __init__(self, version):
            assert version == maker.VERSION

        def load_dll(self, data):
            assert data != b"native", "failed to load dll"

        def get_nodes(self, assembly, name):
            assert (assembly, name) == ("DataModels.dll", "BeatmapLevelSO"), "failed to dump nodes raw"
            flat, todo = [], [(OWN, 0)]
            while todo:
                spec, level = todo.pop(0)
                align = 0x4000 if spec["align"] else 0
                flat.append(
                    types.SimpleNamespace(m_Level=level, m_Type=spec["type"], m_Name=spec["name"], m_MetaFlag=align)
                )
                todo = [(c, level + 1) for c in spec["children"]] + todo
            return flat

    api = types.ModuleType("TypeTreeGeneratorAPI")
    api.TypeTreeGenerator = Generator
    monkeypatch.setitem(sys.modules, "TypeTreeGeneratorAPI", api)
    monkeypatch.delitem(sys.modules, "UnityPy.helpers.TypeTreeGenerator", raising=False)
    (tmp_path / "DataModels.dll").write_bytes(b"MZ")
    (tmp_path / "native.dll").write_bytes(b"native")
    item = Item(7, MONO, head("X") | {"_version": 1, "_levelID": "New", "_songName": "S", "_somethingNew": 9}, OWN)
    bundle = opened([item], with_trees=False, managed=ManagedTrees(tmp_path))
    assert next(bundle.behaviours())[1]["_levelID"] == "New"
    assert next(opened([item], with_trees=False).behaviours())[1] is None
    monkeypatch.delitem(sys.modules, "UnityPy.helpers.TypeTreeGenerator", raising=False)


def test_without_the_generators_package_such_a_class_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "TypeTreeGeneratorAPI", None)
    monkeypatch.delitem(sys.modules, "UnityPy.helpers.TypeTreeGenerator", raising=False)
    (tmp_path / "DataModels.dll").write_bytes(b"MZ")
    assert ManagedTrees(tmp_path).tree("BeatmapLevelSO", maker.VERSION, "x") is None
    assert ManagedTrees(tmp_path / "absent").tree("BeatmapLevelSO", maker.VERSION, "x") is None
    monkeypatch.delitem(sys.modules, "UnityPy.helpers.TypeTreeGenerator", raising=False)


def test_references_lead_inside_the_file_to_other_files_or_nowhere():
    bundle = opened([maker.text_asset(1, "A", b"a")], externals=["archive:/CAB-B/CAB-B"])
    here = Pointer("cab-x", 1)
    assert bundle.follow(here, maker.pointer(5)) == Pointer("cab-x", 5)
    assert bundle.follow(here, maker.pointer(5, 1)) == Pointer("cab-b", 5)
    for nothing in (maker.pointer(0), maker.pointer(5, 2), maker.pointer(5, -1), None, {}, {"m_FileID": "x"}):
        assert bundle.follow(here, nothing) is None
    with pytest.raises(BadFormat, match="missing_object"):
        bundle.read(Pointer("cab-x", 99), TEXT_ASSET)


def read_fields(fields, data, **more):
    return trees.read(Node("Base", "Base", children=fields), data, "<", "place", trees.Budget(), **more)


def vector(name, element):
    return Node("vector", name, children=[Node("Array", "Array", children=[Node("int", "size"), element])])


def test_alignment_after_texts_flags_and_lists():
    fields = [
        Node("string", "name"),
        Node("UInt8", "on", aligned=True),
        vector("bytes", Node("UInt8", "data")),
        Node("int", "x"),
    ]
    data = struct.pack("<i3sxBxxxi2si", 3, b"abc", 1, 2, b"\x05\x06", 9)
    assert read_fields(fields, data) == {"name": "abc", "on": 1, "bytes": b"\x05\x06", "x": 9}


@pytest.mark.parametrize("count", [-1, 1000, 2**31 - 1])
def test_a_list_longer_than_its_bytes_is_damage(count):
    with pytest.raises(BadFormat, match="bad_object"):
        read_fields([vector("v", Node("int", "data"))], struct.pack("<ii", count, 1))


def test_a_list_of_nothing_does_not_run_for_ever():
    with pytest.raises(BadFormat, match="without bytes"):
        read_fields([vector("v", Node("Empty", "data"))], struct.pack("<i", 10) + bytes(100))


def test_a_tree_that_asks_for_too_many_values_is_refused(monkeypatch):
    monkeypatch.setattr("rhythm_maps.limits.BUNDLE_VALUES", 1000)
    wide = Node("Wide", "data", children=[Node("Empty", str(i)) for i in range(100)] + [Node("UInt8", "x")])
    with pytest.raises(LimitExceeded):
        read_fields([vector("v", wide)], struct.pack("<i", 100) + bytes(100))


def test_a_guessed_tree_must_take_every_byte():
    assert read_fields([Node("int", "x")], bytes(8)) == {"x": 0}
    with pytest.raises(BadFormat):
        read_fields([Node("int", "x")], bytes(8), whole=True)


def test_a_serialized_file_that_is_cut_off_anywhere_is_rejected():
    data = maker.serialized([maker.text_asset(1, "A", b"a")])
    for size in range(0, len(data), 7):
        with pytest.raises(BadFormat):
            read_serialized(data[:size], "cab", common_text)


def test_counts_and_sizes_that_run_backwards_are_rejected():
    """Negative numbers move other readers back to what they have read, again and again."""
    data = bytearray(maker.serialized([maker.text_asset(1, "A", b"a")]))
    at = data.index(maker.VERSION.encode()) + len(maker.VERSION) + 1 + 5
    data[at : at + 4] = struct.pack("<i", -1)  # number of types
    with pytest.raises(BadFormat, match="bad_bundle"):
        read_serialized(bytes(data), "cab", common_text)


def test_objects_that_lie_over_each_other_are_rejected():
    """A small file of many objects of the same bytes would be read for ever."""
    data = bytearray(maker.serialized([maker.text_asset(i, "A", bytes(3000)) for i in (1, 2)]))
    first, second = (data.index(struct.pack("<q", i), 60) for i in (1, 2))
    for at in (first, second):  # path id, start, size, type
        data[at + 8 : at + 20] = struct.pack("<qI", 0, 5000)
    with pytest.raises(BadFormat, match="over each other"):
        read_serialized(bytes(data), "cab", common_text)


def test_an_unknown_file_format_says_so():
    data = bytearray(maker.serialized([]))
    data[8:12] = struct.pack(">I", 9)
    with pytest.raises(BadFormat, match="unknown_bundle"):
        read_serialized(bytes(data), "cab", common_text)


def test_unitys_own_trees_come_by_version():
    assert [child.name for child in class_tree(TEXT_ASSET, maker.VERSION, "x").children] == ["m_Name", "m_Script"]
    for version in ("", "no version", "0.0.0"):
        with pytest.raises(BadFormat, match="no_type_tree"):
            class_tree(999_999, version, "x")
