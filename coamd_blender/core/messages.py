"""Which panel a message belongs to, and whether what it speaks of is still so. Reads settings; changes nothing."""

from __future__ import annotations

from itertools import islice
from typing import Any

import bpy

from ..errors import CoamdError, InputError, RigError

GENERATE, EDIT, TRACK, CLIP_TOOLS, ENGINES, RECOGNIZE, LIBRARY, TEACH, CROWD = (
    "generate",
    "edit",
    "track",
    "clip_tools",
    "engines",
    "recognize",
    "library",
    "teach",
    "crowd",
)
# Where the settings of each panel are kept in the scene; those of the track are the armature's.
_SETTINGS = {
    GENERATE: "coamd",
    EDIT: "coamd_edit",
    CLIP_TOOLS: "coamd_clips",
    ENGINES: "coamd_engines",
    RECOGNIZE: "coamd_understanding",
    LIBRARY: "coamd_understanding",
    TEACH: "coamd_teach",
    CROWD: "coamd_crowd",
}
_PLAIN = {"BOOLEAN", "INT", "FLOAT", "STRING", "ENUM"}
_MOST = 1000  # entries of a collection that are compared: a .blend may hold any number, and panels ask at every redraw


def circumstances(context: bpy.types.Context, panel: str) -> tuple:
    """Return all that a refusal in ``panel`` may speak of, to be compared: its settings, the selection, the range, the
    armature."""
    scene, active = context.scene, context.view_layer.objects.active
    data = active.animation_data if active is not None else None
    action = data.action if data is not None else None
    markers = tuple(marker.frame for marker in scene.timeline_markers if marker.select)
    selected = tuple(one.session_uid for one in islice(context.view_layer.objects.selected, _MOST))
    settings = (
        getattr(active, "coamd_track", None) if panel == TRACK else getattr(scene, _SETTINGS.get(panel, ""), None)
    )
    return (
        _values(settings),
        selected,
        (scene.use_preview_range, scene.frame_preview_start, scene.frame_preview_end, markers),
        active and (active.session_uid, active.mode, len(active.data.bones) if active.type == "ARMATURE" else 0),
        action and action.session_uid,
    )


def _values(group: bpy.types.PropertyGroup | None) -> tuple:
    """Return the values of a group's own properties, those of the groups in it, and how many a collection holds.

    What follows from others, and so can only be read, is left out.
    """
    found: list[Any] = []
    for prop in () if group is None else group.bl_rna.properties:
        name = prop.identifier
        if prop.type in _PLAIN and not prop.is_readonly:
            value = getattr(group, name)
            found.append(tuple(value) if getattr(prop, "is_array", False) else value)
        elif prop.type == "COLLECTION":
            entries = getattr(group, name)
            found.append((len(entries), *(_values(entry) for entry in islice(entries, _MOST))))
        elif prop.type == "POINTER" and name != "rna_type":
            value = getattr(group, name)
            found.append(_values(value) if isinstance(value, bpy.types.PropertyGroup) else value and value.name)
    return tuple(found)


def mendable(error: CoamdError) -> bool:
    """Return whether ``error`` speaks of settings or of the character, and so is over once these are others."""
    return isinstance(error, (InputError, RigError))
