"""Head and eyes turned to a target over a range, on top of what they do; an edit that waits, as of every tool."""

from __future__ import annotations

import time
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import bpy
import numpy as np

from ..anim import actions, range_edit, range_keys, range_steps, stage, targets
from ..anim.armature import read_rig
from ..anim.range_keys import CONSTANT, LINEAR, Range
from ..anim.steps import Call, Step
from ..core import undo
from ..core.workflow import Workflow
from ..errors import InputError, RigError
from ..motion.signals import smoothstep
from ..retarget import gaze, splice
from ..retarget.rig import Rig
from . import workflow

SECONDS = 0.01  # of posing at a time


@dataclass(frozen=True)
class Onlooker:
    """Who looks, as numbers: the rig, its face, the ``bones`` that get keys with their data ``paths`` and rotation
    ``modes``, and the range."""

    rig: Rig
    face: gaze.Face
    bones: tuple[int, ...]
    paths: dict[str, str]
    modes: dict[str, str]
    area: Range

    @property
    def needed(self) -> list[int]:
        """The bones whose poses are read: those, the chest and all their parents."""
        own = {*self.bones, self.face.head, self.face.chest, *self.face.eyes}
        return sorted({bone for one in own for bone in (one, int(self.rig.parents[one])) if bone >= 0})


def look_at(context: bpy.types.Context) -> Workflow:
    """Let the character look at ``scene.coamd_clips.target``. Raises CoamdError before anything has changed."""
    settings, subject = context.scene.coamd_clips, workflow.subject_of(context)
    armature, action = subject.found()
    target = settings.target
    if target is None:
        raise InputError("No target is chosen to look at", "Choose an object under Target")
    bone = _bone_of(target, settings.target_bone)
    if target == armature:
        raise InputError("A character cannot look at itself", "Choose another object under Target")
    onlooker = _onlooker(context, armature, subject)
    taken = tuple(onlooker.paths)
    range_edit.check_bones(armature, action, taken, None)
    released = range_edit.holding_constraints(armature, taken)
    turns_head, easing, target_uid = settings.look_with != "EYES", settings.look_easing, target.session_uid
    yield  # from here on, what goes wrong is told in the panel

    poses, points = yield from _posed(subject, onlooker, target_uid, bone)
    weights = _weights(onlooker.area, easing)
    found = yield Call(gaze.looking, (onlooker.rig, onlooker.face, poses, points, weights, turns_head))
    channels, torn = _channels(subject, onlooker, found, released)
    outcome = range_edit.EditOutcome(torn=torn, released=len(released))
    source = subject.found()[1]
    name = source.name

    def finish(copies: list[bpy.types.Action]) -> None:
        same, changed = range_edit.count_untouched(subject.found()[1], copies[0], subject.handle, (onlooker.area,))
        told = f"{same:,} keys outside untouched, verified" if not changed else f"{changed:,} keys outside are changed"
        notes = (told, *outcome.notes)
        subject.offer(copies[0], (onlooker.area.first, onlooker.area.last), notes, "looking at the target")

    motions = [(channels, outcome)]
    yield from range_steps.write_copies(subject.found, onlooker, subject.handle, motions, f"{name} (look)", finish)
    yield from undo.step(f"CoAMD Look: {name[:40]}")


def _bone_of(target: bpy.types.Object, name: str) -> str:
    """Return the target's bone that is looked at, "" for the object itself. Raises InputError for one it has not."""
    if target.type != "ARMATURE":
        return ""
    if name and name not in target.data.bones:
        raise InputError(f"{target.name} has no bone {name!r}", "Choose one under Bone")
    if name:
        return name
    mapping = targets.coverage(target).mapping
    return "" if mapping is None else mapping.bones.get("head", "")


def _onlooker(context: bpy.types.Context, armature: bpy.types.Object, subject: workflow.Subject) -> Onlooker:
    scene, coverage = context.scene, targets.coverage(armature)
    first, last = subject.span
    if scene.use_preview_range:
        first, last = max(first, scene.frame_preview_start), min(last, scene.frame_preview_end)
    if last <= first:
        raise InputError("The preview range is outside the Action", "Move it, or turn it off for the whole Action")
    rig, table = read_rig(armature), targets.control_table(coverage)
    controls = None if table is None else {joint: control for control, joint in table["turns"].items()}
    face = gaze.find_face(rig, coverage.mapping, controls)
    wanted = scene.coamd_clips.look_with
    if wanted == "EYES" and not face.eyes:
        raise RigError("No bones of eyes were found beneath the head", "Choose Head")
    head = () if wanted == "EYES" else tuple(bone for bone in (face.neck, face.head) if bone is not None)
    bones = head if wanted == "HEAD" else (*head, *face.eyes)
    names = [rig.names[bone] for bone in bones]
    pose, slot = armature.pose.bones, actions.slot_for(subject.found()[1], armature)
    start, end = range_edit.extent(subject.found()[1], slot)
    return Onlooker(
        rig,
        face,
        bones,
        {name: pose[name].path_from_id() for name in names},
        {name: pose[name].rotation_mode for name in names},
        Range(first, last, start, end),
    )


def _posed(
    subject: workflow.Subject, onlooker: Onlooker, target_uid: int, bone: str
) -> Generator[Step, Any, tuple[dict[int, np.ndarray], np.ndarray]]:
    """Let Blender pose character and target at every frame of the range, a little at a time.

    Returns bone to poses (frames, 4, 4), and where the target is (frames, 3); armature space and units.
    """
    frames = np.arange(onlooker.area.first, onlooker.area.last + 1)
    needed, names, done = onlooker.needed, onlooker.rig.names, 0
    poses = {number: np.zeros((len(frames), 4, 4)) for number in needed}
    points = np.zeros((len(frames), 3))
    while done < len(frames):
        yield Step("Reading the Action", done, len(frames))
        armature, target = subject.found()[0], targets.by_uid(bpy.data.objects, target_uid)
        range_edit.check_paths(armature, onlooker)
        if target is None:
            raise InputError("The target was deleted meanwhile", "Choose another one")
        scene = targets.by_uid(bpy.data.scenes, subject.scene_uid) or bpy.context.scene
        end = time.perf_counter() + SECONDS
        with stage.staged(armature, None, scene) as (scratch, actor):
            if target.name not in scratch.collection.objects:
                scratch.collection.objects.link(target)
            while done < len(frames) and (done == 0 or time.perf_counter() < end):
                scratch.frame_set(int(frames[done]))
                graph = scratch.view_layers[0].depsgraph
                posed, seen = actor.evaluated_get(graph), target.evaluated_get(graph)
                for number in needed:
                    poses[number][done] = posed.pose.bones[names[number]].matrix
                place = seen.matrix_world @ seen.pose.bones[bone].head if bone else seen.matrix_world.translation
                points[done] = posed.matrix_world.inverted() @ place
                done += 1
    return poses, points


def _weights(area: Range, easing: int) -> np.ndarray:
    """Return how much the target is looked at (frames,): all the time, but eased in and out where the Action goes on
    beside the range."""
    along = np.arange(area.last + 1 - area.first)
    weights = np.ones(len(along))
    easing = min(easing, len(along) // 2)
    if area.before:
        weights *= smoothstep((along + 1) / (easing + 1))
    if area.after:
        weights *= smoothstep((along[::-1] + 1) / (easing + 1))
    return weights


def _channels(
    subject: workflow.Subject, onlooker: Onlooker, found: dict[int, np.ndarray], released: tuple[tuple[str, str], ...]
) -> tuple[tuple[range_edit.Channel, ...], list[str]]:
    """Return the keys to write, and the bones whose curves are torn behind the range (splice.channels)."""
    armature, action = subject.found()
    rotations, area = range_edit.Rotations(armature, action), onlooker.area
    frames, channels, torn = np.arange(area.first, area.last + 1), [], []
    for bone in onlooker.bones:
        name = onlooker.rig.names[bone]
        before = rotations.at(name, area.first - 1) if area.before else None
        after = rotations.at(name, area.last + 1) if area.after else None
        values, broken = splice.channels(found[bone], onlooker.modes[name], before, after)
        torn += [name] if broken else []
        path = f"{onlooker.paths[name]}.{range_edit.rotation_channel(onlooker.modes[name])}"
        shapes = np.full(len(frames), LINEAR)
        shapes[-1] = CONSTANT if broken else LINEAR
        channels += [
            range_edit.Channel(area, path, index, name, range_keys.fresh_keys(frames, values[:, index], shapes))
            for index in range(values.shape[1])
        ]
    for path, name in released:
        made = range_keys.fresh_keys(np.array([area.first]), np.array([0.0]), CONSTANT)
        channels.append(range_edit.Channel(area, path, 0, name, made))
    return tuple(channels), torn
