"""Recognise: read Actions, ask the runtime what they are, keep the answers; name Actions, tag assets, set markers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import bpy
import numpy as np

from ..anim import subjects, targets
from ..anim.read_action import Reading
from ..anim.steps import Step
from ..anim.subjects import Subject
from ..core.workflow import Workflow
from ..errors import Cancelled, CoamdError, InputError
from ..wire import array_checks, limits
from ..wire.requests import RecognizeRequest, SortRequest
from ..wire.requests.understanding import SEVERAL, UNKNOWN

if TYPE_CHECKING:
    from .properties import COAMD_PG_recognised

# Labels less likely than this become no tag.
LEAST_TAG_SCORE = 0.2
LONGEST_NAME = 60  # letters


def recognize(context: bpy.types.Context, which: str) -> Workflow:
    """Recognise what ``which`` ("ACTIVE" or "SELECTED") means; results come into ``window_manager.coamd`` one by one.

    All that is selected is instead sorted at once where the settings say so. Raises CoamdError before anything is
    started. Of several subjects, one that fails gets a row that says why.
    """
    settings, found = context.scene.coamd_understanding, context.window_manager.coamd
    frames = (settings.first, settings.last) if settings.use_range else None
    chosen = [subjects.active(context, frames)] if which == "ACTIVE" else subjects.selected(context)
    words = vocabulary(settings)
    sorts = which == "SELECTED" and settings.use_words and settings.compare
    if sorts:
        check_sortable(len(chosen), words)
    found.recognised.clear()
    for subject in chosen:
        found.recognised.add().name = subject.name
    found.recognised_index = 0
    try:
        yield  # from here on, what goes wrong is told in the panel
        yield from _sort(chosen, words) if sorts else _one_by_one(chosen, words)
    finally:
        _drop_unfinished()


def check_sortable(count: int, words: Sequence[str]) -> None:
    """Raise InputError where ``count`` subjects are too few to be compared with one another, or the words are."""
    if len(words) < 2:
        raise InputError("One word is nothing to choose among", "Enter more, separated by commas, or turn Compare off")
    if len(words) > limits.MOST_SORTED_LABELS:
        raise InputError(
            f"{len(words)} words are more than {limits.MOST_SORTED_LABELS}", "Enter fewer, or turn Compare off"
        )
    if count < limits.FEWEST_SORTED:
        raise InputError(
            f"{count} Actions are too few to be compared with one another",
            f"Select {limits.FEWEST_SORTED} or more, or turn Compare off",
        )


def _one_by_one(chosen: list[Subject], words: tuple[str, ...] | None) -> Workflow:
    """Recognise each subject by itself, its parts too."""
    for row, subject in enumerate(chosen):
        try:
            reading = yield from subject.read()
            answer = yield RecognizeRequest(reading.joints, words, limits.DEFAULT_LABELS, segments=True)
            _keep(_row(row, subject), subject, reading, answer.fields["labels"], answer.fields["segments"])
        except CoamdError as error:
            if len(chosen) == 1 or isinstance(error, Cancelled):
                raise
            _row(row, subject).problem = str(error)


def _sort(chosen: list[Subject], words: tuple[str, ...]) -> Workflow:
    """Sort all subjects by the user's words in one request, those aside that cannot be read."""
    readings: dict[int, Reading] = {}
    for row, subject in enumerate(chosen):
        yield Step("Reading Actions", row, len(chosen))
        try:
            reading = yield from subject.read()
            array_checks.check_motion(reading.joints)
            readings[row] = reading
        except Cancelled:
            raise
        except CoamdError as error:
            _row(row, subject).problem = str(error)
    if len(readings) < limits.FEWEST_SORTED:
        raise InputError(
            f"Only {len(readings)} of {len(chosen)} Actions can be read, too few to be compared with one another",
            f"The list says why; select {limits.FEWEST_SORTED} that can be read, or turn Compare off",
        )
    lengths = tuple(len(reading.joints) for reading in readings.values())
    joints = np.concatenate([reading.joints for reading in readings.values()])
    answer = yield SortRequest(joints, lengths, words)
    notes = [f"{note}, with Compare off" for note in answer.fields.get("notes", ())]
    for (row, reading), labels in zip(readings.items(), answer.fields["sorted"], strict=True):
        _keep(_row(row, chosen[row]), chosen[row], reading, labels, notes=notes)


def _drop_unfinished() -> None:
    """Take the rows out that nothing was found for and that do not say why: the work was stopped, or failed."""
    found = bpy.context.window_manager.coamd
    for row in reversed(range(len(found.recognised))):
        if not found.recognised[row].guesses and not found.recognised[row].problem:
            found.recognised.remove(row)
    found.recognised_index = max(0, min(found.recognised_index, len(found.recognised) - 1))


def vocabulary(settings: bpy.types.PropertyGroup) -> tuple[str, ...] | None:
    """Return the user's own words, None for the bundled ones. Raises InputError when there are none."""
    if not settings.use_words:
        return None
    first: dict[str, str] = {}
    for word in (" ".join(word.split()) for word in settings.words.split(",")):
        first.setdefault(word.casefold(), word)
    words = [word for word in first.values() if word]
    if not words:
        raise InputError("There are no words to choose among", "Enter some, separated by commas, or turn Own Words off")
    return tuple(words)


def _row(row: int, subject: Subject) -> COAMD_PG_recognised:
    """Return the row of a subject. Raises InputError when another recognition has taken its place."""
    results = bpy.context.window_manager.coamd.recognised
    if row >= len(results) or results[row].name != subject.name:
        raise InputError("The results were replaced meanwhile", "Recognize again")
    return results[row]


def _keep(
    result: COAMD_PG_recognised,
    subject: Subject,
    reading: Reading,
    labels: list[dict],
    segments: Sequence[dict] = (),
    notes: Sequence[str] = (),
) -> None:
    """Put what was answered into its row, frames of the scene in place of those of the reading."""
    armature = targets.by_uid(bpy.data.objects, subject.armature_uid)
    playing = armature.animation_data.action if armature is not None and armature.animation_data else None
    uid = subject.action_uid or (playing.session_uid if playing is not None else None)
    result.action_uid = "" if uid is None else str(uid)
    result.notes = "\n".join([*notes, *reading.notes])
    for found in labels:
        guess = result.guesses.add()
        guess.label, guess.score = found["label"], found["score"]
    frames = subject.offset + subject.scale * reading.frames
    for found in segments:
        stretch = result.stretches.add()
        stretch.label, stretch.score = found["label"], found["score"]
        stretch.start, stretch.stop = frames[found["start"]], frames[found["stop"] - 1]


# --- what the results are for -----------------------------------------------------------------------------------------


def action_of(result: COAMD_PG_recognised) -> bpy.types.Action:
    """Return the Action of a result. Raises InputError when it has none, or it is gone."""
    action = targets.by_uid(bpy.data.actions, int(result.action_uid)) if result.action_uid else None
    if action is None:
        raise InputError(f"{result.name} has no Action of its own, or it was deleted", "Recognize an Action")
    return action


def several(result: COAMD_PG_recognised) -> bool:
    """Return whether a result is of several actions, which its stretches name."""
    return bool(result.guesses) and result.guesses[0].label == SEVERAL


def title(result: COAMD_PG_recognised) -> str:
    """Return what a result is, in words: its likeliest label, the labels of its stretches where it is several
    actions, or nothing."""
    if several(result):
        return ", ".join(dict.fromkeys(one.label for one in result.stretches if one.label != UNKNOWN))
    return result.guesses[0].label if result.guesses else ""


def name_actions(results: Iterable[COAMD_PG_recognised]) -> int:
    """Name the Actions of ``results`` by what they are; return how many. Unknown ones keep their names."""
    count = 0
    for result in results:
        if title(result) not in {"", UNKNOWN}:
            action = action_of(result)
            action.name = title(result).capitalize()[:LONGEST_NAME]
            result.name = action.name
            count += 1
    return count


def tag_assets(results: Iterable[COAMD_PG_recognised]) -> int:
    """Mark the Actions of ``results`` as assets, tagged with every label that is likely, or that a
    stretch has where they are several actions; return how many."""
    count = 0
    for result in results:
        if not result.guesses:
            continue
        action = action_of(result)
        if action.asset_data is None:
            action.asset_mark()
        likely = [guess.label for guess in result.guesses if guess.score >= LEAST_TAG_SCORE]
        parts = [stretch.label for stretch in result.stretches] if several(result) else []
        for label in (*likely, *parts):
            if label not in {UNKNOWN, SEVERAL}:
                action.asset_data.tags.new(label, skip_if_exists=True)
        count += 1
    return count


def check_parts(result: COAMD_PG_recognised) -> None:
    """Raise InputError for a result without parts: it was compared with others."""
    if not result.stretches:
        raise InputError(f"{result.name} was compared as a whole, without its parts", "Recognize it with Compare off")


def set_markers(scene: bpy.types.Scene, result: COAMD_PG_recognised) -> int:
    """Put a timeline marker at the start of every stretch of a result; return how many. One that is there already, of
    this name and frame, is not set again. Raises InputError for a result without parts."""
    check_parts(result)
    present = {(marker.name, marker.frame) for marker in scene.timeline_markers}
    wanted = [(stretch.label, round(stretch.start)) for stretch in result.stretches]
    for label, frame in wanted:
        if (label, frame) not in present:
            scene.timeline_markers.new(label, frame=frame)
    return len(wanted)
