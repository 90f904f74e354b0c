"""The editors on a machine, each with its folders and its own Python, found without starting any of them.

    places      all paths, in one table
    finding     what of the table is there
    flatpak, snap, store, appimage      what the table cannot say of these ways
    binaries, versions, squashfs        what files tell of Python and release
    tags        which compiled packages a Python loads
    machine     the machine, which tests make up, with its processes and its registry
    running     whether an editor runs

Several editors may share a folder for their resources, such as a Krita of the distribution's and one in an AppImage.
"""

from .finding import Editor, find_editors
from .machine import Machine
from .places import PLACES, Place

__all__ = ["PLACES", "Editor", "Machine", "Place", "find_editors"]
