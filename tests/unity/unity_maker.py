"""Makes real UnityFS bundles and fake installs out of them, with UnityPy's writers and trees of its own.

The product reads these files with readers of its own, so writer and reader share no code.
"""

from __future__ import annotations

import gzip
import io
import json
import struct
import zlib
from dataclasses import dataclass, field

import numpy as np
import soundfile

VERSION = "2021.3.16f1"
TEXT_ASSET, AUDIO_CLIP, MONO, ASSET_BUNDLE, TEXTURE, SPRITE = 49, 83, 114, 142, 28, 213
DIFFICULTIES = ["Easy", "Normal", "Hard", "Expert", "ExpertPlus"]


# --- sounds -----------------------------------------------------------------------------------------------------------


def tone(seconds=0.25, rate=44100, channels=2, seed=0):
    """int16 ``[frames, channels]``: a chord with a click in the middle."""
    t = np.arange(int(seconds * rate)) / rate
    wave = 0.3 * np.sin(2 * np.pi * (220 + 30 * seed) * t) + 0.2 * np.sin(2 * np.pi * 331 * t)
    wave[len(wave) // 2] += 0.4
    data = np.stack([wave * (1 - 0.3 * c) for c in range(channels)], 1)
    return np.round(data * 32767).astype(np.int16)


def ogg(samples, rate=44100):
    out = io.BytesIO()
    soundfile.write(out, samples, rate, format="OGG", subtype="VORBIS")
    return out.getvalue()


_RATES = {11025: 3, 22050: 5, 24000: 6, 32000: 7, 44100: 8, 48000: 9}


def fsb5(mode, data, frames, rate, channels, chunks=()):
    head = (1 if chunks else 0) | _RATES[rate] << 1 | (channels - 1) << 5 | frames << 34
    headers = struct.pack("<Q", head)
    for i, (kind, body) in enumerate(chunks):
        headers += struct.pack("<I", (i + 1 < len(chunks)) | len(body) << 1 | kind << 25) + body
    data += bytes(-len(data) % 32)
    start = struct.pack("<4s7I", b"FSB5", 1, 1, len(headers), 0, len(data), mode, 1)
    return start + bytes(60 - len(start)) + headers + data


def fsb5_pcm16(samples, rate=44100):
    return fsb5(2, samples.astype("<i2").tobytes(), len(samples), rate, samples.shape[1])


def ogg_packets(data):
    packets, part, at = [], b"", 0
    while at < len(data):
        lacing = data[at + 27 : at + 27 + data[at + 26]]
        at += 27 + len(lacing)
        for size in lacing:
            part += data[at : at + size]
            at += size
            if size < 255:
                packets.append(part)
                part = b""
    return packets


def fsb5_vorbis(ogg_bytes):
    """FMOD's Vorbis: the packets after the headers, and the CRC-32 of the set-up header instead of it."""
    info = soundfile.info(io.BytesIO(ogg_bytes))
    packets = ogg_packets(ogg_bytes)
    body = b"".join(struct.pack("<H", len(p)) + p for p in packets[3:])
    setup = (11, struct.pack("<II", zlib.crc32(packets[2]), 0))
    return fsb5(15, body, info.frames, info.samplerate, info.channels, [setup])


# --- type trees -------------------------------------------------------------------------------------------------------


def node(kind, name, *children, align=False):
    return {"type": kind, "name": name, "align": align, "children": children}


def text(name):
    chars = node("Array", "Array", node("int", "size"), node("char", "data"), align=True)
    return node("string", name, chars)


def ref(name, kind="Object"):
    return node(f"PPtr<${kind}>", name, node("int", "m_FileID"), node("SInt64", "m_PathID"))


def array(name, element):
    return node("vector", name, node("Array", "Array", node("int", "size"), element, align=True))


def flag(name):
    return node("UInt8", name, align=True)


def floats(*names):
    return [node("float", name) for name in names]


def ints(*names):
    return [node("int", name) for name in names]


def behaviour(*fields):
    return node(
        "MonoBehaviour", "Base", ref("m_GameObject"), flag("m_Enabled"), ref("m_Script"), text("m_Name"), *fields
    )


def environment(name):
    return node("EnvironmentName", name, text("_environmentName"))


LEVEL_DATA = behaviour(
    node("int", "_version"),
    ref("_audioClip", "AudioClip"),
    ref("_audioDataAsset", "TextAsset"),
    array(
        "_difficultyBeatmapSets",
        node(
            "DifficultyBeatmapSet",
            "data",
            text("_beatmapCharacteristicSerializedName"),
            array(
                "_difficultyBeatmaps",
                node("DifficultyBeatmap", "data", *ints("_difficulty"), ref("_beatmapAsset"), ref("_lightshowAsset")),
            ),
        ),
    ),
)
_COLOURS = [
    node("ColorRGBA", name, *floats("r", "g", "b", "a"))
    for name in (
        "_saberAColor _saberBColor _obstaclesColor _environmentColor0 _environmentColor1 _environmentColor0Boost "
        "_environmentColor1Boost"
    ).split()
]


def level_tree(*, colours=True):
    schemes = array(
        "_colorSchemes",
        node(
            "ColorScheme", "data", text("_colorSchemeId"), flag("_overrideNotes"), *_COLOURS[:3],
            flag("_overrideLights"), *_COLOURS[3:],
        ),
    )  # fmt: skip
    preview = node(
        "PreviewDifficultyBeatmap", "data",
        *ints("_difficulty", "_environmentNameIdx", "_beatmapColorSchemeIdx"),
        *floats("_noteJumpMovementSpeed", "_noteJumpStartBeatOffset"),
        *ints("_notesCount", "_obstaclesCount", "_bombsCount", "_cuttableBeatmapObjectsCount"),
    )  # fmt: skip
    sets = array(
        "_previewDifficultyBeatmapSets",
        node(
            "PreviewDifficultyBeatmapSet",
            "data",
            ref("_beatmapCharacteristic"),
            array("_previewDifficultyBeatmaps", preview),
        ),
    )
    return behaviour(
        node("int", "_version"),
        *map(text, "_levelID _songName _songSubName _songAuthorName _levelAuthorName".split()),
        ref("_previewAudioClip"),
        *floats(*"_beatsPerMinute _integratedLufs _songTimeOffset _shuffle _shufflePeriod".split()),
        *floats(*"_previewStartTime _previewDuration _songDuration".split()),
        ref("_coverImage"),
        environment("_environmentName"),
        environment("_allDirectionsEnvironmentName"),
        array("_environmentNames", environment("data")),
        *([schemes] if colours else []),
        sets,
        *ints("_contentRating"),
    )


LEVEL, LEVEL_OLD = level_tree(), level_tree(colours=False)
CHARACTERISTIC = behaviour(
    ref("_icon"),
    *map(
        text,
        "_descriptionLocalizationKey _characteristicNameLocalizationKey _serializedName _compoundIdPartName".split(),
    ),
    *ints("_sortingOrder"),
    flag("_containsRotationEvents"),
    flag("_requires360Movement"),
    *ints("_numberOfColors"),
)
PACK = behaviour(text("_packID"), text("_packName"))


def head(name):
    none = {"m_FileID": 0, "m_PathID": 0}
    return {"m_GameObject": none, "m_Enabled": 1, "m_Script": none, "m_Name": name}


def pointer(path_id, file=0):
    return {"m_FileID": file, "m_PathID": path_id}


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
            **{c["name"]: dict.fromkeys("rgba", 0.5) for c in _COLOURS},
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


def texture(path_id, pixels):
    """RGBA32, the rows from the bottom up."""
    height, width, _ = pixels.shape
    return path_id, {"m_Width": width, "m_Height": height, "m_TextureFormat": 4, "image data": pixels[::-1].tobytes()}


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
