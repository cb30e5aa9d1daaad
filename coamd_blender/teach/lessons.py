"""What is taught: entries of the list, what is to be said of them beforehand, and the files made of them."""

from __future__ import annotations

import csv
import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import bpy
import numpy as np

from ..anim import subjects, targets
from ..anim.subjects import Subject
from ..errors import InputError
from ..motion import skeleton
from ..motion.files import RUNTIME_FILES, listed
from ..wire.checks import tidy_prompt
from ..wire.teaching import SHORTEST_SECONDS
from . import work
from .properties import MANNER

if TYPE_CHECKING:
    from .properties import COAMD_PG_lesson, COAMD_PG_teach

FEW = 3  # clips, below which none lies between two others, and none is held out


def add_actions(context: bpy.types.Context, settings: COAMD_PG_teach, which: str) -> int:
    """Add what ``which`` means, "ACTIVE" or "SELECTED"; return how many. Raises CoamdError where there is nothing."""
    chosen = [subjects.active(context)] if which == "ACTIVE" else subjects.selected(context)
    count = 0
    for subject in chosen:
        armature = targets.by_uid(bpy.data.objects, subject.armature_uid)
        data = armature.animation_data
        playing = data.action if data is not None else None
        action = playing if subject.action_uid is None else targets.by_uid(bpy.data.actions, subject.action_uid)
        if action is None:
            raise InputError(f"{armature.name} plays no Action", "Give it the Action that shows the motion")
        if any(row.action == action and row.armature == armature for row in settings.lessons):
            continue
        row = settings.lessons.add()
        row.name, row.action, row.armature = action.name, action, armature
        count += 1
    settings.lesson_index = max(0, len(settings.lessons) - 1)
    return count


def add_file(settings: COAMD_PG_teach, path: Path) -> None:
    """Add a clip's file. Raises InputError for one that the runtime does not read."""
    if path.suffix.lower() not in RUNTIME_FILES:
        raise InputError(
            f"{path.name} is not a clip that can be taught",
            f"Choose {listed(RUNTIME_FILES, 'or')}, or import it and teach its Action",
        )
    if not path.is_file():
        raise InputError(f"There is no file {path}", "Choose another one")
    row = settings.lessons.add()
    row.name, row.file = path.stem, str(path)
    settings.lesson_index = len(settings.lessons) - 1


def advice(settings: COAMD_PG_teach) -> list[str]:
    """Return lines on what is to be known before the teaching starts."""
    lines, rows = [], list(settings.lessons)
    unsaid = sum(not row.sentence.strip() for row in rows)
    if unsaid:
        lines.append(f"{unsaid} without a sentence: write it, or press Propose")
    if 0 < len(rows) < FEW:
        lines.append(f"Fewer than {FEW} clips: takes will be much alike")
    trained = settings.kind == MANNER and settings.steps
    if trained and 0 < len(rows) < FEW:
        lines.append("None is held out, so nothing shows when to stop")
    elif trained and rows:
        lines.append(f"{max(1, len(rows) // 6)} of {len(rows)} clips is held out, to see what is learnt")
    return lines


def subject_of(row: COAMD_PG_lesson) -> Subject | None:
    """Return the motion of an entry that is an Action; None for a file. Raises InputError when it was deleted."""
    if row.file:
        return None
    if row.action is None or row.armature is None:
        raise InputError(f"{row.name} was deleted", "Remove it from the list")
    return Subject(row.name, row.armature.session_uid, row.action.session_uid)


def check(settings: COAMD_PG_teach) -> str:
    """Return the name of the style. Raises InputError for a list that cannot be taught."""
    name = " ".join(settings.name.split())
    if not name:
        raise InputError("The style has no name", "Enter one, such as: goblin")
    if any(told.name.lower() == name.lower() for told in work.states()):
        raise InputError(f"There is a style {name!r} already", "Choose another name, or remove it")
    if not settings.lessons:
        raise InputError("There is nothing to teach", "Add Actions or clips, a sentence each")
    for row in settings.lessons:
        if not row.sentence.strip():
            raise InputError(f"{row.name} has no sentence", "Say what it shows, or press Propose")
        tidy_prompt(row.sentence)
        subject_of(row)
        if row.file and not Path(bpy.path.abspath(row.file)).is_file():
            raise InputError(f"There is no file {row.file}", "Remove it from the list")
    return name


def file_name(number: int, name: str, suffix: str) -> str:
    """Return the name of the file of entry ``number``, without letters that a pattern or a disk heeds."""
    return f"{number:02d}_{re.sub(r'[^A-Za-z0-9_-]+', '_', name).strip('_')[:60]}{suffix}"


def write_joints(path: Path, name: str, joints: np.ndarray) -> None:
    """Write ``joints`` (frames, 22, 3), metres, 20 a second. Raises InputError when they are too few."""
    if len(joints) < SHORTEST_SECONDS * skeleton.FPS:
        raise InputError(
            f"{name} lasts {len(joints) / skeleton.FPS:.1f} s", f"Teach clips of {SHORTEST_SECONDS:g} s on"
        )
    np.savez_compressed(path, joints=np.asarray(joints, np.float32), fps=np.float32(skeleton.FPS))


def copy_file(row: COAMD_PG_lesson, number: int, folder: Path) -> str:
    """Copy the file of an entry into ``folder`` and return its name there."""
    source = Path(bpy.path.abspath(row.file))
    name = file_name(number, source.stem, source.suffix.lower())
    try:
        shutil.copyfile(source, folder / name)
    except OSError as error:
        raise InputError(f"{source} cannot be read ({error.strerror})", "Remove it from the list") from error
    return name


def write_words(path: Path, rows: Sequence[tuple[str, str]]) -> None:
    """Write which file shows what: (file, sentence), as ``python -m runtime teach --words`` reads it."""
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("file", "sentence"), *rows])
