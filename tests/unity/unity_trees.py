"""Type trees of the game's classes, written out anew: the product's own are not looked at."""

from __future__ import annotations


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
COLOURS = [
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
            "ColorScheme", "data", text("_colorSchemeId"), flag("_overrideNotes"), *COLOURS[:3],
            flag("_overrideLights"), *COLOURS[3:],
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
