"""A track from top to bottom: made as a whole where there is nothing, else block by block in a copy of the Action."""

from __future__ import annotations

import math
import random
from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import bpy
import numpy as np

from ..anim import actions, range_edit, range_steps, rig_settings, stepwise, targets
from ..anim.plan import placement
from ..anim.range_keys import Range
from ..anim.read_action import Reading, read_steps
from ..anim.steps import Call
from ..blocks import arrange, record, tracks
from ..blocks.arrange import Block, Row
from ..core import undo
from ..core.workflow import Answer, Beside, Workflow, Yield
from ..edit import pending
from ..errors import InputError, RigError
from ..generate import continuing, draws, pictures, playing, styles, takes
from ..generate.preview import Preview
from ..generate.request import Wish, samples_for
from ..motion.signals import fitted, of_length, resample
from ..motion.skeleton import FPS, FRAME_MULTIPLE, JOINT_NAMES
from ..wire import limits
from ..wire.requests import EditRange, EditRequest, StoryboardRequest, StoryboardScene
from . import overlay, plan

CONTEXT_SECONDS = 5.0  # read on either side of what is made anew: the model sees no more
NEW_SEED, SAME_SEED, ONWARD = "NEW_SEED", "SAME_SEED", "ONWARD"
_EVERY_JOINT = frozenset(JOINT_NAMES)


@dataclass(frozen=True)
class Subject:
    """The armature and what it plays, found again by ``session_uid``; of the Action's slot the ``handle``.

    ``keys``: first and last frame with keys; ``row``: the track as it is to be; ``made``: what there was.
    """

    armature_uid: int
    action_uid: int
    scene_uid: int
    handle: int | None
    keys: tuple[int, int]
    row: tuple[Block, ...]
    made: tuple[Block, ...]

    def found(self) -> tuple[bpy.types.Object, bpy.types.Action]:
        """Return armature and Action. Raises RigError or InputError when they were deleted."""
        armature = targets.by_uid(bpy.data.objects, self.armature_uid)
        action = targets.by_uid(bpy.data.actions, self.action_uid)
        if armature is None:
            raise RigError("The armature was deleted meanwhile", "Select another armature")
        if action is None:
            raise InputError("The Action was deleted meanwhile", "Press Generate Track")
        return armature, action

    def scene(self) -> bpy.types.Scene:
        """Return the scene. Raises InputError when it was deleted."""
        scene = targets.by_uid(bpy.data.scenes, self.scene_uid)
        if scene is None:
            raise InputError("The scene was deleted meanwhile", "Go to another scene and press Generate Track")
        return scene


@dataclass(frozen=True)
class Title:
    """What a take is called, by ``prompt`` and ``seed``, and ``what`` was made, in words."""

    prompt: str
    seed: int
    what: str


def _title(row: Sequence[Block]) -> Title:
    told = " / ".join(block.prompt or "in between" for block in row)
    return Title(told, row[0].seed, f"{len(row)} blocks" if len(row) > 1 else "1 block")


def generate_track(context: bpy.types.Context) -> Workflow:
    """Make what the armature's track asks for: all of it where nothing of it is made, else what has changed.

    Raises CoamdError before anything has changed, as all of these do.
    """
    armature = _require(context)
    row = tracks.read(armature)
    wanted = {block.key for block, state in zip(row, tracks.states(armature), strict=True) if state != tracks.MADE}
    if not wanted:
        raise InputError("Every block is made", "Change one, or press Regenerate")
    return (yield from _make(context, armature, row, wanted))


def regenerate(context: bpy.types.Context, place: int, how: str) -> Workflow:
    """Make block ``place`` of the track anew, with a seed of its own; with SAME_SEED as it says; ONWARD with all that
    come behind it."""
    armature = _require(context)
    row = _with_block(armature, place)
    chosen = set(range(place, len(row)) if how == ONWARD else [place])
    if how != SAME_SEED:
        row = [replace(block, seed=new_seed()) if number in chosen else block for number, block in enumerate(row)]
    return (yield from _make(context, armature, row, {row[number].key for number in chosen}))


def in_between(context: bpy.types.Context, place: int) -> Workflow:
    """Fill the gap behind block ``place`` of the track, or make its passage to the next block anew."""
    armature = _require(context)
    row, action = _with_block(armature, place), range_edit.require_action(armature)
    subject = _subject(context, armature, action, row)
    found = plan.passage(row, place, subject.keys, new_seed(), _rate(context.scene))
    title = Title("in between", found.pieces[0].seed, "the passage")
    return (yield from _remade(subject, [found], title, subject.made))


def new_seed() -> int:
    """Draw a seed; those of a sentence's further clauses follow upon it."""
    return random.randint(0, limits.LARGEST_SEED - limits.MOST_VARIANTS)


def _require(context: bpy.types.Context) -> bpy.types.Object:
    armature = targets.require(context)
    if pending.pending(context) is not None:
        raise InputError("An edit waits to be accepted", "Press Accept or Reject first")
    if not armature.coamd_track.blocks:
        raise InputError("The track holds no block", "Press Add Block")
    return armature


def _with_block(armature: bpy.types.Object, place: int) -> Row:
    """Return the blocks of the track. Raises InputError where it has no block ``place``."""
    row = tracks.read(armature)
    if not 0 <= place < len(row):
        raise InputError("No block of the track is chosen", "Choose one")
    return row


def _rate(scene: bpy.types.Scene) -> float:
    return scene.render.fps / scene.render.fps_base


def _make(context: bpy.types.Context, armature: bpy.types.Object, row: Row, wanted: set[int]) -> Workflow:
    """Make the ``wanted`` blocks of ``row``, or all of them where nothing would be left of what there is."""
    row = [replace(block, prompt=" ".join(block.prompt.split())) for block in row]
    action = tracks.played(armature)
    if not _stands_on(armature, action, row):
        return (yield from _whole(context, armature, row))
    subject = _subject(context, armature, range_edit.require_action(armature), row)
    made_last = max((block.end for block in subject.made), default=subject.keys[0])
    found = plan.stretches(row, wanted, subject.keys, made_last, _rate(context.scene))
    if plan.is_whole(found, subject.keys):
        return (yield from _whole(context, armature, row))
    remade = [block for block in row if block.key in wanted]
    return (yield from _remade(subject, found, _title(remade), _recorded(subject, remade)))


def _stands_on(armature: bpy.types.Object, action: bpy.types.Action | None, row: Row) -> bool:
    """Return whether the track goes with the Action: some of it is made, or the Action begins before the track."""
    if action is None:
        return False
    curves = actions.curves_of(action, actions.slot_for(action, armature))
    starts = [
        curve.range()[0] for curve in curves if actions.bone_of(curve.data_path) and len(curve.keyframe_points) > 1
    ]
    known = {block.key for block in record.made_of(action)}
    return bool(starts) and (min(starts) < row[0].start or any(block.key in known for block in row))


def _subject(context: bpy.types.Context, armature: bpy.types.Object, action: bpy.types.Action, row: Row) -> Subject:
    slot = actions.slot_for(action, armature)
    start, end = range_edit.extent(action, slot)
    return Subject(
        armature.session_uid,
        action.session_uid,
        context.scene.session_uid,
        None if slot is None else slot.handle,
        (math.floor(start), math.ceil(end)),
        tuple(row),
        record.made_of(action),
    )


def _recorded(subject: Subject, remade: Sequence[Block]) -> Row:
    """Return what the Action is made of once the ``remade`` blocks are."""
    kept = {block.key for block in subject.row} - {block.key for block in remade}
    found = [block for block in subject.made if block.key in kept]
    for block in remade:
        found = arrange.laid_over(found, block)
    return found


# --- from nothing -----------------------------------------------------------------------------------------------------


def _whole(context: bpy.types.Context, armature: bpy.types.Object, row: Row) -> Workflow:
    """Make all of the track, as a new Action at its first frame, and a take."""
    scene, track = context.scene, armature.coamd_track
    _check_sentences(row)
    options = {**rig_settings.retarget_options(scene.coamd), "output": "action", "in_place": False}
    place = stepwise.destination(armature, scene, options, again="press Generate Track again", start=row[0].start)
    draw = _alone if len(row) == 1 else _in_a_row
    seconds = (row[-1].end + 1 - row[0].start) / place.target.fps
    if seconds > limits.LONGEST_SCENE:
        raise InputError(f"A track of {seconds:.0f} s is too long", f"Make it {limits.LONGEST_SCENE:g} s at most")
    joints, fps, weights, notes = yield from draw(scene, track, row, place)
    title = _title(row)
    (action,) = yield from stepwise.write_keys(place, [(joints, takes.title(title.prompt))], fps)
    armature, scene = stepwise.found_again(place)
    _keep(scene, armature, action, title, weights, row, row)
    yield from undo.step(f"CoAMD: {title.prompt[:40]}")
    yield Beside(pictures.missing(bpy.context.scene))
    return "; ".join([f"Made {title.what}", *notes])


def _check_sentences(row: Row) -> None:
    for number, block in enumerate(row, start=1):
        if not block.prompt:
            raise InputError(f"Block {number} has no sentence", "Say what happens in it, or remove it")


Drawn = Generator[Yield, Any, tuple[np.ndarray, float, dict[str, str], tuple[str, ...]]]


def _alone(scene: bpy.types.Scene, track: bpy.types.PropertyGroup, row: Row, place: stepwise.Destination) -> Drawn:
    """Draw a track of one block as Generate does; return joints (frames, 22, 3), metres, fps, weights and notes."""
    (block,), settings, rate = row, scene.coamd, place.target.fps
    wished = Wish(
        prompt=block.prompt,
        first=block.start,
        frames=block.frames,
        seed=block.seed,
        count=1,
        cfg=settings.guidance if settings.use_guidance else None,
        guidance=settings.recognizer_guidance if settings.use_recognizer else None,
        loop=track.loop != "none",
        in_place=track.in_place or track.loop == "remove",
        path=None,
        join=None,
        styles=styles.chosen(settings),
        worn=styles.told(settings),
    )
    with Preview(placement(place.target)) as preview:
        found = yield from draws.drawn(wished, rate, placement(place.target), preview.show)
    (made,) = found.made
    return made.joints, made.fps, found.weights, found.notes


def _in_a_row(scene: bpy.types.Scene, track: bpy.types.PropertyGroup, row: Row, place: stepwise.Destination) -> Drawn:
    """Draw several blocks as a storyboard, gaps filled by the block before; return the same."""
    settings, rate = scene.coamd, place.target.fps
    stops = [*(block.start for block in row[1:]), row[-1].end + 1]
    filled = [replace(block, end=stop - 1) for block, stop in zip(row, stops, strict=True)]
    count = stops[-1] - row[0].start
    pieces = [piece for block in filled for piece in plan.pieces_of(block, rate)]
    scenes = [StoryboardScene(one.prompt, (one.last + 1 - one.first) / rate, one.seed) for one in pieces]
    closed = None if track.loop == "none" else track.loop
    if closed is None:  # enough to cut the exact frames from
        step, needed = FRAME_MULTIPLE / FPS, samples_for(count, rate)
        more = math.ceil(needed / FRAME_MULTIPLE) * step - sum(scene.seconds for scene in scenes)
        scenes[-1] = scenes[-1]._replace(seconds=scenes[-1].seconds + max(0.0, more))
    cfg = settings.guidance if settings.use_guidance else None
    request = StoryboardRequest(tuple(scenes), row[0].seed, cfg, closed, track.in_place, styles=styles.chosen(settings))
    request.check()
    answer: Answer = yield request
    joints, fps = answer.arrays["joints"], float(answer.fields["fps"])
    if closed is None:
        joints = resample(of_length(joints, samples_for(count, rate)), fps, rate)[:count]
    else:
        joints = fitted(joints, count)  # from its first pose to the same again
    return joints, rate, answer.fields.get("weights") or {}, tuple(answer.fields.get("notes", ()))


# --- what has changed -------------------------------------------------------------------------------------------------


def _remade(subject: Subject, found: Sequence[plan.Stretch], title: Title, recorded: Sequence[Block]) -> Workflow:
    """Make ``found`` anew in a copy of the Action, a take that is played then; its keys are made of ``recorded``."""
    settings = subject.scene().coamd
    cfg, worn, contact = settings.guidance if settings.use_guidance else None, styles.chosen(settings), settings.contact
    span = _read_span(subject, found)
    yield  # from here on, what goes wrong is told in the panel

    (armature, action), scene = subject.found(), subject.scene()
    mapping = targets.coverage(armature).mapping
    reading = yield from read_steps(armature, action, frames=span, fps=None, scene=scene, mapping=mapping)
    areas = tuple(_area(one, subject.keys) for one in found)
    outline = yield Call(range_edit.outlined, (reading, contact))
    site = range_edit.survey(*subject.found(), reading, outline, areas, _EVERY_JOINT)
    joints, weights = reading.joints, {}
    for piece in (piece for one in found for piece in one.pieces):
        joints, answer = yield from _drawn(piece, reading, joints, cfg, worn)
        weights = answer.fields.get("weights") or weights
    channels, torn = yield Call(range_edit.plan, (site, joints))
    outcome = range_edit.EditOutcome(torn=torn, released=len(site.influences) * len(areas))
    counted: list[int] = []

    def finish(copies: list[bpy.types.Action]) -> None:
        (armature, source), (copy,) = subject.found(), copies
        range_edit.check_not_tweaked(armature)
        slot = range_edit.slot_of(copy, subject.handle)
        for one in found:
            if one.ends:
                continuing.cut_behind(copy, slot, channels, one.last)
        gone = [
            replace(area, last=subject.keys[1]) if one.ends else area for one, area in zip(found, areas, strict=True)
        ]
        counted.extend(range_edit.count_untouched(source, copy, subject.handle, tuple(gone)))
        actions.play(armature, copy, slot)
        _keep(subject.scene(), armature, copy, title, weights, subject.row, recorded)

    name = subject.found()[1].name
    yield from range_steps.write_copies(subject.found, site, subject.handle, [(channels, outcome)], name, finish)
    yield from undo.step(f"CoAMD: {title.prompt[:40]}")
    yield Beside(pictures.missing(bpy.context.scene))
    same, changed = counted
    verified = f"{same:,} keys outside untouched, verified" + (f"; {changed:,} are not as they were" if changed else "")
    return "; ".join([f"Made {title.what}", verified, *outcome.notes])


def _read_span(subject: Subject, found: Sequence[plan.Stretch]) -> tuple[int, int]:
    """Return first and last frame to read. Raises InputError for too many."""
    rate = _rate(subject.scene())
    reach = round(CONTEXT_SECONDS * rate)
    first, last = found[0].first, found[-1].last
    if last - first > limits.LONGEST_EDIT * rate:
        raise InputError(
            f"Changes over {last - first} frames are too many at once",
            f"Regenerate blocks within {limits.LONGEST_EDIT:g} seconds, then the others",
        )
    return min(first, max(subject.keys[0], first - reach)), max(last, min(subject.keys[1], last + reach))


def _area(one: plan.Stretch, keys: tuple[int, int]) -> Range:
    return Range(one.first, one.last, keys[0], min(keys[1], one.last) if one.ends else keys[1])


def _drawn(
    piece: plan.Piece, reading: Reading, joints: np.ndarray, cfg: float | None, worn: tuple
) -> Generator[Yield, Any, tuple[np.ndarray, Answer]]:
    """Draw a piece between what is in ``joints`` (frames, 22, 3), metres; return them with its frames anew."""
    start, stop = (round(frame - reading.frames[0]) for frame in (piece.first, piece.last + 1))
    reach = round(CONTEXT_SECONDS * reading.fps)
    low = start if piece.mode == "lead_in" else max(0, start - reach)
    high = stop if piece.mode == "continue" else min(len(joints), stop + reach)
    asked = EditRange(start - low, stop - low, piece.mode)
    answer = yield EditRequest(
        joints[low:high], reading.fps, (asked,), piece.prompt, seed=piece.seed, cfg=cfg, styles=worn
    )
    made = joints.copy()
    made[start:stop] = answer.arrays["joints"][start - low : stop - low]
    return made, answer


# --- what is kept -----------------------------------------------------------------------------------------------------


def _keep(
    scene: bpy.types.Scene,
    armature: bpy.types.Object,
    action: bpy.types.Action,
    title: Title,
    weights: dict[str, str],
    row: Sequence[Block],
    recorded: Sequence[Block],
) -> None:
    """Let ``armature`` play ``action``, whose keys are made of the blocks ``recorded``, as a take. Seeds drawn for
    ``row`` come into the track."""
    record.note(action, recorded)
    takes.describe(action, title.prompt, title.seed, weights)
    takes.add(scene.coamd, title.prompt, title.seed, action, armature, styles=styles.told(scene.coamd))
    seeds = {block.key: block.seed for block in row}
    for entry in armature.coamd_track.blocks:
        entry.seed = seeds.get(entry.key, entry.seed)
    takes.show(scene.coamd, len(scene.coamd.takes) - 1)
    playing.make_room(scene, armature)
    overlay.redraw()
