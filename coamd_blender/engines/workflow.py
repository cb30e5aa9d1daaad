"""Export for an engine, and many clips or characters at once, from top to bottom."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import bpy

from ..anim import actions, rig_settings, stepwise, targets
from ..anim.clip_file import read_clip
from ..anim.read_action import bone_names
from ..anim.steps import Call, Step
from ..core.workflow import Workflow
from ..errors import CoamdError, InputError
from . import rules
from .process import ExportProcess

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
    clips = _clips(context.scene.coamd_engines.clips)
    armatures = [each for each in context.view_layer.objects.selected if each.type == "ARMATURE"]
    armatures = armatures or [targets.require(context)]
    options = rig_settings.retarget_options(context.scene.coamd)
    uids, names = [each.session_uid for each in armatures], [each.name for each in armatures]
    rows, total = [], len(clips) * len(armatures)
    yield Step("Retargeting clips", 0, total)
    for uid, owner in zip(uids, names, strict=True):
        for clip in clips:
            name = f"{owner}: {clip.stem}" if len(uids) > 1 else clip.stem
            try:
                rows.append((name, "done", (yield from _put(uid, owner, clip, options))))
            except CoamdError as error:
                rows.append((name, "failed", str(error)))
            yield Step("Retargeting clips", len(rows), total)
    stepwise.push_undo(f"CoAMD: {total} clips")
    return _told(rows, f"Retargeted {sum(row[1] == 'done' for row in rows)} of {total}")


def _put(uid: int, owner: str, clip: Path, options: dict) -> Workflow:
    """Put one clip on one character; return what to tell. Raises CoamdError."""
    armature = targets.by_uid(bpy.data.objects, uid)
    if armature is None:
        raise InputError(f"{owner} was deleted meanwhile", "Select the characters again")
    found = targets.coverage(armature)
    if found.error is not None:
        raise found.error
    joints, fps = yield Call(read_clip, (clip,))
    place = stepwise.destination(armature, bpy.context.scene, options, again="press Retarget Clips again")
    (action,) = yield from stepwise.write_keys(place, [(joints, clip.stem[:60])], fps)
    action.use_fake_user = True  # the next one takes its place on the character
    return f"{action.frame_range[1] - action.frame_range[0] + 1:.0f} frames"


def _clips(text: str) -> list[Path]:
    if not text.strip():
        raise InputError("No clips are chosen", "Choose a clip (.npz) or a folder of them under Clips")
    path = Path(bpy.path.abspath(text))
    if path.is_file():
        return [path]
    found = sorted(path.glob("*.npz")) if path.is_dir() else []
    if not found:
        raise InputError(f"{path} holds no .npz", "Choose a folder of clips; the command line's convert makes them")
    return found


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
