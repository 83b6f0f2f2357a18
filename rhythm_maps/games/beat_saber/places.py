"""Where installs of Beat Saber keep custom levels.

Sources: the modding wiki (Steam's and Oculus's default paths), Steam's data folders on Linux (packages, flatpak, snap;
Proton leaves the game in ``steamapps``), BSManager's installation-location.service.ts (its folder lies in Documents on
Windows and in the data folder on Linux; what instances share lies in ``SharedContent/SharedMaps``).
"""

from __future__ import annotations

_STEAM = (
    r"%ProgramFiles(x86)%\Steam",
    r"%ProgramFiles%\Steam",
    "~/.steam/steam",
    "~/.local/share/Steam",
    "~/.steam/debian-installation",
    "~/.var/app/com.valvesoftware.Steam/.local/share/Steam",
    "~/.var/app/com.valvesoftware.Steam/data/Steam",
    "~/snap/steam/common/.local/share/Steam",
)
_OCULUS = (r"%OculusBase%", r"%ProgramFiles%\Oculus")
_BSMANAGER = (
    r"%USERPROFILE%\Documents\BSManager",
    r"%OneDrive%\Documents\BSManager",
    "$XDG_DATA_HOME/BSManager",
    "~/.local/share/BSManager",
)
_INSTALLS = (
    *(f"{steam}/steamapps/common/Beat Saber" for steam in _STEAM),
    *(f"{oculus}/Software/Software/hyperbolic-magnetism-beat-saber" for oculus in _OCULUS),
    *(f"{manager}/BSInstances/*" for manager in _BSMANAGER),
)

PLACES = (
    *(f"{install}/Beat Saber_Data/CustomLevels" for install in _INSTALLS),
    *(f"{manager}/SharedContent/SharedMaps/CustomLevels" for manager in _BSMANAGER),
    *(f"{install}/Beat Saber_Data/CustomWIPLevels" for install in _INSTALLS),
)
"""Finished levels before those that are still worked on."""
