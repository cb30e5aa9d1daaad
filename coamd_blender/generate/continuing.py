"""A motion that goes on from what the character does, or through poses that it has: read, drawn, written into a copy.

What is written is a copy of the Action that was read. A fresh motion that begins in a pose nobody keyed, or holds a
hand somewhere, has none: it is read from an Action without keys, which shows the pose as it stands, and goes again.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import bpy
import numpy as np

from ..anim import actions, ground_path, range_edit, range_steps, rig_settings, stepwise, targets, unfinished
from ..anim.plan import placement
from ..anim.range_keys import Range
from ..anim.read_action import Reading, read_steps
from ..anim.steps import Call
from ..core.workflow import Answer, Yield
from ..errors import InputError, RigError
from ..guides import holds, markers, places
from ..motion.kinematics import forward_by_width
from ..motion.skeleton import JOINT_NAMES, rest_joints
from ..retarget.holds import Hold
from ..wire.clauses import clauses
from ..wire.requests import EditRange, EditRequest
from . import takes
from .guided import area_of
from .request import Wish

CONTEXT_SECONDS = 5.0  # read before the join: the model sees no more
STILL_SECONDS = 0.15  # that the first pose is stood in before it moves, as the model sees it: a token of four frames
SHORTEST_CLAUSE = 1.0  # s: with less for each, a sentence of several clauses is drawn as a whole
_EVERY_JOINT = frozenset(JOINT_NAMES)


@dataclass(frozen=True)
class Ground:
    """What is gone on from, found again by ``session_uid``: the armature and its Action with the slot's ``handle``.

    ``area`` is written, ``first_read`` the first frame that is read. ``poses`` are frames of the area whose poses are
    kept, the first of a motion that begins in one too; ``hold`` where a hand or a foot must be. ``stood`` (22, 3),
    canonical metres in the world's axes, is where a fresh motion of no given beginning starts. ``joined``: whether it
    goes on from a frame before the area. ``own``: whether the Action is there to be read alone.
    """

    armature_uid: int
    action_uid: int
    scene_uid: int
    handle: int | None
    area: Range
    first_read: int
    poses: tuple[int, ...] = ()
    hold: Hold | None = None
    stood: np.ndarray | None = None
    joined: bool = True
    own: bool = False

    def found(self) -> tuple[bpy.types.Object, bpy.types.Action]:
        """Return armature and Action. Raises RigError or InputError when they were deleted."""
        armature = targets.by_uid(bpy.data.objects, self.armature_uid)
        action = targets.by_uid(bpy.data.actions, self.action_uid)
        if armature is None:
            raise RigError("The armature was deleted meanwhile", "Select another armature and press Generate again")
        if action is None:
            raise InputError("The Action that is continued was deleted meanwhile", "Press Generate again")
        return armature, action

    def scene(self) -> bpy.types.Scene:
        """Return the scene. Raises InputError when it was deleted."""
        scene = targets.by_uid(bpy.data.scenes, self.scene_uid)
        if scene is None:
            raise InputError("The scene was deleted meanwhile", "Go to another scene and press Generate again")
        return scene


def ground_of(context: bpy.types.Context, armature: bpy.types.Object, wished: Wish) -> Ground:
    """Return what ``wished`` goes on from. Raises CoamdError for an Action that cannot be gone on from."""
    scene, action = context.scene, range_edit.require_action(armature)
    slot, rate = actions.slot_for(action, armature), scene.render.fps / scene.render.fps_base
    start, end = range_edit.extent(action, slot)
    area = Range(wished.first, wished.last, start, min(end, wished.join))
    first_read = max(int(np.floor(start)), wished.first - round(CONTEXT_SECONDS * rate))
    hold = holds.hold_of(scene.coamd.guides, scene, area, first_read) if wished.guides.held else None
    uids = armature.session_uid, action.session_uid, scene.session_uid
    return Ground(*uids, None if slot is None else slot.handle, area, first_read, wished.guides.poses, hold)


def fresh_ground(context: bpy.types.Context, armature: bpy.types.Object, wished: Wish) -> Ground:
    """Return what a fresh motion through given poses, or with a hold, is read from: the Action where poses of it are
    kept, else one without keys, in which every bone stays as it is now. Raises CoamdError as :func:`ground_of`."""
    scene, guides = context.scene, wished.guides
    options = rig_settings.retarget_options(scene.coamd)
    place = stepwise.destination(armature, scene, options, again="press Generate again", start=wished.first)
    last = wished.last
    hold = None
    if guides.held:
        area = area_of(wished.first, last, guides.begins, None)
        hold = holds.hold_of(scene.coamd.guides, scene, area, wished.first)
    if guides.poses:
        action = range_edit.require_action(armature)
    else:
        action = actions.new(takes.title(wished.prompt), armature)
        unfinished.mark(action)
    slot = actions.slot_for(action, armature)
    stood = None if guides.begins else placement(place.target).place(rest_joints())
    return Ground(
        armature.session_uid,
        action.session_uid,
        scene.session_uid,
        None if slot is None else slot.handle,
        Range(wished.first, last, wished.first, wished.first),
        wished.first,
        ((wished.first,) if guides.begins else ()) + guides.poses,
        hold,
        stood,
        joined=False,
        own=not guides.poses,
    )


def read(ground: Ground, contact: str) -> Generator[Yield, Any, range_edit.Site]:
    """Read what is before the join, and room for what comes; return it with all that is needed to key it."""
    (armature, action), scene = ground.found(), ground.scene()
    mapping, frames = targets.coverage(armature).mapping, (ground.first_read, ground.area.last)
    reading = yield from read_steps(armature, action, frames=frames, fps=None, scene=scene, mapping=mapping)
    outline = yield Call(range_edit.outlined, (reading, contact))
    return range_edit.survey(*ground.found(), reading, outline, (ground.area,), _EVERY_JOINT, ground.poses, ground.hold)


def asked(
    wished: Wish, ground: Ground, reading: Reading, seed: int
) -> Generator[Yield, Any, tuple[np.ndarray, Answer]]:
    """Draw the frames once, clause by clause unless something leads them; return all joints (frames, 22, 3), metres,
    that were read, those frames anew, and the last answer."""
    clip, lead, start = _clip(wished, ground, reading)
    told, led = clauses(wished.prompt), _led(wished, ground, reading, clip, lead, start)
    if led or (len(clip) - start) / reading.fps < SHORTEST_CLAUSE * len(told):
        told = [wished.prompt]
    edges = np.linspace(start, len(clip), len(told) + 1).round().astype(int).tolist()
    for number, (prompt, (low, high)) in enumerate(zip(told, pairwise(edges), strict=True)):
        request = EditRequest(
            clip[:high],
            reading.fps,
            (EditRange(low, high, "continue" if low else "between"),),
            prompt,
            seed=seed + number,
            cfg=wished.cfg,
            styles=wished.styles,
            **led,
        )
        answer = yield request
        clip = np.concatenate([answer.arrays["joints"], clip[high:]])
    return clip[lead:], answer


def _clip(wished: Wish, ground: Ground, reading: Reading) -> tuple[np.ndarray, int, int]:
    """Return what the runtime is shown (frames, 22, 3), how many of its frames lead into what was read, and the first
    that is made anew.

    A pose to begin in is stood in for a moment, or is a single frame where the way is given: that begins at rest.
    """
    if ground.joined:
        return reading.joints, 0, round(ground.area.first - reading.frames[0])
    if ground.stood is not None:
        stood = reading.placement.canonical(ground.stood).astype(np.float32)
        return np.repeat(stood[None], len(reading.joints), axis=0), 0, 0
    led = wished.path is not None or wished.guides.places or wished.guides.poses
    lead = 0 if led else math.ceil(STILL_SECONDS * reading.fps)
    return np.concatenate([np.repeat(reading.joints[:1], lead, axis=0), reading.joints]), lead, lead + 1


def _led(
    wished: Wish, ground: Ground, reading: Reading, clip: np.ndarray, lead: int, start: int
) -> dict[str, np.ndarray]:
    """Return what the request says of path, places, poses and hold, empty for nothing; of its frames ``lead`` come
    before the reading, and ``start`` is the first that is made anew.

    Poses are places, too: so that the body walks from one to the next and does not slide. Raises InputError for places
    that follow too fast.
    """
    poses = wished.guides.poses
    found = markers.pose_targets(reading, poses, ground.hold, lead)
    if wished.path is not None:
        return found | {"path": ground_path.on_the_ground(wished.path, reading.placement)}
    if not wished.guides.places and not poses:
        return found
    first = reading.frames[0] + max(start - 1, lead) - lead
    begins = float(first), clip[max(start - 1, 0), 0, [0, 2]].astype(float)
    passed = wished.guides.places
    way = places.way_through(passed, reading.placement, *begins, ground.area.last)
    stood = reading.joints[[round(frame - reading.frames[0]) for frame in poses]].astype(float)
    looks = forward_by_width(stood)
    whole = places.Way(
        np.append(way.frames, np.array(poses, float)),
        np.concatenate([way.points, stood[:, 0][:, [0, 2]]]),
        np.append(way.headings, np.arctan2(looks[:, 0], looks[:, 2])),
    )
    names = [*(place.name for place in passed), *(f"The pose at frame {frame}" for frame in poses)]
    places.check_pace(names, whole, *begins, reading.fps)
    return found | whole.sent(whole.frames - reading.frames[0] + lead)


def written(
    ground: Ground,
    site: range_edit.Site,
    motions: Sequence[np.ndarray],
    name: str,
    finish: Callable[[list[bpy.types.Action]], None],
) -> Generator[Yield, Any, tuple[str, ...]]:
    """Solve ``motions``, each (frames, 22, 3), metres, in a thread and write each behind the join in a copy of its own.

    ``finish(copies)`` is called when all are written, else none is kept. Returns notes on the first.
    """
    planned = []
    for joints in motions:
        channels, torn = yield Call(range_edit.plan, (site, joints))
        planned.append((channels, range_edit.EditOutcome(torn=torn)))

    def whole(copies: list[bpy.types.Action]) -> None:
        range_edit.check_not_tweaked(ground.found()[0])
        for copy, (channels, _) in zip(copies, planned, strict=True):
            slot = range_edit.slot_of(copy, ground.handle)
            cut_behind(copy, slot, channels, ground.area.last)
            if not ground.joined:
                cut_before(copy, slot, channels, ground.area.first)
        finish(copies)

    yield from range_steps.write_copies(ground.found, site, ground.handle, planned, name, whole)
    return planned[0][1].notes


def cut_before(
    action: bpy.types.Action, slot: object | None, channels: tuple[range_edit.Channel, ...], first: int
) -> None:
    """Remove the keys before frame ``first`` from the curves that were written: a fresh motion begins there."""
    written_here = {(channel.path, channel.index) for channel in channels}
    for curve in actions.curves_of(action, slot):
        if (curve.data_path, curve.array_index) in written_here:
            points = curve.keyframe_points
            while len(points) and points[0].co.x < first:
                points.remove(points[0], fast=True)
            curve.update()


def cut_behind(
    action: bpy.types.Action, slot: object | None, channels: tuple[range_edit.Channel, ...], last: int
) -> None:
    """Remove the keys behind frame ``last`` from the curves that were written: what they did there is replaced."""
    written_here = {(channel.path, channel.index) for channel in channels}
    for curve in actions.curves_of(action, slot):
        if (curve.data_path, curve.array_index) in written_here:
            points = curve.keyframe_points
            while len(points) and points[len(points) - 1].co.x > last:
                points.remove(points[len(points) - 1], fast=True)
            curve.update()
