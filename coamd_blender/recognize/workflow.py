"""Recognise: read Actions, ask the runtime what they are, keep the answers; name Actions, tag assets, set markers."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from functools import partial

import bpy

from ..anim import targets
from ..anim.armature import check_editable
from ..anim.read_action import Reading, read_steps
from ..core import session
from ..errors import CoamdError, InputError
from ..wire.jobs import Job, Step

UNKNOWN = "unknown"
# Labels less likely than this become no tag.
LEAST_TAG_SCORE = 0.2
MOST_GUESSES = 5


@dataclass(frozen=True)
class Subject:
    """Something to recognise. action_uid None: what the armature plays. ``frames`` of the Action, both included;
    scene frame = ``offset + scale * frame``."""

    name: str
    armature_uid: int
    action_uid: int | None
    frames: tuple[float, float] | None = None
    offset: float = 0.0
    scale: float = 1.0

    def read(self) -> Generator[Step | None, None, Reading]:
        """Read its joints step by step. Raises InputError when it is gone, and what read_steps raises."""
        armature = targets.by_uid(bpy.data.objects, self.armature_uid)
        action = None if self.action_uid is None else targets.by_uid(bpy.data.actions, self.action_uid)
        if armature is None or (self.action_uid is not None and action is None):
            raise InputError(f"{self.name} was deleted", "Select another one")
        check_editable(armature)
        coverage = targets.coverage(armature)
        if coverage.error is not None:
            raise coverage.error
        return (yield from read_steps(armature, action, frames=self.frames, mapping=coverage.mapping))


def subjects(context: bpy.types.Context, which: str) -> list[Subject]:
    """Return what ``which`` ("ACTIVE" or "SELECTED") stands for.

    Raises RigError without an armature that can be understood, InputError when nothing is selected that moves.
    """
    settings = context.scene.coamd_understanding
    if which == "ACTIVE":
        armature = targets.require(context)
        data = armature.animation_data
        action = data.action if data is not None else None
        frames = (settings.first, settings.last) if settings.use_range else None
        return [Subject(action.name if action else armature.name, armature.session_uid, None, frames)]
    found = []
    for armature in _armatures(context):
        data = armature.animation_data
        if data is None:
            continue
        if data.action is not None:
            found.append(Subject(data.action.name, armature.session_uid, data.action.session_uid))
        strips = [strip for track in data.nla_tracks for strip in track.strips if strip.select and strip.action]
        found += [_of_strip(armature, strip) for strip in strips]
    known = {subject.action_uid for subject in found}
    armature = targets.find(context)
    selected = [block for block in getattr(context, "selected_ids", ()) if isinstance(block, bpy.types.Action)]
    if armature is not None:
        found += [
            Subject(action.name, armature.session_uid, action.session_uid)
            for action in selected
            if action.session_uid not in known
        ]
    if not found:
        raise InputError("No Action is selected", "Select armatures that have Actions, or NLA strips")
    return found


def _armatures(context) -> list:
    chosen = [found for found in context.view_layer.objects.selected if found.type == "ARMATURE"]
    active = targets.find(context)
    return chosen if active is None or active in chosen else [active, *chosen]


def _of_strip(armature, strip) -> Subject:
    offset = strip.frame_start - strip.action_frame_start * strip.scale
    frames = (strip.action_frame_start, strip.action_frame_end)
    return Subject(strip.name, armature.session_uid, strip.action.session_uid, frames, offset, strip.scale)


def vocabulary(settings) -> list[str] | None:
    """Return the user's own words, None for the bundled ones. Raises InputError when there are none."""
    if not settings.use_words:
        return None
    words = [" ".join(word.split()) for word in settings.words.split(",")]
    words = list(dict.fromkeys(word for word in words if word))
    if not words:
        raise InputError("There are no words to choose among", "Enter some, separated by commas, or turn Own Words off")
    return words


def begin(context: bpy.types.Context, which: str) -> None:
    """Start to recognise; the results come into ``window_manager.coamd`` one by one.

    Raises CoamdError before anything is started. A subject that cannot be read gets a row that says why.
    """
    current = session.current()
    if current.asking:
        raise InputError("An earlier request is being answered", "Wait for it, or press Stop")
    chosen, words = subjects(context, which), vocabulary(context.scene.coamd_understanding)
    results = context.window_manager.coamd.recognised
    results.clear()
    for subject in chosen:
        results.add().name = subject.name
    context.window_manager.coamd.recognised_index = 0
    current.notice, current.error = "", None
    current.do(_ask_all(current, chosen, words))


def _ask_all(current: session.Session, chosen: list[Subject], words: list[str] | None) -> Iterator[Step | None]:
    fields = {"labels": words, "top": MOST_GUESSES, "segments": True}
    for row, subject in enumerate(chosen):
        try:
            reading = yield from subject.read()
            take = partial(_take, row, subject, reading)
            current.ask(bpy.context, "recognize", fields, {"joints": reading.joints}, take)
        except CoamdError as error:
            if len(chosen) == 1:
                raise
            _row(row, subject).problem = str(error)
        yield


def _row(row: int, subject: Subject):
    """The row of a subject. Raises InputError when another recognition has taken its place."""
    results = bpy.context.window_manager.coamd.recognised
    if row >= len(results) or results[row].name != subject.name:
        raise InputError("The results were replaced meanwhile", "Recognize again")
    return results[row]


def _take(row: int, subject: Subject, reading: Reading, job: Job) -> None:
    result = _row(row, subject)
    armature = targets.by_uid(bpy.data.objects, subject.armature_uid)
    playing = armature.animation_data.action if armature is not None and armature.animation_data else None
    uid = subject.action_uid or (playing.session_uid if playing is not None else None)
    result.action_uid = "" if uid is None else str(uid)
    result.notes = "\n".join(reading.notes)
    for found in job.fields["labels"]:
        guess = result.guesses.add()
        guess.label, guess.score = found["label"], found["score"]
    frames = subject.offset + subject.scale * reading.frames
    for found in job.fields["segments"]:
        stretch = result.stretches.add()
        stretch.label, stretch.score = found["label"], found["score"]
        stretch.start, stretch.stop = frames[found["start"]], frames[found["stop"] - 1]


def action_of(result):
    """The Action of a result. Raises InputError when it has none, or it is gone."""
    action = targets.by_uid(bpy.data.actions, int(result.action_uid)) if result.action_uid else None
    if action is None:
        raise InputError(f"{result.name} has no Action of its own, or it was deleted", "Recognize an Action")
    return action


def name_actions(results) -> int:
    """Name the Actions of ``results`` by their likeliest labels; return how many. Unknown ones keep their names."""
    count = 0
    for result in results:
        if result.guesses and result.guesses[0].label != UNKNOWN:
            action = action_of(result)
            action.name = result.guesses[0].label.capitalize()
            result.name = action.name
            count += 1
    return count


def tag_assets(results) -> int:
    """Mark the Actions of ``results`` as assets, tagged with every label that is likely; return how many."""
    count = 0
    for result in results:
        if not result.guesses:
            continue
        action = action_of(result)
        if action.asset_data is None:
            action.asset_mark()
        for guess in result.guesses:
            if guess.label != UNKNOWN and guess.score >= LEAST_TAG_SCORE:
                action.asset_data.tags.new(guess.label, skip_if_exists=True)
        count += 1
    return count


def set_markers(scene: bpy.types.Scene, result) -> int:
    """Put a timeline marker at the start of every stretch of a result; return how many. One that is there already, of
    this name and frame, is not set again."""
    present = {(marker.name, marker.frame) for marker in scene.timeline_markers}
    wanted = [(stretch.label, round(stretch.start)) for stretch in result.stretches]
    for label, frame in wanted:
        if (label, frame) not in present:
            scene.timeline_markers.new(label, frame=frame)
    return len(wanted)
