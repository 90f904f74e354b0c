"""Where each way of installing Krita and GIMP keeps its parts: all paths, in one table.

Paths begin with a variable in braces or at the system's root, and may be patterns. Where the facts come from stands
beside them; what Debian's packages do was also seen in real runs, the rest was read and never tried.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, Tuple

__all__ = ["APPIMAGE_FOLDERS", "DESKTOP_ENTRIES", "OLDEST", "PLACES", "Place"]

OLDEST: Dict[str, Tuple[int, int]] = {"Krita": (5, 2), "GIMP": (3, 0)}
"""The oldest release of each editor that the plugins work in."""

# GIMP names its program after its series, and its profile too; 2.99 and odd minor numbers are development releases.
_GIMP = "gimp-[0-9]*.[0-9]*"
_KRITA_LIBRARIES = ("lib/*/kritaplugins", "lib/kritaplugins", "lib64/kritaplugins")
_KRITA_SCRIPTING = tuple(f"{folder}/kritapykrita.so" for folder in _KRITA_LIBRARIES)
_APPSTREAM = "share/metainfo"


@dataclass(frozen=True)
class Place:
    """One way in which an editor comes onto a machine.

    editor: its name.
    kind: "package" (from the distribution), "flatpak", "snap", "AppImage"; "installer" and "store" on Windows; "app" on
        macOS.
    platform: the `sys.platform` on which there is this way.
    source: where the facts in this entry come from.
    data: the folder of the user's resources. {series} stands for the editor's series, such as 3.2; {flatpak config} and
        {package} for what flatpak.py and store.py find.
    config: the configuration file.
    roots: folders that hold an installation; empty where they are found in another way, see `KIND.py`.
    programs: the editor's program, below such a folder.
    scripting: the part that runs Python, below it; where all are missing, the editor cannot run plugins. Empty where
        that part's name is not known.
    pythons: what tells by its name which Python it runs, below it. The first one counts; before them, the library that
        `scripting` is linked to.
    releases: what tells its release, below it.
    override: the variable that names the folder of the user's resources itself; empty where there is none.
    identity: its name in the system's own list: of a flatpak, of a snap, of a package in the Microsoft Store.
    private: a folder that the editor can read from inside its sandbox; empty where it can read the user's own.
    loads_wheels: whether its Python loads the compiled packages that are published for its version.
    """

    editor: str
    kind: str
    platform: str
    source: str
    data: str
    config: str
    roots: Tuple[str, ...] = ()
    programs: Tuple[str, ...] = ()
    scripting: Tuple[str, ...] = ()
    pythons: Tuple[str, ...] = ()
    releases: Tuple[str, ...] = ()
    override: str = ""
    identity: str = ""
    private: str = ""
    loads_wheels: bool = True


APPIMAGE_FOLDERS = (
    "{HOME}", "{HOME}/Applications", "{HOME}/Apps", "{HOME}/AppImages", "{HOME}/.local/bin", "{HOME}/.local/opt",
    "{HOME}/bin", "{HOME}/opt", "{HOME}/Downloads", "{HOME}/Desktop", "/opt", "/opt/*", "/usr/local/bin",
)  # fmt: skip
"""Where people keep AppImages: a convention at most. AppImageLauncher moves them to ~/Applications; the user's own
names of the folders for downloads and for the desktop are asked for besides."""

DESKTOP_ENTRIES = (
    "{XDG_DATA_HOME}/applications/*.desktop",
    "/usr/local/share/applications/*.desktop",
    "/usr/share/applications/*.desktop",
)
"""Entries of the start menu; those that start an AppImage name it (desktop entry specification)."""


PLACES = (
    Place(
        editor="Krita",
        kind="package",
        platform="linux",
        source="Debian's, Ubuntu's and Arch's lists of the package's files; Krita's FAQ on resources and kritarc; "
        "tried with 5.2.9 and 5.3.4 on Debian",
        data="{XDG_DATA_HOME}/krita",
        config="{XDG_CONFIG_HOME}/kritarc",
        roots=("/usr", "/usr/local"),
        programs=("bin/krita",),
        scripting=_KRITA_SCRIPTING,
        releases=(f"{_APPSTREAM}/org.kde.krita.appdata.xml",),
    ),
    Place(
        editor="GIMP",
        kind="package",
        platform="linux",
        source="Debian's list of the package's files; GIMP's manual page on GIMP3_DIRECTORY; tried with 3.0.4 and "
        "3.2.6 on Debian",
        data="{XDG_CONFIG_HOME}/GIMP/{series}",
        config="{XDG_CONFIG_HOME}/GIMP/{series}/gimprc",
        roots=("/usr", "/usr/local"),
        programs=(f"bin/{_GIMP}",),
        pythons=("/usr/bin/python3",),
        releases=(f"{_APPSTREAM}/org.gimp.GIMP.appdata.xml",),
        override="GIMP3_DIRECTORY",
    ),
    Place(
        editor="Krita",
        kind="flatpak",
        platform="linux",
        source="Flathub's manifest of org.kde.krita (shares network and home, no XDG folders of the host), and "
        "flatpak's own description of ~/.var/app",
        data="{HOME}/.var/app/org.kde.krita/data/krita",
        config="{HOME}/.var/app/org.kde.krita/config/kritarc",
        programs=("bin/krita",),
        scripting=_KRITA_SCRIPTING,
        releases=(f"{_APPSTREAM}/org.kde.krita.appdata.xml", f"{_APPSTREAM}/org.kde.krita.metainfo.xml"),
        identity="org.kde.krita",
        private="{HOME}/.var/app/org.kde.krita/data/samelight/run",
    ),
    Place(
        editor="GIMP",
        kind="flatpak",
        platform="linux",
        source="Flathub's manifest of org.gimp.GIMP (shares the network and, in some releases, the host's folder of "
        "its profiles, which flatpak then puts in the place of its own); several projects' instructions for plug-ins",
        data="{flatpak config}/GIMP/{series}",
        config="{flatpak config}/GIMP/{series}/gimprc",
        programs=(f"bin/{_GIMP}",),
        pythons=("bin/python3", "bin/python3.*"),
        releases=(f"{_APPSTREAM}/org.gimp.GIMP.appdata.xml", f"{_APPSTREAM}/org.gimp.GIMP.metainfo.xml"),
        identity="org.gimp.GIMP",
        private="{HOME}/.var/app/org.gimp.GIMP/data/samelight/run",
    ),
    Place(
        editor="Krita",
        kind="snap",
        platform="linux",
        source="the snap's recipe in Krita's sources (strict, with network); a report that 5.2.11 came without Python",
        data="{HOME}/snap/krita/current/.local/share/krita",
        config="{HOME}/snap/krita/current/.config/kritarc",
        programs=("usr/bin/krita",),
        scripting=tuple(f"usr/{path}" for path in _KRITA_SCRIPTING),
        releases=(f"usr/{_APPSTREAM}/org.kde.krita.appdata.xml", "meta/snap.yaml"),
        identity="krita",
        private="{HOME}/snap/krita/common/samelight/run",
    ),
    Place(
        editor="GIMP",
        kind="snap",
        platform="linux",
        source="the snap's recipe in GIMP's sources (strict, with network); instructions of plug-ins for its profile",
        data="{HOME}/snap/gimp/current/.config/GIMP/{series}",
        config="{HOME}/snap/gimp/current/.config/GIMP/{series}/gimprc",
        programs=(f"usr/bin/{_GIMP}",),
        pythons=("usr/bin/python3", "usr/bin/python3.*"),
        releases=(f"usr/{_APPSTREAM}/org.gimp.GIMP.appdata.xml", "meta/snap.yaml"),
        identity="gimp",
        private="{HOME}/snap/gimp/common/samelight/run",
    ),
    Place(
        editor="Krita",
        kind="AppImage",
        platform="linux",
        source="Krita's FAQ: the same folders as the distribution's package",
        data="{XDG_DATA_HOME}/krita",
        config="{XDG_CONFIG_HOME}/kritarc",
    ),
    Place(
        editor="GIMP",
        kind="AppImage",
        platform="linux",
        source="GIMP's recipe for its AppImage: it sets no folder of its own",
        data="{XDG_CONFIG_HOME}/GIMP/{series}",
        config="{XDG_CONFIG_HOME}/GIMP/{series}/gimprc",
        override="GIMP3_DIRECTORY",
    ),
    Place(
        editor="Krita",
        kind="installer",
        platform="win32",
        source="Krita's FAQ on resources and kritarc; listings of C:\\Program Files\\Krita (x64) in public reports",
        data="{APPDATA}/krita",
        config="{LOCALAPPDATA}/kritarc",
        roots=("{PROGRAMFILES}/Krita*", "{PROGRAMW6432}/Krita*", "{LOCALAPPDATA}/Programs/Krita*"),
        programs=("bin/krita.exe",),
        scripting=("lib/kritaplugins/kritapykrita.dll", "bin/kritaplugins/kritapykrita.dll"),
        pythons=("bin/python3[0-9]*.dll", "python/python3[0-9]*.dll"),
        releases=("bin/krita.exe",),
        identity="Krita",
    ),
    Place(
        editor="GIMP",
        kind="installer",
        platform="win32",
        source="GIMP's own installer script and reports of its folders, for all users and for one; its Python is built "
        "with MinGW, as its list of MSYS2 packages says",
        data="{APPDATA}/GIMP/{series}",
        config="{APPDATA}/GIMP/{series}/gimprc",
        roots=("{PROGRAMFILES}/GIMP*", "{PROGRAMW6432}/GIMP*", "{LOCALAPPDATA}/Programs/GIMP*"),
        programs=(f"bin/{_GIMP}.exe",),
        pythons=("bin/libpython3.*.dll",),
        releases=(f"bin/{_GIMP}.exe",),
        override="GIMP3_DIRECTORY",
        identity="GIMP",
        loads_wheels=False,
    ),
    Place(
        editor="Krita",
        kind="store",
        platform="win32",
        source="Krita's FAQ on the Windows Store: resources and kritarc lie in the package's LocalCache",
        data="{package}/LocalCache/Roaming/krita",
        config="{package}/LocalCache/Local/kritarc",
        programs=("krita/bin/krita.exe", "bin/krita.exe", "VFS/ProgramFilesX64/Krita*/bin/krita.exe"),
        pythons=("krita/bin/python3[0-9]*.dll", "bin/python3[0-9]*.dll"),
        identity="49800KritaProject.Krita",
    ),
    Place(
        editor="GIMP",
        kind="store",
        platform="win32",
        source="GIMP's script for the store's package (its names, its inner folder) and reports of the LocalCache",
        data="{package}/LocalCache/Roaming/GIMP/{series}",
        config="{package}/LocalCache/Roaming/GIMP/{series}/gimprc",
        programs=(f"VFS/ProgramFilesX64/GIMP*/bin/{_GIMP}.exe",),
        identity="GIMP.43237F745459",
        loads_wheels=False,
    ),
    Place(
        editor="Krita",
        kind="app",
        platform="darwin",
        source="Krita's FAQ on resources; what Homebrew's cask removes (kritarc); Krita's script for its disk image",
        data="{HOME}/Library/Application Support/krita",
        config="{HOME}/Library/Preferences/kritarc",
        roots=("/Applications/[Kk]rita*.app", "{HOME}/Applications/[Kk]rita*.app"),
        programs=("Contents/MacOS/krita",),
        pythons=("Contents/Frameworks/Python.framework/Versions/[0-9]*",),
        releases=("Contents/Info.plist",),
    ),
    Place(
        editor="GIMP",
        kind="app",
        platform="darwin",
        source="GIMP's documentation of its profile; public scripts that start the program in its bundle",
        data="{HOME}/Library/Application Support/GIMP/{series}",
        config="{HOME}/Library/Application Support/GIMP/{series}/gimprc",
        roots=("/Applications/GIMP*.app", "{HOME}/Applications/GIMP*.app"),
        programs=("Contents/MacOS/gimp", "Contents/MacOS/GIMP"),
        pythons=(
            "Contents/Frameworks/Python.framework/Versions/[0-9]*",
            "Contents/Resources/Library/Frameworks/Python.framework/Versions/[0-9]*",
            "Contents/Resources/lib/python3.*",
        ),
        releases=("Contents/Info.plist",),
        override="GIMP3_DIRECTORY",
    ),
)
