"""A motion that goes on from what the character does: read, drawn behind it, written into a copy of its Action."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import bpy
import numpy as np

from ..anim import actions, ground_path, range_edit, range_steps, targets
from ..anim.range_keys import Range
from ..anim.read_action import Reading, read_steps
from ..anim.steps import Call
from ..core.workflow import Answer, Yield
from ..errors import InputError, RigError
from ..motion.skeleton import JOINT_NAMES
from ..wire.clauses import clauses
from ..wire.requests import EditRange, EditRequest
from .request import Wish

CONTEXT_SECONDS = 5.0  # read before the join: the model sees no more
SHORTEST_CLAUSE = 1.0  # s: with less for each, a sentence of several clauses is drawn as a whole
_EVERY_JOINT = frozenset(JOINT_NAMES)


@dataclass(frozen=True)
class Ground:
    """What is gone on from, found again by ``session_uid``: the armature and its Action with the slot's ``handle``."""

    armature_uid: int
    action_uid: int
    scene_uid: int
    handle: int | None
    area: Range
    first_read: int

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
    count = wished.frames or round(wished.seconds * rate)
    area = Range(wished.first, wished.first + count - 1, start, min(end, wished.join))
    first_read = max(int(np.floor(start)), wished.first - round(CONTEXT_SECONDS * rate))
    uids = armature.session_uid, action.session_uid, scene.session_uid
    return Ground(*uids, None if slot is None else slot.handle, area, first_read)


def read(ground: Ground, contact: str) -> Generator[Yield, Any, range_edit.Site]:
    """Read what is before the join, and room for what comes; return it with all that is needed to key it."""
    (armature, action), scene = ground.found(), ground.scene()
    mapping, frames = targets.coverage(armature).mapping, (ground.first_read, ground.area.last)
    reading = yield from read_steps(armature, action, frames=frames, fps=None, scene=scene, mapping=mapping)
    outline = yield Call(range_edit.outlined, (reading, contact))
    return range_edit.survey(*ground.found(), reading, outline, (ground.area,), _EVERY_JOINT)


def asked(
    wished: Wish, ground: Ground, reading: Reading, seed: int
) -> Generator[Yield, Any, tuple[np.ndarray, Answer]]:
    """Draw the frames behind the join once, clause by clause; return all joints (frames, 22, 3), metres, that were
    read, those frames anew, and the last answer."""
    start, stop = (round(frame - reading.frames[0]) for frame in (ground.area.first, ground.area.last + 1))
    told = clauses(wished.prompt)
    if wished.path is not None or (stop - start) / reading.fps < SHORTEST_CLAUSE * len(told):
        told = [wished.prompt]
    edges = np.linspace(start, stop, len(told) + 1).round().astype(int).tolist()
    joints = reading.joints
    line = None if wished.path is None else ground_path.on_the_ground(wished.path, reading.placement)
    for number, (prompt, (low, high)) in enumerate(zip(told, pairwise(edges), strict=True)):
        request = EditRequest(
            joints[:high],
            reading.fps,
            (EditRange(low, high, "continue"),),
            prompt,
            seed=seed + number,
            cfg=wished.cfg,
            path=line,
            styles=wished.styles,
        )
        answer = yield request
        joints = np.concatenate([answer.arrays["joints"], joints[high:]])
    return joints, answer


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
            cut_behind(copy, range_edit.slot_of(copy, ground.handle), channels, ground.area.last)
        finish(copies)

    yield from range_steps.write_copies(ground.found, site, ground.handle, planned, name, whole)
    return planned[0][1].notes


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
