"""Built-in trees of the game's own classes, for bundles that were made without type trees.

Source: the fields' names, order and types are those of public il2cpp headers of the game (bs-cordl: BeatmapLevelSO,
BeatmapLevelDataSO, BeatmapCharacteristicSO); how Unity writes a field is Unity's serialization (a ``bool`` takes four
bytes, a reference is a file number and a path id, a class in a class is written in place).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from rhythm_maps.sources.unity.trees import Node

_HEAD = "ref m_GameObject; bool m_Enabled; ref m_Script; string m_Name"
"""What every MonoBehaviour starts with."""

_LEVEL_START = (
    "int _version; string _levelID; string _songName; string _songSubName; string _songAuthorName; "
    "string _levelAuthorName; ref _previewAudioClip; float _beatsPerMinute; float _integratedLufs; "
    "float _songTimeOffset; float _shuffle; float _shufflePeriod; float _previewStartTime; float _previewDuration; "
    "float _songDuration; ref _coverImage; Environment _environmentName; Environment _allDirectionsEnvironmentName; "
    "Environment[] _environmentNames"
)
_LEVEL_END = "PreviewSet[] _previewDifficultyBeatmapSets; int _contentRating"

_STRUCTURES = {
    "ref": "int m_FileID; long long m_PathID",
    "Environment": "string _environmentName",
    "Color": "float r; float g; float b; float a",
    "ColorScheme": (
        "string _colorSchemeId; bool _overrideNotes; Color _saberAColor; Color _saberBColor; Color _obstaclesColor; "
        "bool _overrideLights; Color _environmentColor0; Color _environmentColor1; Color _environmentColor0Boost; "
        "Color _environmentColor1Boost"
    ),
    "PreviewSet": "ref _beatmapCharacteristic; Preview[] _previewDifficultyBeatmaps",
    "Preview": (
        "int _difficulty; int _environmentNameIdx; int _beatmapColorSchemeIdx; float _noteJumpMovementSpeed; "
        "float _noteJumpStartBeatOffset; int _notesCount; int _obstaclesCount; int _bombsCount; "
        "int _cuttableBeatmapObjectsCount"
    ),
    "DataSet": "string _beatmapCharacteristicSerializedName; Data[] _difficultyBeatmaps",
    "Data": "int _difficulty; ref _beatmapAsset; ref _lightshowAsset",
}

_LEVEL_DATA = "int _version; ref _audioClip; ref _audioDataAsset; DataSet[] _difficultyBeatmapSets"
_CHARACTERISTIC = (
    "ref _icon; string _descriptionLocalizationKey; string _characteristicNameLocalizationKey; "
    "string _serializedName; string _compoundIdPartName; int _sortingOrder; bool _containsRotationEvents; "
    "bool _requires360Movement; int _numberOfColors"
)
_CLASSES = {
    "BeatmapLevelDataSO": (_LEVEL_DATA,),
    "BeatmapLevelSO": (f"{_LEVEL_START}; ColorScheme[] _colorSchemes; {_LEVEL_END}", f"{_LEVEL_START}; {_LEVEL_END}"),
    "BeatmapCharacteristicSO": (_CHARACTERISTIC,),
}
"""Class -> its fields; newer versions of the game first."""

NAMES = tuple(_CLASSES)
"""The classes that are known."""


def _fields(text: str) -> list[Node]:
    return [_field(*part.strip().rsplit(" ", 1)) for part in text.split(";")]


def _field(kind: str, name: str) -> Node:
    if kind.endswith("[]"):
        array = Node("Array", "Array", aligned=True, children=[Node("int", "size"), _field(kind[:-2], "data")])
        return Node("vector", name, children=[array])
    if kind == "bool":
        return Node("UInt8", name, aligned=True)
    return Node(kind, name, children=_fields(_STRUCTURES[kind]) if kind in _STRUCTURES else [])


@cache
def trees(name: str) -> Sequence[Node]:
    """Return the trees that objects of a class may have, the likeliest first."""
    return [Node("MonoBehaviour", "Base", children=_fields(f"{_HEAD}; {fields}")) for fields in _CLASSES[name]]
