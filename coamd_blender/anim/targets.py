"""The character a motion is for: which armature, and how much of it is understood."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import bpy
import numpy as np
from mathutils import Vector

from .. import anim, retarget
from ..errors import RigError
from ..motion.skeleton import JOINT_NAMES
from ..retarget import controls
from ..retarget.reference_pose import why_not_resting
from . import changes, rig_settings
from .armature import driven_channels, heads_of, parents_of, read_belongings, read_constraints, read_rig
from .snapshot import led_bones, limited_bones, preset_of, switches
from .travel import Travel, choose_of


@dataclass(frozen=True)
class Coverage:
    """How much of a rig is understood: the preset's name, mapped and all joints, the names not found, and what the
    user should know of how it was understood (``notes``).

    ``error`` is set when it is too little to carry a motion.
    """

    preset: str = ""
    mapped: int = 0
    total: int = len(JOINT_NAMES)
    missing: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    mapping: retarget.Mapping | None = None
    error: RigError | None = None


# The property of a generated rig that says whether a limb follows FK or IK; others go with it.
_SWITCHES = ("IK_FK",)


@dataclass(frozen=True, eq=False)
class _Understood:
    """What was found last: ``coverage`` without what its constraints have to say, of the ``armature`` data with this
    uid and the ``bones`` (their names, parents, heads, where up is) and mapping of its ``own``, at so many
    ``changes``."""

    armature: int
    own: tuple | None
    bones: tuple
    changes: int | None
    coverage: Coverage


_last: _Understood | None = None
_travel: tuple[tuple, Travel | None] | None = None  # what travel_of found last, and of what
# The data-block that was found last, by its kind, and the number of changes then.
_found: dict[str, tuple[int, bpy.types.ID]] = {}


def candidates(context: bpy.types.Context) -> list[bpy.types.Object]:
    """Return the armatures that may be meant: the active one; those that move it; else those selected."""
    active = context.view_layer.objects.active
    if active is not None and active.type == "ARMATURE":
        return [active]
    found = [] if active is None else [mod.object for mod in active.modifiers if mod.type == "ARMATURE" and mod.object]
    if not found and active is not None and active.find_armature() is not None:
        found = [active.find_armature()]
    found = found or [chosen for chosen in context.view_layer.objects.selected if chosen.type == "ARMATURE"]
    return list(dict.fromkeys(found))


def find(context: bpy.types.Context) -> bpy.types.Object | None:
    """Return the one armature that is meant; None without one, and where it might be any of several."""
    found = candidates(context)
    return found[0] if len(found) == 1 else None


def rivals(context: bpy.types.Context) -> RigError:
    """Return the error that says which armatures might be meant."""
    names = " or ".join(armature.name for armature in candidates(context)[:3])
    return RigError(f"The motion may be for {names}", "Select the armature that is to move")


def require(context: bpy.types.Context) -> bpy.types.Object:
    """Return the armature as :func:`find` does.

    Raises RigError when there is no armature, are several, or when too little is understood.
    """
    armature = find(context)
    if armature is None and len(candidates(context)) > 1:
        raise rivals(context)
    if armature is None:
        raise RigError("No armature is selected", "Select one, or press Add CoAMD Character")
    found = coverage(armature)
    if found.error is not None:
        raise found.error
    return armature


def rig_options(armature: bpy.types.Object) -> dict:
    """Return what write_action.read_target takes of the armature's own settings: its mapping and captured rest pose.

    Where none is captured and the rest pose is not a stance, a frame of its Action in which it stands takes its place.
    Raises RigError where there is none, and as read_action.read_action.
    """
    found, captured = coverage(armature), rig_settings.captured_rest(armature)
    mapping = found.mapping
    if captured is None and mapping is not None and control_table(found) is None:
        captured = _standing(armature, mapping)
    return {"mapping": mapping, "reference": captured}


def _standing(armature: bpy.types.Object, mapping: retarget.Mapping) -> dict[str, np.ndarray] | None:
    why = why_not_resting(_rest_heads(armature, mapping))
    if why is None:
        return None
    data = armature.animation_data
    found = None
    if data is not None and data.action is not None:
        found = anim.read_action.read_action(armature, mapping=mapping).reference
    if found is None:
        raise RigError(
            f"The rest pose of {armature.name} is not a stance: {why}",
            "Pose it as a T or an A, and press Use Current Pose as Rest",
        )
    return found


def _rest_heads(armature: bpy.types.Object, mapping: retarget.Mapping) -> dict[str, np.ndarray]:
    """Return joint to the head (3,) of its bone at rest, armature space."""
    return {joint: np.array(armature.data.bones[bone].head_local) for joint, bone in mapping.bones.items()}


def coverage(armature: bpy.types.Object) -> Coverage:
    """Return how much of ``armature`` is understood; remembered until its bones or its own mapping change."""
    global _last
    own, data = _own_key(armature), armature.data
    bones = tuple(data.bones.keys()), tuple(parents_of(data.bones)), heads_of(data.bones).tobytes(), _up(armature)
    if _last is not None and (_last.own, _last.bones) == (own, bones):
        found = _last.coverage
    else:
        try:
            found = _covered(_detect(*bones) if own is None else _own(armature, dict(own[1:])))
        except RigError as error:
            found = Coverage(error=error)
    _last = _Understood(data.session_uid, own, bones, changes.armatures(), found)
    return _with_constraints(armature, found)


def shown_coverage(armature: bpy.types.Object) -> Coverage:
    """Return :func:`coverage` for panels, which ask on every redraw: bones are looked at after a change of armatures
    only, so that a redraw costs as much on 3,000 bones as on 65."""
    now = (armature.data.session_uid, _own_key(armature), changes.armatures())
    if now[2] is not None and _last is not None and (_last.armature, _last.own, _last.changes) == now:
        return _with_constraints(armature, _last.coverage)
    return coverage(armature)


def _own_key(armature: bpy.types.Object) -> tuple | None:
    """Return the armature's own mapping as something to compare; None where it has none."""
    settings = armature.coamd_rig
    return (settings.label, *rig_settings.own_joints(armature).items()) if settings.joints else None


def _with_constraints(armature: bpy.types.Object, found: Coverage) -> Coverage:
    """Return ``found`` with notes on what else moves or limits the bones that get keys, every such bone by its name."""
    if found.mapping is None or control_table(found) is not None:
        return found
    bones = armature.pose.bones
    moving = _moving(armature, found.mapping)
    constraints = read_constraints(armature, (bones[name] for name in moving))
    led = led_bones(constraints, found.mapping)
    notes = []
    for names in dict.fromkeys(led.values()):
        alike = ", ".join(bone for bone, own in led.items() if own == names)
        notes.append(f"{alike} follows constraints ({', '.join(names)}): its keys will not show until they are muted")
    held = [name for name in limited_bones(constraints) if name not in led]
    if held:
        notes.append(f"{', '.join(held)} is limited by constraints: mute them where it stays behind the motion")
    notes += [
        f"A driver moves {path}: mute it in the Drivers Editor" for path in sorted(driven_channels(armature, moving))
    ]
    why = None if armature.coamd_rig.rest else why_not_resting(_rest_heads(armature, found.mapping))
    if why is not None:
        notes.append(
            f"The rest pose is not a stance ({why}): a frame of the Action in which it stands is taken instead"
        )
    acting = [one.name for one in armature.constraints if not one.mute and one.influence > 0]
    if acting:
        notes.append(f"The object follows constraints ({', '.join(acting)}), and the motion goes with it")
    return replace(found, notes=(*found.notes, *notes))


def _moving(armature: bpy.types.Object, mapping: retarget.Mapping) -> list[str]:
    """Return the bones that say how a motion looks: the mapped ones, those above, and those right beneath limbs, where
    IK may begin that reaches up."""
    every = armature.data.bones
    found = dict.fromkeys(mapping.bones.values())
    for joint, name in mapping.bones.items():
        bone = every[name]
        found |= dict.fromkeys(above.name for above in bone.parent_recursive)
        if joint.endswith(("knee", "ankle", "elbow", "wrist")):
            chains = ("IK", "SPLINE_IK")
            below = (child.name for child in bone.children)
            found |= dict.fromkeys(
                name for name in below if any(one.type in chains for one in armature.pose.bones[name].constraints)
            )
    return list(found)


def travel_of(armature: bpy.types.Object, found: Coverage) -> Travel | None:
    """Return where the root trajectory goes by itself (plan.make_target); None where a motion could not be made, and on
    a control rig. Bones are looked at after a change of armatures only, as by :func:`shown_coverage`."""
    global _travel
    if found.mapping is None or control_table(found) is not None:
        return None
    belongings = read_belongings(armature)
    key = (armature.session_uid, changes.armatures(), belongings, found.mapping.bones)
    if key[1] is None or _travel is None or _travel[0] != key:
        constraints = read_constraints(armature, armature.pose.bones)
        try:
            chosen = choose_of(read_rig(armature), found.mapping, constraints, belongings)
        except RigError:
            chosen = None
        _travel = key, chosen
    return _travel[1]


def control_table(found: Coverage) -> dict | None:
    """Return the table of the controls that are keyed, where this is a generated control rig; else None."""
    return next((table for table in controls.tables() if table["label"] == found.preset), None)


def has_ik_controls(found: Coverage) -> bool:
    """Return whether limbs can be keyed by their IK controls: those of a generated rig, or that its preset names."""
    return control_table(found) is not None or (found.mapping is not None and "ik" in preset_of(found.mapping))


def switch_note(armature: bpy.types.Object, found: Coverage, *, limbs: str, switch: bool) -> str | None:
    """Return what becomes of a control rig's limbs that are not on the keyed controls; None for a rig without such.

    limbs: "fk" or "ik", as in write_action.read_target. switch: whether the Action turns them over.
    """
    table = control_table(found)
    keyed, other = ("IK", "FK") if limbs == "ik" and has_ik_controls(found) else ("FK", "IK")
    if table is None:
        wanted = () if found.mapping is None else switches(armature.pose.bones, found.mapping, limbs)
        told = wanted
    else:
        wanted = controls.switches_of(table["ik"] if limbs == "ik" else table)
        told = [one for one in wanted if one.name in _SWITCHES]
    if not wanted:
        return None
    off = sum(armature.pose.bones[one.bone].get(one.name) != one.value for one in told)
    if not off:
        return f"{keyed} controls are keyed"
    count = "1 limb" if off == 1 else f"{off} limbs"
    if switch:
        return f"{keyed} controls are keyed, and the Action turns {count} from {other} to {keyed}"
    return f"{count} {'is' if off == 1 else 'are'} on {other} and will not follow the keyed {keyed} controls"


def _covered(mapping: retarget.Mapping) -> Coverage:
    notes = (*mapping.notes, *(_ambiguity(joint, found) for joint, found in mapping.ambiguous.items()))
    return Coverage(mapping.preset, len(mapping.bones), len(JOINT_NAMES), tuple(mapping.missing), notes, mapping)


def _own(armature: bpy.types.Object, bones: dict[str, str]) -> retarget.Mapping:
    mapping = retarget.make_mapping(armature.coamd_rig.label, bones)
    retarget.check_mapping(mapping, armature.data.bones.keys())
    return mapping


def _up(armature: bpy.types.Object) -> tuple[float, ...]:
    """Return the world's up in armature space, a unit vector, to three digits."""
    up = armature.matrix_world.to_3x3().inverted_safe() @ Vector((0.0, 0.0, 1.0))
    return tuple(round(value, 3) for value in up.normalized())


def _detect(names: tuple[str, ...], parents: tuple[int, ...], heads: bytes, up: tuple[float, ...]) -> retarget.Mapping:
    """Return the mapping of bones found by name and shape. Raises RigError where too little is, and for an animal."""
    if not names:
        raise RigError("The armature has no bones", "Select a character's armature")
    table = controls.find_table(names)
    if table is not None:
        return controls.skeleton_mapping(table, names)
    return retarget.detect(names, parents, np.frombuffer(heads, np.float32).reshape(-1, 3).astype(float), up)


def _ambiguity(joint: str, candidates: Sequence[str]) -> str:
    return f"{joint.replace('_', ' ')} could be {' or '.join(candidates)}: the first is used"


def by_uid(collection: bpy.types.bpy_prop_collection, uid: int) -> bpy.types.ID | None:
    """Return the data-block with this ``session_uid``, or None when it is gone.

    The one that was found last in a collection is found again without a look at the others, as long as no undo and no
    other file has exchanged them all.
    """
    kind, count = collection.bl_rna.identifier, changes.data()
    known, last = _found.get(kind, (None, None))
    if count is not None and known == count and _is_uid(last, uid):
        return last
    found = next((block for block in collection if block.session_uid == uid), None)
    if found is not None and count is not None:
        _found[kind] = count, found
    return found


def _is_uid(block: bpy.types.ID, uid: int) -> bool:
    try:
        return block.session_uid == uid
    except ReferenceError:  # it has been removed
        return False
