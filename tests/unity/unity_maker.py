"""Makes real UnityFS bundles and fake installs out of them, with UnityPy's writers and trees of its own.

The product reads these files with readers of its own, so writer and reader share no code.
"""

from __future__ import annotations

import gzip
import json
import zlib
from dataclasses import dataclass, field

from unity_sounds import fsb5_pcm16, tone
from unity_trees import (
    CHARACTERISTIC,
    COLOURS,
    LEVEL,
    LEVEL_DATA,
    PACK,
    head,
    pointer,
)

VERSION = "2021.3.16f1"
TEXT_ASSET, AUDIO_CLIP, MONO, ASSET_BUNDLE, TEXTURE, SPRITE = 49, 83, 114, 142, 28, 213
DIFFICULTIES = ["Easy", "Normal", "Hard", "Expert", "ExpertPlus"]


# --- files ------------------------------------------------------------------------------------------------------------


@dataclass
class Item:
    """An object to write: its path id, class, tree (None: Unity's own) and values, or raw bytes."""

    path_id: int
    class_id: int
    value: dict
    tree: dict | None = None


def _unity_node(spec, level=0):
    from UnityPy.helpers.TypeTreeNode import TypeTreeNode

    return TypeTreeNode(
        level, spec["type"], spec["name"], -1, 1, [_unity_node(c, level + 1) for c in spec["children"]],
        1 if spec["type"] == "Array" else 0, 0, 0, 0x4000 if spec["align"] else 0, 0,
    )  # fmt: skip


def _tree(item):
    from UnityPy.helpers.Tpk import get_typetree_node
    from UnityPy.helpers.UnityVersion import UnityVersion

    if item.tree is not None:
        return _unity_node(item.tree)
    root = get_typetree_node(item.class_id, UnityVersion.from_str(VERSION))
    for part in root.traverse():
        part.m_TypeFlags = 1 if part.m_Type == "Array" else 0
        part.m_RefTypeHash = 0
        part.m_VariableCount = 0
    return root


def serialized(items, *, externals=(), trees=True):
    """A serialized file of format 22."""
    from UnityPy.enums import ClassIDType
    from UnityPy.files.ObjectReader import ObjectReader
    from UnityPy.files.SerializedFile import FileIdentifier, SerializedFile, SerializedFileHeader, SerializedType
    from UnityPy.helpers.TypeTreeHelper import write_typetree
    from UnityPy.streams import EndianBinaryWriter

    file = SerializedFile.__new__(SerializedFile)
    header = SerializedFileHeader.__new__(SerializedFileHeader)
    header.version, header.endian, header.reserved = 22, "<", b"\0\0\0"
    file.header, file.unity_version, file._m_target_platform = header, VERSION, 19
    file._enable_type_tree, file.big_id_enabled, file.unknown, file.userInformation = trees, 0, 0, ""
    file.types, file.objects, file.script_types, file.externals, file.ref_types = [], {}, [], [], []
    for path in externals:
        entry = FileIdentifier.__new__(FileIdentifier)
        entry.temp_empty, entry.guid, entry.type, entry.path = "", bytes(16), 0, path
        file.externals.append(entry)
    known = {}
    for item in items:
        key = (item.class_id, id(item.tree))
        if key not in known:
            kind = SerializedType.__new__(SerializedType)
            kind.__attrs_init__(item.class_id)
            kind.is_stripped_type, kind.script_type_index = False, -1
            kind.script_id, kind.old_type_hash, kind.type_dependencies = bytes(16), bytes(16), ()
            kind.node = _tree(item)
            known[key] = len(file.types)
            file.types.append(kind)
        kind = file.types[known[key]]
        writer = EndianBinaryWriter(endian="<")
        write_typetree(item.value, kind.node, writer)
        file.objects[item.path_id] = ObjectReader(
            file, None, item.path_id, known[key], kind, item.class_id, ClassIDType(item.class_id), 0, 0, None, None,
            writer.bytes,
        )  # fmt: skip
    return file.save()


class _Raw:
    def __init__(self, data, flags):
        self.data, self.flags = data, flags

    def save(self):
        return self.data


def bundle(files, packer="lz4"):
    """A UnityFS bundle of format 8; packer: none, lz4, lz4hc, lzma or (data flags, block flags)."""
    from UnityPy.enums import ArchiveFlags
    from UnityPy.files.BundleFile import BundleFile

    made = BundleFile.__new__(BundleFile)
    made.signature, made.version, made.version_player, made.version_engine = "UnityFS", 8, "5.x.x", VERSION
    made._uses_block_alignment, made.dataflags = True, ArchiveFlags(0)
    made.files = {name: _Raw(data, 0 if name.endswith(".resource") else 4) for name, data in files.items()}
    return made.save(packer)


# --- levels and packs -------------------------------------------------------------------------------------------------


def beatmap_v4(beats=(2.0, 4.0), **more):
    return {
        "version": "4.0.0",
        "colorNotes": [{"b": b, "i": i % 2} for i, b in enumerate(beats)],
        "colorNotesData": [{"x": 1, "y": 0, "c": 0, "d": 1}, {"x": 2, "y": 0, "c": 1, "d": 1}],
    } | more


def audio_data(frames=11025, rate=44100, bpm=120.0, regions=None):
    regions = regions or [{"si": 0, "ei": frames, "sb": 0.0, "eb": frames / rate * bpm / 60}]
    return {"version": "4.0.0", "songSampleCount": frames, "songFrequency": rate, "bpmData": regions, "lufsData": []}


def zipped(value):
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return gzip.compress(data, mtime=0)


def text_asset(path_id, name, data):
    return Item(path_id, TEXT_ASSET, {"m_Name": name, "m_Script": data.decode("utf-8", "surrogateescape")})


def audio_clip(path_id, name, source, size, rate=44100, channels=2, seconds=0.25):
    return Item(path_id, AUDIO_CLIP, {
        "m_Name": name, "m_LoadType": 1, "m_Channels": channels, "m_Frequency": rate, "m_BitsPerSample": 16,
        "m_Length": seconds, "m_IsTrackerFormat": False, "m_Ambisonic": False, "m_SubsoundIndex": 0,
        "m_PreloadAudioData": False, "m_LoadInBackground": True, "m_Legacy3D": False,
        "m_Resource": {"m_Source": source, "m_Offset": 0, "m_Size": size}, "m_CompressionFormat": 1,
    })  # fmt: skip


@dataclass
class Level:
    """A level to write.

    Attributes:
        sets: characteristic -> {difficulty name: beatmap value or bytes of the text asset}.
    """

    level_id: str
    sets: dict = field(default_factory=lambda: {"Standard": {"Expert": beatmap_v4()}})
    bank: bytes = b""
    data: dict | bytes | None = field(default_factory=audio_data)
    lights: bool = True
    packer: object = "lz4"
    trees: bool = True
    resource: bool = True
    raw_items: tuple = ()

    def files(self):
        cab = f"CAB-{zlib.crc32(self.level_id.encode()):032x}"
        items, sets, number = [], [], 10
        if self.data is not None:
            items.append(text_asset(2, f"{self.level_id}.audio.gz", zipped(self.data)))
        if self.lights:
            items.append(
                text_asset(3, f"{self.level_id}.lightshow.gz", zipped({"version": "4.0.0", "basicEvents": []}))
            )
        for name, difficulties in self.sets.items():
            beatmaps = []
            for difficulty, value in difficulties.items():
                number += 1
                body = value if isinstance(value, bytes) else zipped(value)
                items.append(text_asset(number, f"{self.level_id}{difficulty}.beatmap.gz", body))
                beatmaps.append({
                    "_difficulty": DIFFICULTIES.index(difficulty), "_beatmapAsset": pointer(number),
                    "_lightshowAsset": pointer(3 if self.lights else 0),
                })  # fmt: skip
            sets.append({"_beatmapCharacteristicSerializedName": name, "_difficultyBeatmaps": beatmaps})
        bank = self.bank or fsb5_pcm16(tone())
        items.append(audio_clip(4, self.level_id, f"archive:/{cab}/{cab}.resource", len(bank)))
        value = head(f"{self.level_id}BeatmapLevelData") | {
            "_version": 1, "_audioClip": pointer(4), "_audioDataAsset": pointer(2 if self.data is not None else 0),
            "_difficultyBeatmapSets": sets,
        }  # fmt: skip
        items += [Item(5, MONO, value, LEVEL_DATA), *self.raw_items]
        files = {cab: serialized(items, trees=self.trees)}
        return files | ({f"{cab}.resource": bank} if self.resource else {})

    def bytes(self):
        return bundle(self.files(), self.packer)


CHARACTERISTICS = ["Standard", "OneSaber", "NoArrows", "360Degree", "90Degree"]
SHARED_CAB = "CAB-00000000000000000000000000000001"


def characteristics_bundle(packer="lz4", *, trees=True):
    """The bundle that packs point to: path id 100 + index of `CHARACTERISTICS`."""
    items = [
        Item(100 + i, MONO, head(f"{name}BeatmapCharacteristic") | {
            "_icon": pointer(0), "_descriptionLocalizationKey": "D", "_characteristicNameLocalizationKey": "N",
            "_serializedName": name, "_compoundIdPartName": name, "_sortingOrder": i, "_containsRotationEvents": 0,
            "_requires360Movement": 0, "_numberOfColors": 2,
        }, CHARACTERISTIC)
        for i, name in enumerate(CHARACTERISTICS)
    ]  # fmt: skip
    return bundle({SHARED_CAB: serialized(items, trees=trees)}, packer)


@dataclass
class Entry:
    """What a pack says of a level; `sets`: characteristic -> {difficulty: (njs, offset)}."""

    level_id: str
    sets: dict = field(default_factory=lambda: {"Standard": {"Expert": (16.0, -0.5)}})
    cover: bool = False
    more: dict = field(default_factory=dict)


def level_value(entry, cover=0):
    none = pointer(0)
    return head(f"{entry.level_id}BeatmapLevel") | {
        "_version": 1, "_levelID": entry.level_id, "_songName": f"Song {entry.level_id}", "_songSubName": "sub",
        "_songAuthorName": "Artist", "_levelAuthorName": "Mapper", "_previewAudioClip": none,
        "_beatsPerMinute": 120.0, "_integratedLufs": -7.3, "_songTimeOffset": 0.0, "_shuffle": 0.0,
        "_shufflePeriod": 0.5, "_previewStartTime": 12.3, "_previewDuration": 10.0, "_songDuration": 0.25,
        "_coverImage": pointer(cover), "_environmentName": {"_environmentName": "NiceEnvironment"},
        "_allDirectionsEnvironmentName": {"_environmentName": "GlassDesertEnvironment"},
        "_environmentNames": [], "_colorSchemes": [{
            "_colorSchemeId": "S", "_overrideNotes": 1, "_overrideLights": 0,
            **{c["name"]: dict.fromkeys("rgba", 0.5) for c in COLOURS},
        }],
        "_previewDifficultyBeatmapSets": [{
            "_beatmapCharacteristic": pointer(100 + CHARACTERISTICS.index(name), 1),
            "_previewDifficultyBeatmaps": [{
                "_difficulty": DIFFICULTIES.index(d), "_environmentNameIdx": 0, "_beatmapColorSchemeIdx": -1,
                "_noteJumpMovementSpeed": njs, "_noteJumpStartBeatOffset": offset, "_notesCount": 2,
                "_obstaclesCount": 0, "_bombsCount": 0, "_cuttableBeatmapObjectsCount": 2,
            } for d, (njs, offset) in difficulties.items()],
        } for name, difficulties in entry.sets.items()],
        "_contentRating": 0,
    } | entry.more  # fmt: skip


def pack(name, entries, packer="lz4", *, trees=True, tree=LEVEL, covers=()):
    """A pack bundle; `covers`: raw `Item`s of pictures."""
    items = [Item(1, MONO, head(f"{name}Pack") | {"_packID": name, "_packName": name}, PACK)]
    items += [
        Item(1000 + i, MONO, level_value(entry, 500 if entry.cover else 0), tree) for i, entry in enumerate(entries)
    ]
    cab = f"CAB-{zlib.crc32(name.encode()):032x}"
    externals = [f"archive:/{SHARED_CAB}/{SHARED_CAB}"]
    return bundle({cab: serialized([*items, *covers], externals=externals, trees=trees)}, packer)


# --- installs ---------------------------------------------------------------------------------------------------------


@dataclass
class FakeInstall:
    """A folder like a Steam install's."""

    root: object

    def __post_init__(self):
        self.levels = self.root / "Beat Saber_Data" / "StreamingAssets" / "BeatmapLevelsData"
        self.packs = self.root / "Beat Saber_Data" / "StreamingAssets" / "aa" / "StandaloneWindows64"
        for folder in (self.levels, self.packs):
            folder.mkdir(parents=True)

    def add_level(self, level, folder=None):
        path = (folder or self.levels) / level.level_id.lower()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(level.bytes())
        return path

    def add_pack(self, name, entries, **more):
        path = self.packs / f"{name}_pack_assets_all_{zlib.crc32(name.encode()):032x}.bundle"
        path.write_bytes(pack(name, entries, **more))
        return path

    def add_characteristics(self, **more):
        path = self.packs / "packages_assets_all_0123.bundle"
        path.write_bytes(characteristics_bundle(**more))
        return path
