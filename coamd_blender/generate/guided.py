"""What leads the next motion beside its sentence: poses, places and a hold, as the settings have them.

Changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import bpy

from ..anim import actions, range_edit, targets
from ..anim.range_keys import Range
from ..errors import InputError
from ..guides import holds, markers, places

UNKEYED = 1e-3  # by which a channel differs from its keys: radians, quaternions, Blender units
REACH = 1.6  # times the height of the pelvis: further away from it nothing is held without a place beside it


@dataclass(frozen=True, eq=False)
class Guides:
    """What leads a motion: whether it ``begins`` in the character's own pose; frames of ``poses`` to go through;
    ``places`` to pass; whether a hand or a foot is ``held``."""

    begins: bool = False
    poses: tuple[int, ...] = ()
    places: tuple[places.Place, ...] = ()
    held: bool = False

    @property
    def posed(self) -> bool:
        """Whether bones have to be somewhere exactly."""
        return self.begins or bool(self.poses) or self.held


def area_of(first: int, last: int, begins: bool, join: int | None) -> Range:
    """Return the frames that are drawn anew of ``first`` to ``last``: all but a first one whose pose is kept."""
    if join is not None:
        return Range(first, last, join, join)
    return Range(first + begins, last, first, first)


def guides_of(
    context: bpy.types.Context, armature: bpy.types.Object, frames: tuple[int, int], join: int | None
) -> Guides:
    """Return what leads a motion of ``armature`` at ``frames``, first and last. Raises InputError as :func:`check`."""
    scene, settings = context.scene, context.scene.coamd.guides
    poses = check(context, armature, frames, join)
    begins = settings.start_in_pose and join is None
    if begins and poses:
        _check_keyed(armature, frames[0])
    start = frames[0] if join is None else join
    passed = places.places_of(settings, scene, start, frames[1])
    return Guides(begins, poses, passed, settings.hold_target is not None)


def check(
    context: bpy.types.Context, armature: bpy.types.Object, frames: tuple[int, int], join: int | None
) -> tuple[int, ...]:
    """Return the frames of the poses that are gone through. Raises InputError for what cannot be meant.

    Quick enough to be asked at every redraw; whether places can be reached in time is found out later.
    """
    scene, settings = context.scene, context.scene.coamd.guides
    begins = settings.start_in_pose and join is None
    if join is None and (begins or settings.keep_poses or settings.hold_target is not None):
        _check_fresh(scene.coamd, armature)
    if begins and frames[0] != scene.frame_current:
        raise InputError(
            f"The motion begins at frame {frames[0]}, and the pose that you see is at {scene.frame_current}",
            f"Go to frame {frames[0]}",
        )
    poses = _poses(scene, armature, area_of(*frames, begins, join)) if settings.keep_poses else ()
    start = frames[0] if join is None else join
    places.check_places(settings, start, frames[1])
    if settings.places and scene.coamd.path is not None:
        raise InputError("A path and places both say where to go", "Clear Path, or remove the places")
    taken = {row.frame for row in settings.places if row.use_frame} & set(poses)
    if taken:
        raise InputError(
            f"A place and a pose are both at frame {min(taken)}", "Give the place another frame, or move the marker"
        )
    both = [frame for frame in poses if settings.hold_first <= frame <= settings.hold_last]
    if settings.hold_target is not None and both:
        raise InputError(f"A pose and the hold are both at frame {both[0]}", "Move the marker, or hold at other frames")
    holds.check_hold(settings, scene, area_of(*frames, begins, join))
    return poses


def _check_fresh(settings: bpy.types.PropertyGroup, armature: bpy.types.Object) -> None:
    """Raise InputError for what a fresh motion through given poses cannot be or go on top of."""
    if settings.carry.output != "action":
        raise InputError("Poses and holds make a new Action", "Choose New Action as Output under Retargeting")
    if settings.loop or settings.in_place:
        raise InputError("A motion with given poses or a hold cannot be looped", "Turn Loop and In Place off")
    data = armature.animation_data
    if data is not None and data.use_nla and any(not track.mute and track.strips for track in data.nla_tracks):
        raise InputError(f"NLA strips move {armature.name}", "Mute their tracks, or leave poses and the hold out")


def _check_keyed(armature: bpy.types.Object, frame: int) -> None:
    """Raise InputError where bones stand other than their keys say at ``frame``: with poses at markers the first one is
    read from the keys, too."""
    action = armature.animation_data.action
    for curve in actions.curves_of(action, actions.slot_for(action, armature)):
        bone = actions.bone_of(curve.data_path)
        if bone is None or bone not in armature.pose.bones:
            continue
        shown = armature.path_resolve(curve.data_path)
        shown = shown[curve.array_index] if hasattr(shown, "__len__") else shown
        if abs(shown - curve.evaluate(frame)) > UNKEYED:
            raise InputError(f"The pose that you see at frame {frame} is not keyed: {bone} was moved", "Key the pose")


def _poses(scene: bpy.types.Scene, armature: bpy.types.Object, area: Range) -> tuple[int, ...]:
    """Return the frames of the markers in the ``area``, at which the character has keys or lies between them."""
    found = markers.frames_within(scene, area.first, area.last)
    if not found:
        raise InputError(
            f"There are no markers from frame {area.first} to {area.last}",
            "Set some (M in a timeline), or turn Keep Poses at Markers off",
        )
    data = armature.animation_data
    action = None if data is None else data.action
    curves = [] if action is None else actions.curves_of(action, actions.slot_for(action, armature))
    if not any(len(curve.keyframe_points) for curve in curves):
        raise InputError(f"{armature.name} has no keys at the markers", "Key the poses there")
    start, end = range_edit.extent(action, actions.slot_for(action, armature))
    outside = [frame for frame in found if not start <= frame <= end]
    if outside:
        raise InputError(
            f"The marker at {outside[0]} is outside the keys of {armature.name}, {start:g} to {end:g}",
            "Key the pose there, or move the marker",
        )
    return found


def told(context: bpy.types.Context, poses: tuple[int, ...], join: int | None) -> str:
    """Return in a line what leads the motion, empty for nothing."""
    settings = context.scene.coamd.guides
    parts = ["begins in this pose"] if settings.start_in_pose and join is None else []
    for count, one, many in (
        (len(poses), "1 pose at a marker", "{} poses at markers"),
        (len(settings.places), "1 place", "{} places"),
    ):
        parts += [one if count == 1 else many.format(count)] if count else []
    if settings.hold_target is not None:
        bone = holds.bone_of(settings)
        parts.append(f"{holds.name_of(settings)} at {bone or settings.hold_target.name}")
    line = ", ".join(parts)
    return line[:1].upper() + line[1:]


def far_hold(context: bpy.types.Context, armature: bpy.types.Object) -> str:
    """Return a line where what is held at is further away than the character reaches, and no place leads it there."""
    settings = context.scene.coamd.guides
    mapping = targets.shown_coverage(armature).mapping
    if settings.hold_target is None or mapping is None or "pelvis" not in mapping.bones:
        return ""
    hips = armature.matrix_world @ armature.pose.bones[mapping.bones["pelvis"]].head
    there = settings.hold_target.matrix_world.translation
    if bone := holds.bone_of(settings):
        there = settings.hold_target.matrix_world @ settings.hold_target.pose.bones[bone].head
    reach = REACH * abs(hips.z - armature.matrix_world.translation.z)
    stands = [place.object.matrix_world.translation for place in settings.places if place.object is not None]
    if not reach or any((spot - there).xy.length <= reach for spot in stands or [hips]):
        return ""
    return f"{settings.hold_target.name} is far away: add a place beside it, to be there when it is held"
