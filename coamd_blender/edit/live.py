"""Live in-between: while it is on, a pose that is moved inside the range of an edit that waits is kept, and what is
around it is made anew.

A timer compares the pose at the current frame with what was written there. Once a gesture is over, the pose is keyed,
the Action read, the runtime asked, and the values of the range's keys are set in the edit that waits itself, a few at a
time and shown at once: nothing flickers, no data-block is added, and keys outside the range stay to the bit. One undo
takes back the gesture with what was made of it.
"""

from __future__ import annotations

import time
from bisect import bisect_left
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import bpy
import numpy as np
from bpy.app.handlers import persistent

from .. import core
from ..anim import actions, range_edit, range_keys, rig_settings, targets
from ..anim.range_keys import Range
from ..anim.read_action import read_steps
from ..anim.snapshot import rotation_channel
from ..anim.steps import Call
from ..core import lifetime, messages, timer, undo
from ..core.workflow import Seal, Workflow, Yield
from ..errors import CoamdError, InputError
from ..guides import markers
from ..wire.edit_modes import EDIT_MODES
from ..wire.requests import EditRange, EditRequest
from . import pending, request, workflow

POLL_SECONDS, SETTLE_SECONDS = 0.05, 0.1  # between two looks; without a change until a gesture is over
MOVED = 1e-4  # by which a channel differs from what was written: radians, quaternions, Blender units
WRITE_KEYS, CURVE_KEYS = 12_000, 300  # written in a step, 7 ms; as many as finding a curve takes
POSES, MADE = "coamd_live_poses", "coamd_live_made"  # on the edit that waits: frames of kept poses, remakes so far

_Channel = tuple[str, int]


@dataclass
class Live:
    """What is watched: the edit that waits, by uid, what was written into it, and the gesture under way.

    written: channel to values (frames,) of the range. baseline: channel to the pose that is to be left as it is.
    before: remake number to its frame and what was written there before.
    """

    preview_uid: int
    written: dict[_Channel, np.ndarray] = field(default_factory=dict)
    baseline: dict[_Channel, float] = field(default_factory=dict)
    before: dict[int, tuple[int, dict[_Channel, float]]] = field(default_factory=dict)
    seen: dict[_Channel, float] = field(default_factory=dict)
    since: float = 0.0
    made: int = 0


_live: Live | None = None
_undone = 0  # undo steps taken back or done again since Blender began


def on() -> bool:
    """Return whether live in-between is on."""
    return _live is not None


def start(context: bpy.types.Context) -> None:
    """Begin to watch the edit that waits. Raises InputError where none waits, or it is not of one range."""
    global _live
    settings = pending.require(context)
    if settings.tool:
        raise InputError("What waits was made by a clip tool", "Press Edit Range, then turn it on")
    if EDIT_MODES[settings.mode].around is not None:
        raise InputError("Live in-between works inside one range", "Choose another mode, and edit again")
    stop()
    _live = Live(settings.preview.session_uid)
    _sync(_live, settings)
    for handlers in (bpy.app.handlers.undo_post, bpy.app.handlers.redo_post):
        handlers.append(_after_undo)
    bpy.app.handlers.load_pre.append(_before_load)
    lifetime.at_end(stop)
    timer.start(tick)


def stop() -> None:
    """Watch no more; the edit waits on."""
    global _live
    _live = None
    known = bpy.app.handlers
    for handlers, handler in (
        (known.undo_post, _after_undo),
        (known.redo_post, _after_undo),
        (known.load_pre, _before_load),
    ):
        if handler in handlers:
            handlers.remove(handler)


def poses(preview: bpy.types.Action) -> tuple[int, ...]:
    """Return the frames whose poses are kept in an edit that waits."""
    return tuple(int(frame) for frame in preview.get(POSES, ()))


def tick() -> float | None:
    """Look once, and remake what is around a pose that was moved; return the seconds to the next look."""
    live, context = _live, bpy.context
    settings = None if live is None else pending.pending(context)
    if settings is None or settings.tool:
        stop()
        return None
    if settings.preview.session_uid != live.preview_uid:  # another edit took its place
        live.preview_uid = settings.preview.session_uid
        _sync(live, settings)
    if _idle(context, settings):
        moved = _moved(live, context, settings)
        if moved != live.seen:
            live.seen, live.since = moved, time.monotonic()
        elif moved and time.monotonic() - live.since >= SETTLE_SECONDS:
            live.seen = {}
            remake(context, moved)
    return POLL_SECONDS


def remake(context: bpy.types.Context, moved: dict[_Channel, float]) -> None:
    """Keep the pose of the current frame, of which ``moved`` is what differs, and make anew what is around it."""
    current = core.session.current()
    try:
        current.start(_remade(context, moved), core.session.REQUEST, messages.EDIT)
        timer.start(current.tick)
    except CoamdError as error:
        current.refuse(error, messages.EDIT)


# --- looking ----------------------------------------------------------------------------------------------------------


def _idle(context: bpy.types.Context, settings: bpy.types.PropertyGroup) -> bool:
    """Return whether nobody moves anything, and the edit plays at a frame of its range."""
    current, scene = core.session.current(), context.scene
    if current.asking or current.running or not pending.shows_edit(settings) or scene.frame_subframe:
        return False
    if not settings.shown_first <= scene.frame_current <= settings.shown_last:
        return False
    for window in context.window_manager.windows:
        modal = getattr(window, "modal_operators", ())
        if window.screen.is_animation_playing or any(one.bl_idname.startswith("TRANSFORM_OT") for one in modal):
            return False
    return True


class _Watched(NamedTuple):
    """A curve with a key at every frame of the range, and the number of the first of them."""

    curve: bpy.types.FCurve
    first: int

    def points(self, settings: bpy.types.PropertyGroup) -> list[bpy.types.Keyframe]:
        """Return its keys of the range."""
        points = self.curve.keyframe_points
        return [points[self.first + row] for row in range(settings.shown_last + 1 - settings.shown_first)]


def _watched(settings: bpy.types.PropertyGroup) -> dict[_Channel, _Watched]:
    """Return the curves of mapped bones that have a key at every frame of the range: those that the edit wrote.

    Keys outside are not looked at one by one: however long an Action is, this takes as long.
    """
    armature, preview = settings.armature, settings.preview
    mapping = targets.coverage(armature).mapping
    bones = set() if mapping is None else set(mapping.bones.values())
    names = {f'pose.bones["{bpy.utils.escape_identifier(bone)}"]': bone for bone in bones}
    count, found = settings.shown_last + 1 - settings.shown_first, {}
    for curve in actions.curves_of(preview, actions.slot_for(preview, armature)):
        owner, _, channel = curve.data_path.rpartition(".")
        bone = names.get(owner)
        if bone is None or channel not in ("location", rotation_channel(armature.pose.bones[bone].rotation_mode)):
            continue
        first, stop = _places(curve, settings)
        if stop - first == count:
            found[curve.data_path, curve.array_index] = _Watched(curve, first)
    return found


def _places(curve: bpy.types.FCurve, settings: bpy.types.PropertyGroup) -> tuple[int, int]:
    """Return the number of the first key of a curve in the range, and one past the last."""
    points = curve.keyframe_points
    edges = settings.shown_first - 0.5, settings.shown_last + 0.5
    first, stop = (bisect_left(range(len(points)), edge, key=lambda place: points[place].co.x) for edge in edges)
    return first, stop


def _sync(live: Live, settings: bpy.types.PropertyGroup) -> None:
    """Note what is written, and leave the pose as it is now alone."""
    live.written = {
        channel: np.array([point.co.y for point in watched.points(settings)], np.float32)
        for channel, watched in _watched(settings).items()
    }
    live.made, live.seen = int(settings.preview.get(MADE, 0)), {}
    live.baseline = _pose(settings.armature, live.written)


def _pose(armature: bpy.types.Object, channels: dict[_Channel, Any]) -> dict[_Channel, float]:
    """Return the values of the armature's pose now."""
    found, groups = {}, {path: armature.path_resolve(path) for path in {path for path, _ in channels}}
    for path, index in channels:
        found[path, index] = float(groups[path][index])
    return found


def _moved(live: Live, context: bpy.types.Context, settings: bpy.types.PropertyGroup) -> dict[_Channel, float]:
    """Return the pose at the current frame, where it is neither what was written nor what is to be left alone."""
    pose, row = _pose(settings.armature, live.written), context.scene.frame_current - settings.shown_first
    written = {channel: float(values[row]) for channel, values in live.written.items()}
    if not _differs(pose, written):
        live.baseline = {}
        return {}
    return pose if _differs(pose, live.baseline) else {}


def _differs(one: dict[_Channel, float], other: dict[_Channel, float]) -> bool:
    return any(abs(value - other.get(channel, np.inf)) > MOVED for channel, value in one.items())


# --- making -----------------------------------------------------------------------------------------------------------


def _remade(context: bpy.types.Context, moved: dict[_Channel, float]) -> Workflow:
    scene, settings = context.scene, pending.require(context)
    live, frame = _live, context.scene.frame_current
    row = frame - settings.shown_first
    if live is not None:
        before = {channel: float(values[row]) for channel, values in live.written.items()}
        live.before[live.made + 1] = frame, before
    _set_pose(settings, moved, row)
    kept = tuple(sorted({*poses(settings.preview), frame}))
    scene_uid, preview_uid = scene.session_uid, settings.preview.session_uid
    yield  # from here on, what goes wrong is told in the panel

    channels, area = yield from _made(scene_uid, preview_uid, kept)
    yield Seal("Writing keys")  # half of them would be worse than none
    whole = yield from _written(scene_uid, preview_uid, area, channels)
    settings = _found_again(scene_uid, preview_uid)
    settings.preview[POSES] = list(kept)
    settings.preview[MADE] = int(settings.preview.get(MADE, 0)) + 1
    if _live is not None:
        if whole:
            _live.written |= {(one.path, one.index): one.made["co"][:, 1].astype(np.float32) for one in channels}
            _live.made, _live.seen = int(settings.preview[MADE]), {}
        else:
            _sync(_live, settings)
        _live.baseline = moved  # until Blender has posed the armature anew
    yield from undo.step(f"CoAMD Live: frame {frame}")
    return f"Made anew around {', '.join(map(str, kept))}"


def _set_pose(settings: bpy.types.PropertyGroup, moved: dict[_Channel, float], row: int) -> None:
    """Key the pose in the edit that waits, where the Action is read from."""
    for channel, (curve, first) in _watched(settings).items():
        if channel in moved:
            point = curve.keyframe_points[first + row]
            point.co.y = point.handle_left.y = point.handle_right.y = moved[channel]


def _made(
    scene_uid: int, preview_uid: int, kept: tuple[int, ...]
) -> Generator[Yield, Any, tuple[tuple[range_edit.Channel, ...], Range]]:
    """Read the edit that waits, ask, and solve; return the keys to write, and the range."""
    settings = _found_again(scene_uid, preview_uid)
    armature, preview, scene = settings.armature, settings.preview, settings.id_data
    keys = range_edit.extent(preview, actions.slot_for(preview, armature))
    area = Range(settings.shown_first, settings.shown_last, *keys)
    parts, free = request.open_joints(settings)
    read, mapping = workflow.around(scene, [area], keys), targets.coverage(armature).mapping
    reading = yield from read_steps(armature, preview, frames=read, fps=None, scene=scene, mapping=mapping)
    outline = yield Call(range_edit.outlined, (reading, rig_settings.retarget_options(scene.coamd)["contact"]))
    settings = _found_again(scene_uid, preview_uid)
    site = range_edit.survey(settings.armature, settings.preview, reading, outline, (area,), free, kept)
    answer = yield EditRequest(
        reading.joints,
        reading.fps,
        (EditRange(*workflow.rows(area, reading), settings.mode),),
        " ".join(settings.prompt.split()),
        parts,
        settings.keep / 100,
        settings.seed,
        scene.coamd.guidance if scene.coamd.use_guidance else None,
        None,
        **markers.pose_targets(reading, kept, None),
        quality="fast",  # whatever is usual: a gesture waits for it
    )
    channels, _ = yield Call(range_edit.plan, (site, answer.arrays["joints"]))
    return channels, area


def _found_again(scene_uid: int, preview_uid: int) -> bpy.types.PropertyGroup:
    """Return the settings of the edit that waits. Raises InputError where it was accepted, rejected or deleted."""
    scene = targets.by_uid(bpy.data.scenes, scene_uid)
    settings = None if scene is None else scene.coamd_edit
    preview = None if settings is None else settings.preview
    if preview is None or preview.session_uid != preview_uid or settings.armature is None or settings.source is None:
        raise InputError("The edit was accepted or rejected meanwhile", "Press Edit Range, then turn it on again")
    return settings


def _written(
    scene_uid: int, preview_uid: int, area: Range, channels: tuple[range_edit.Channel, ...]
) -> Generator[Yield, Any, bool]:
    """Set the values of the range's keys; keys outside stay to the bit. Return whether all of them were there.

    A few curves a step, with nothing shown of it: Blender evaluates an Action anew when it is tagged, or the frame
    changes, and ``foreach_set`` tags nothing. After an undo in between, all is written once more. The others, of which
    there usually are none, are written in the last step.
    """
    settings = _found_again(scene_uid, preview_uid)
    undone, left, others, keys = _undone, list(channels), [], 0
    while left:
        channel = left.pop()
        slot = actions.slot_for(settings.preview, settings.armature)
        curve = actions.find_curve(settings.preview, slot, channel.path, channel.index)
        if curve is None or not _set_values(curve, settings, channel.made):
            others.append(channel)
        keys += CURVE_KEYS + (0 if curve is None else len(curve.keyframe_points))
        if keys >= WRITE_KEYS:
            keys = 0
            yield
            settings = _found_again(scene_uid, preview_uid)
            if undone != _undone:
                undone, left, others = _undone, list(channels), []
    armature, preview = settings.armature, settings.preview
    if others:
        slot = actions.slot_for(preview, armature)
        handle = None if slot is None else slot.handle
        for _ in range_edit.write_steps(lambda: (armature, preview), handle, others, range_edit.EditOutcome()):
            pass  # all at once: the interface has its turn when all is there
    preview.update_tag()
    armature.update_tag(refresh={"TIME"})
    return not others


def _set_values(curve: bpy.types.FCurve, settings: bpy.types.PropertyGroup, made: range_keys.Keys) -> bool:
    """Set the values of a curve's keys in the range to those ``made``; return whether it has the same frames, else
    nothing is done.

    Handles go along with their keys. Blender is not asked to find them anew: it would do so outside the range as well.
    """
    first, stop = _places(curve, settings)
    if stop - first != len(made["co"]):
        return False
    keys = range_keys.read_keys(curve, ("co", "handle_left", "handle_right"))
    if not np.array_equal(keys["co"][first:stop, 0], made["co"][:, 0]):
        return False
    by = made["co"][:, 1] - keys["co"][first:stop, 1]
    keys["co"][first:stop] = made["co"]
    for name in ("handle_left", "handle_right"):
        keys[name][first:stop, 1] += by
    for name, values in keys.items():
        curve.keyframe_points.foreach_set(name, values.ravel())
    return True


# --- undo -------------------------------------------------------------------------------------------------------------


@persistent
def _after_undo(*_: Any) -> None:
    """Take what came back for granted; where that is a gesture without what was made of it, take it back, too."""
    global _undone
    _undone += 1
    settings = None if _live is None else pending.pending(bpy.context)
    if settings is None:
        return
    number, count = _live.made, int(settings.preview.get(MADE, 0))
    _live.preview_uid = settings.preview.session_uid
    _sync(_live, settings)
    frame, before = _live.before.get(number, (None, {}))
    if count == number - 1 and frame == bpy.context.scene.frame_current:
        pose = _pose(settings.armature, _live.written)
        if before and _differs({channel: pose[channel] for channel in before if channel in pose}, before):
            bpy.app.timers.register(_undo_once_more, first_interval=0.0)


def _undo_once_more() -> None:
    windows = bpy.context.window_manager.windows
    if _live is not None and windows:
        with bpy.context.temp_override(window=windows[0]):
            if bpy.ops.ed.undo.poll():
                bpy.ops.ed.undo()


@persistent
def _before_load(*_: Any) -> None:
    stop()
