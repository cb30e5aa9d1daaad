"""Export for an engine, and many clips or characters at once, from top to bottom."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any

import bpy
import numpy as np

from ..anim import actions, rig_settings, stepwise, targets
from ..anim.read_action import bone_names
from ..anim.steps import Call, Step
from ..core import undo
from ..core.workflow import Workflow, Yield
from ..errors import CoamdError, InputError
from ..motion import locomotion
from ..motion.skeleton import FPS
from ..setup import preferences, runtime
from ..wire import limits
from ..wire.requests import EditRange, EditRequest, GenerateRequest
from . import clip_files, rules
from .process import ExportProcess

Rows = Generator[Yield, Any, list[tuple[str, str, str]]]

TABLE = "CoAMD batch"  # the text that lists what became of each


def export(context: bpy.types.Context) -> Workflow:
    """Write the files in a second Blender. Raises CoamdError before anything is started."""
    settings, armature = context.scene.coamd_engines, targets.require(context)
    engine = rules.engine_named(settings.engine)
    if settings.one_file and not engine.several:
        raise InputError(f"{engine.label} takes one clip a file", "Switch One File off")
    folder = _folder(settings.folder)
    chosen = _actions(armature, settings.which)
    job = {
        "armature": armature.name,
        "actions": [action.name for action in chosen],
        "engine": settings.engine,
        "folder": str(folder),
        "character": rules.safe_name(armature.name),
        "one_file": settings.one_file,
        "fps": settings.fps,
        "in_place": settings.in_place,
    }
    yield Step(f"Exporting for {engine.label}", 0, len(chosen))
    process = ExportProcess(job)
    try:
        bpy.ops.wm.save_as_mainfile(filepath=str(process.blend), copy=True, check_existing=False)
    except RuntimeError as error:
        process.close()
        raise InputError("A copy of the file cannot be saved for the export", "Free some space on the disk") from error
    with process:
        while process.go_on():
            yield Step(f"Exporting for {engine.label}", process.lines, len(chosen))
    return _told(process.rows, f"Exported to {folder}")


def _folder(text: str) -> Path:
    if text.startswith("//") and not bpy.data.filepath:
        raise InputError("The file is not saved, and the folder is beside it", "Save the file, or choose a folder")
    if not text.strip():
        raise InputError("No folder is chosen to export to", "Choose one under Folder")
    return Path(bpy.path.abspath(text)).resolve()


def _actions(armature: bpy.types.Object, which: str) -> list[bpy.types.Action]:
    """Return the Actions to export. Raises InputError without any."""
    data, bones = armature.animation_data, set(armature.data.bones.keys())
    if which == "PLAYED":
        found = [] if data is None or data.action is None else [data.action]
    else:
        keyed = {action: bone_names(actions.curves_of(action)) for action in bpy.data.actions}
        found = [action for action, names in keyed.items() if names and len(names & bones) >= 0.5 * len(names)]
    if not found:
        raise InputError(f"{armature.name} plays no Action", "Give it one in the Action Editor, or generate a motion")
    return found


def batch(context: bpy.types.Context) -> Workflow:
    """Put every clip of a file or folder on every selected character, an Action each, from the current frame on.

    What cannot be done is left out and told. Raises CoamdError before anything is started.
    """
    files = _clips(context.scene.coamd_engines.clips)
    python = None if all(path.suffix.lower() == clip_files.PLAIN for path in files) else _python(context)
    owners, options = _characters(context), rig_settings.retarget_options(context.scene.coamd)
    rows = []
    for number, (path, name) in enumerate(zip(files, clip_files.distinct(files), strict=True)):
        yield Step("Retargeting clips", number, len(files))
        try:
            clips = yield Call(clip_files.read_clips, (path, name, python))
        except CoamdError as error:
            rows += [(_named(owners, owner, name), "failed", str(error)) for owner in owners]
            continue
        rows += yield from _put_all(clips, owners, options)
    yield from undo.step(f"CoAMD: {len(files)} clips")
    return _told(rows, f"Retargeted {sum(row[1] == 'done' for row in rows)} of {len(rows)}")


def locomotion_set(context: bpy.types.Context) -> Workflow:
    """Make a locomotion set and put its clips on every selected character, an Action each, named as they are.

    Raises CoamdError before anything is started.
    """
    seed, owners = context.scene.coamd.seed, _characters(context)
    options = rig_settings.retarget_options(context.scene.coamd)
    plan, joints = locomotion.make(min(seed, limits.LARGEST_SEED - 1000)), None
    while True:
        try:
            asked = plan.send(joints)
        except StopIteration as end:
            made = end.value
            break
        answer = yield _request(asked)
        joints = answer.arrays["joints"]
    clips = [clip_files.ReadClip(clip.name, clip.joints, FPS, clip.loop) for clip in made]
    rows = yield from _put_all(clips, owners, options)
    yield from undo.step("CoAMD: locomotion set")
    rows += [(clip.name, "note", clip.note) for clip in made if clip.note]
    return _told(rows, f"Made {sum(row[1] == 'done' for row in rows)} Actions")


def _request(asked: locomotion.Draws | locomotion.Between) -> GenerateRequest | EditRequest:
    """Return what is to be asked of the runtime."""
    if isinstance(asked, locomotion.Draws):
        return GenerateRequest((asked.prompt,) * len(asked.seeds), asked.seconds, asked.seeds)
    joints = asked.joints.astype(np.float32)
    return EditRequest(joints, FPS, (EditRange(asked.start, asked.stop, "between"),), asked.prompt, seed=asked.seed)


def _characters(context: bpy.types.Context) -> dict[int, str]:
    """Return the selected characters, or the one that is meant: uid to name. Raises RigError without any."""
    armatures = [each for each in context.view_layer.objects.selected if each.type == "ARMATURE"]
    return {each.session_uid: each.name for each in armatures or [targets.require(context)]}


def _named(owners: dict[int, str], uid: int, clip: str) -> str:
    return f"{owners[uid]}: {clip}" if len(owners) > 1 else clip


def _python(context: bpy.types.Context) -> Path | None:
    """Return the runtime's interpreter. Raises RuntimeUnavailable where none is installed."""
    settings = preferences.get(context)
    return None if settings is None else runtime.interpreter(settings)


def _put_all(clips: Sequence[clip_files.ReadClip], owners: dict[int, str], options: dict) -> Rows:
    """Put clips on characters; return a row for each."""
    rows = []
    for uid in owners:
        for clip in clips:
            name = _named(owners, uid, clip.name)
            try:
                rows.append((name, "done", (yield from _put(uid, owners[uid], clip, options))))
            except CoamdError as error:
                rows.append((name, "failed", str(error)))
    return rows


def _put(uid: int, owner: str, clip: clip_files.ReadClip, options: dict) -> Workflow:
    """Put one clip on one character; return what to tell. Raises CoamdError."""
    armature = targets.by_uid(bpy.data.objects, uid)
    if armature is None:
        raise InputError(f"{owner} was deleted meanwhile", "Select the characters again")
    found = targets.coverage(armature)
    if found.error is not None:
        raise found.error
    place = stepwise.destination(armature, bpy.context.scene, options, again="press Retarget Clips again")
    (action,) = yield from stepwise.write_keys(place, [(clip.joints, clip.name[:60])], clip.fps)
    if clip.loop:
        actions.mark_loop(action)
    action.use_fake_user = True  # the next one takes its place on the character
    return f"{action.frame_range[1] - action.frame_range[0] + 1:.0f} frames"


def _clips(text: str) -> list[Path]:
    if not text.strip():
        raise InputError("No clips are chosen", "Choose a clip or a folder of them under Clips")
    return clip_files.files_of(Path(bpy.path.abspath(text)))


def _told(rows: Sequence[Sequence[str]], done: str) -> str:
    """Put the table of what became of each into a text of the file, and return what the panel is to say."""
    text = bpy.data.texts.get(TABLE) or bpy.data.texts.new(TABLE)
    text.clear()
    wide = max(len(row[0]) for row in rows)
    text.write("".join(f"{name:{wide}}  {what:6}  {how}".rstrip() + "\n" for name, what, how in rows))
    failed = [row for row in rows if row[1] == "failed"]
    if not failed:
        return f"{done}; the text {TABLE!r} lists them"
    return f"{done}; {len(failed)} failed ({failed[0][0]}: {failed[0][2]}); the text {TABLE!r} lists them"
