"""Search the clip library, apply what was found, keep it as assets, and index folders."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import bpy

from ..anim import rig_settings, stepwise, targets
from ..core import session
from ..errors import InputError
from ..recognize.workflow import Subject, subjects
from ..setup import preferences
from ..wire.jobs import Job, Step
from . import thumbnails

CATALOG_ID = "6e0b7f0a-8f43-4c1e-9c53-0c0a3d2c0a4d"
CATALOG_NAME = "CoAMD"
CATALOG_FILE = "blender_assets.cats.txt"
_CATALOG_HEAD = "# This is an Asset Catalog Definition file for Blender.\n\nVERSION 1\n\n"


def library_folder(context: bpy.types.Context) -> tuple[str, bool]:
    """Return the folder of the library, and whether it is CoAMD's own, which begins with the clips that ship."""
    chosen = context.scene.coamd_understanding.library
    if chosen:
        return bpy.path.abspath(chosen), False
    return str(preferences.user_folder() / "library"), True


def begin_search(context: bpy.types.Context) -> None:
    """Start the search that the settings ask for. Raises CoamdError before anything is started."""
    current = session.current()
    _check_free(current)
    settings = context.scene.coamd_understanding
    text = " ".join(settings.text.split())
    if settings.by != "ACTION" and not text:
        raise InputError("There are no words to search for", "Describe a motion, such as: a person limps")
    folder, own = library_folder(context)
    fields = {"library": folder, "starter": own, "top": settings.top, "poses": thumbnails.POSES}
    if settings.by == "WORDS":
        current.ask(context, "search", {**fields, "text": text}, None, partial(_take_hits, folder))
        return
    if settings.by == "BOTH":
        fields["and_text"] = text
    current.notice, current.error = "", None
    current.do(_search_like(current, subjects(context, "ACTIVE")[0], fields))


def _search_like(current: session.Session, subject: Subject, fields: dict) -> Iterator[Step | None]:
    reading = yield from subject.read()
    arrays = {"joints": reading.joints}
    current.ask(bpy.context, "search", fields, arrays, partial(_take_hits, fields["library"]))


def _check_free(current: session.Session) -> None:
    if current.asking:
        raise InputError("An earlier request is being answered", "Wait for it, or press Stop")


def _take_hits(folder: str, job: Job) -> None:
    found = bpy.context.window_manager.coamd
    found.hits.clear()
    found.library, found.hit_index = folder, 0
    undrawn = []
    for told, poses in zip(job.fields["results"], job.arrays["poses"], strict=True):
        hit = found.hits.add()
        hit.name = told["labels"][0] if told["labels"] else told["clip"]
        hit.clip_id, hit.path = str(told["id"]), f"{told['path']}#{told['clip']}"
        hit.labels, hit.licence, hit.source = ", ".join(told["labels"]), told["licence"], told["source"]
        hit.status, hit.score, hit.seconds = told["status"], told["score"], told["seconds"]
        hit.start, hit.stop = told["frames"]
        hit.thumbnail = thumbnails.key_of(poses)
        if not thumbnails.has(hit.thumbnail):
            undrawn.append((hit.thumbnail, poses.copy()))
    current = session.current()
    current.notice = f"Found {len(found.hits)} clips"
    if undrawn:
        current.do(_draw(current, undrawn), idle=True)


def _draw(current: session.Session, undrawn: list[tuple]) -> Iterator[None]:
    """Draw filmstrips in the thread and keep each as an icon."""
    for key, poses in undrawn:
        drawing = current.in_thread(thumbnails.draw_strip, poses)
        while not drawing.done():
            yield
        thumbnails.keep(key, drawing.result())
        yield


def chosen_hit(context: bpy.types.Context, index: int = -1):
    """Return the chosen result, or number ``index``. Raises InputError when there is none."""
    found = context.window_manager.coamd
    number = found.hit_index if index < 0 else index
    if not 0 <= number < len(found.hits):
        raise InputError("No clip is chosen", "Search, then choose a result")
    return found.hits[number]


def begin_apply(context: bpy.types.Context, kind: str, index: int = -1) -> Job:
    """Fetch the chosen clip and write it onto the active armature at the current frame; ``kind`` as in writing.py.

    Raises CoamdError before anything is started.
    """
    current = session.current()
    _check_free(current)
    hit, armature = chosen_hit(context, index), targets.require(context)
    settings = context.scene.coamd_understanding
    part = None if settings.whole else (hit.start, hit.stop)
    plan = {
        "name": hit.name.capitalize()[:60],
        "armature_uid": armature.session_uid,
        "scene_uid": context.scene.session_uid,
        "frame": context.scene.frame_current,
        "kind": kind,
        "options": stepwise.ready(armature, context.scene, rig_settings.retarget_options(context.scene.coamd), kind),
    }
    about = {"tags": hit.labels, "licence": hit.licence, "source": hit.source, "thumbnail": hit.thumbnail}
    fields = {"library": context.window_manager.coamd.library, "id": int(hit.clip_id)}
    return current.ask(context, "motion", fields, None, partial(_write, plan, about, part))


def _write(plan: dict, about: dict, part: tuple[int, int] | None, job: Job) -> None:
    current = session.current()
    joints = job.arrays["joints"]
    if part is not None:
        joints = joints[part[0] : part[1]]
    wanted = stepwise.Wanted(joints=joints, fps=job.fields["fps"], **plan)
    current.do(stepwise.write(current.in_thread, wanted, partial(_finish, wanted, about)))


def _finish(wanted: stepwise.Wanted, about: dict, action: bpy.types.Action) -> None:
    current = session.current()
    current.notice = f"{wanted.name}: {action.frame_range[1] - action.frame_range[0] + 1:.0f} frames"
    if wanted.kind == stepwise.ASSET:
        current.notice += "; " + make_asset(action, about)


def make_asset(action: bpy.types.Action, about: dict) -> str:
    """Mark an Action as an asset with tags, licence and source, in the catalogue CoAMD; return what to tell."""
    action.asset_mark()
    data = action.asset_data
    for tag in filter(None, (word.strip() for word in about["tags"].split(","))):
        data.tags.new(tag, skip_if_exists=True)
    data.description = about["source"]
    data.license = about["licence"]
    data.catalog_id = CATALOG_ID
    if thumbnails.has(about["thumbnail"]):
        thumbnails.copy(about["thumbnail"], action.preview_ensure())
    if not bpy.data.filepath:
        return "save the file, and mark again, to see it in the catalogue CoAMD"
    add_catalog(Path(bpy.data.filepath).parent)
    return f"in the catalogue {CATALOG_NAME}"


def add_catalog(folder: Path) -> None:
    """Add the catalogue CoAMD to those of ``folder``, beside the .blend, where Blender looks for them.

    Raises InputError when the file cannot be written.
    """
    path = folder / CATALOG_FILE
    try:
        text = path.read_text(encoding="utf-8") if path.is_file() else _CATALOG_HEAD
        if CATALOG_ID not in text:
            end = "" if text.endswith("\n") else "\n"
            path.write_text(f"{text}{end}{CATALOG_ID}:{CATALOG_NAME}:{CATALOG_NAME}\n", encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}", "Save the file to another folder") from error
