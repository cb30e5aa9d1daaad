"""Search the clip library, apply what was found, keep it as assets."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import bpy
import numpy as np

from ..anim import rig_settings, stepwise, subjects, targets
from ..anim.steps import Call
from ..core import thumbnails, undo
from ..core.workflow import Answer, Beside, Workflow
from ..errors import InputError
from ..motion.files import read_text
from ..setup import preferences
from ..wire.requests import MotionRequest, SearchRequest

if TYPE_CHECKING:
    from .properties import COAMD_PG_hit

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


def search(context: bpy.types.Context) -> Workflow:
    """Search as the settings ask; the results come into ``window_manager.coamd``, their filmstrips after them.

    Raises CoamdError before anything is started.
    """
    settings = context.scene.coamd_understanding
    text = " ".join(settings.text.split())
    if settings.by != "ACTION" and not text:
        raise InputError("There are no words to search for", "Describe a motion, such as: a person limps")
    folder, own = library_folder(context)
    common = {"top": settings.top, "poses": thumbnails.POSES, "starter": own}
    if settings.by == "WORDS":
        answer = yield SearchRequest(folder, text=text, **common)
    else:
        subject = subjects.active(context, (settings.first, settings.last) if settings.use_range else None)
        added = text if settings.by == "BOTH" else None
        yield  # from here on, what goes wrong is told in the panel
        reading = yield from subject.read()
        answer = yield SearchRequest(folder, joints=reading.joints, and_text=added, **common)
    undrawn = _list(folder, answer)
    if undrawn:
        yield Beside(_draw(undrawn))
    return "; ".join([f"Found {len(answer.fields['results'])} clips", *answer.fields.get("notes", ())])


def _list(folder: str, answer: Answer) -> list[tuple[str, np.ndarray]]:
    """Put what was found into the list; return key and poses of the filmstrips that have not been drawn."""
    found = bpy.context.window_manager.coamd
    found.hits.clear()
    found.library, found.hit_index = folder, 0
    undrawn = []
    for told, poses in zip(answer.fields["results"], answer.arrays["poses"], strict=True):
        hit = found.hits.add()
        hit.name = told["labels"][0] if told["labels"] else told["clip"]
        hit.clip_id, hit.path = str(told["id"]), f"{told['path']}#{told['clip']}"
        hit.labels, hit.licence, hit.source = ", ".join(told["labels"]), told["licence"], told["source"]
        hit.status, hit.score, hit.seconds = told["status"], told["score"], told["seconds"]
        hit.start, hit.stop = told["frames"]
        hit.thumbnail = thumbnails.key_of(poses)
        if not thumbnails.has(hit.thumbnail):
            undrawn.append((hit.thumbnail, poses.copy()))
    return undrawn


def _draw(undrawn: list[tuple[str, np.ndarray]]) -> Workflow:
    """Draw filmstrips in the thread and keep each as an icon."""
    for key, poses in undrawn:
        thumbnails.keep(key, (yield Call(thumbnails.draw_strip, (poses,))))
        yield


def chosen_hit(context: bpy.types.Context, index: int = -1) -> COAMD_PG_hit:
    """Return the chosen result, or number ``index``. Raises InputError when there is none."""
    found = context.window_manager.coamd
    number = found.hit_index if index < 0 else index
    if not 0 <= number < len(found.hits):
        raise InputError("No clip is chosen", "Search, then choose a result")
    return found.hits[number]


@dataclass(frozen=True)
class ClipFacts:
    """What the library knows of a clip that becomes an asset."""

    tags: str
    licence: str
    source: str
    thumbnail: str


def apply_clip(context: bpy.types.Context, kind: str, index: int = -1) -> Workflow:
    """Fetch the chosen clip and write it onto the active armature at the current frame; ``kind`` as in stepwise.

    Raises CoamdError before anything is started.
    """
    hit, armature = chosen_hit(context, index), targets.require(context)
    name, facts = hit.name.capitalize()[:60], ClipFacts(hit.labels, hit.licence, hit.source, hit.thumbnail)
    part = None if context.scene.coamd_understanding.whole else slice(hit.start, hit.stop)
    options = rig_settings.retarget_options(context.scene.coamd)
    place = stepwise.destination(armature, context.scene, options, kind, again="apply the clip again")

    answer = yield MotionRequest(context.window_manager.coamd.library, int(hit.clip_id))
    joints = answer.arrays["joints"] if part is None else answer.arrays["joints"][part]
    (action,) = yield from stepwise.write_keys(place, [(joints, name)], answer.fields["fps"])
    told = f"{name}: {action.frame_range[1] - action.frame_range[0] + 1:.0f} frames"
    if kind == stepwise.ASSET:
        told += "; " + _kept_as_asset(action, facts)
    yield from undo.step(f"CoAMD: {name[:40]}")
    return told


def _kept_as_asset(action: bpy.types.Action, facts: ClipFacts) -> str:
    """Make an Action an asset, or delete it where that fails; return what to tell."""
    try:
        return make_asset(action, facts)
    except InputError:
        bpy.data.actions.remove(action)
        raise


def make_asset(action: bpy.types.Action, facts: ClipFacts) -> str:
    """Mark an Action as an asset with tags, licence and source, in the catalogue CoAMD; return what to tell."""
    action.asset_mark()
    data = action.asset_data
    for tag in filter(None, (word.strip() for word in facts.tags.split(","))):
        data.tags.new(tag, skip_if_exists=True)
    data.description = facts.source
    data.license = facts.licence
    data.catalog_id = CATALOG_ID
    if thumbnails.has(facts.thumbnail):
        thumbnails.copy(facts.thumbnail, action.preview_ensure())
    if not bpy.data.filepath:
        return "save the file, and mark again, to see it in the catalogue CoAMD"
    add_catalog(Path(bpy.data.filepath).parent)
    return f"in the catalogue {CATALOG_NAME}"


def add_catalog(folder: Path) -> None:
    """Add the catalogue CoAMD to those of ``folder``, beside the .blend, where Blender looks for them.

    Raises InputError when the file cannot be written, is a link to one elsewhere, or is none of catalogues.
    """
    path = folder / CATALOG_FILE
    try:
        if path.is_symlink():
            raise InputError(f"{path} is a link, and what it leads to is not changed", "Save the file elsewhere")
        text = read_text(path) if path.exists() else _CATALOG_HEAD
        if CATALOG_ID not in text:
            end = "" if text.endswith("\n") else "\n"
            partial = path.with_name(f"{path.name}.partial")
            partial.unlink(missing_ok=True)
            with partial.open("x", encoding="utf-8") as file:
                file.write(f"{text}{end}{CATALOG_ID}:{CATALOG_NAME}:{CATALOG_NAME}\n")
            os.replace(partial, path)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}", "Save the file to another folder") from error
    except ValueError as error:
        raise InputError(f"{path} is not a list of catalogues ({error})", "Save the file elsewhere") from error
