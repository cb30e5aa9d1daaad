"""Actions of a character to the files of an engine, in a file of Blender's that may be changed for it.

Written are the character at rest with its meshes, a file for each clip or all of them in the character's, and
CHARACTER.clips.json, which tells of each clip its file, frames, whether it loops, and how far the root goes and turns.
A clip is written, and its Actions are removed, before the next is made: memory stays flat, and what was broken off can
go on, for the list is written with each.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import bpy
import numpy as np

from .. import anim
from ..anim import actions, stage
from ..anim import armature as reader
from ..errors import CoamdError, InputError
from ..retarget import controls
from . import exporters, game_armature, game_rig, root_motion, rules
from .rules import FPS, Engine

_MOST_FRAMES = 20_000  # of a clip


@dataclass(frozen=True)
class EngineJob:
    """What to write: for which engine (rules.ENGINES), into which folder, under which name of the character.

    one_file: all clips in the character's file. in_place: the root bone stays where it is. kept: what the list of clips
    tells of those that are there already. options: what else it is to tell of how they were made.
    """

    engine: str
    folder: Path
    character: str
    one_file: bool = False
    fps: float = FPS
    in_place: bool = False
    kept: tuple[dict, ...] = ()
    options: dict = field(default_factory=dict)

    @property
    def list_file(self) -> Path:
        """The file that tells of the clips."""
        return self.folder / f"{self.character}.clips.json"


@dataclass(frozen=True)
class Row:
    """What became of a clip: ``name``, "done" or "failed", and what else there is to say."""

    name: str
    what: str
    how: str


@dataclass
class _Made:
    """A clip on its way: its Action on the game rig and what the list of clips tells of it."""

    name: str
    action: bpy.types.Action
    told: dict = field(default_factory=dict)


# An Action to export, or what makes it; one that was made is removed once it is written.
Source = bpy.types.Action | Callable[[], bpy.types.Action]


def export(
    armature: bpy.types.Object, clips: Mapping[str, Source], job: EngineJob, tell: Callable[[str], None]
) -> list[Row]:
    """Write ``clips``, Actions by name, of an armature as ``job`` says; return a row for each. The scene is not as
    before afterwards: this is for a file of its own.

    ``tell`` is given a line when a clip is done. Raises InputError for a job that cannot be done at all, and RigError
    for a rig that is not understood.
    """
    engine = rules.engine_named(job.engine)
    if job.one_file and not engine.several:
        raise InputError(f"{engine.label} takes one clip a file", "Leave out --one-file")
    if not clips:
        raise InputError(f"{armature.name} has no Action to export", "Give it one, or choose another armature")
    _make_folder(job.folder)
    maker, rows = _Maker(armature, engine, job), []
    taken = [told["plain"] for told in job.kept]
    for number, (original, source) in enumerate(clips.items(), start=1):
        taken = rules.clip_names([*taken, original])
        try:
            action = source() if callable(source) else source
            one = maker.make(action, taken[-1])
            one.told |= {"clip": original, "plain": taken[-1]}
            if callable(source):
                bpy.data.actions.remove(action)
            maker.keep(one)
            rows.append(Row(original, "done", _described(one.told)))
        except CoamdError as error:
            rows.append(Row(original, "failed", str(error)))
        tell(f"{number} of {len(clips)}: {' '.join((original, rows[-1].what, rows[-1].how))}")
    maker.finish()
    return rows


class _Maker:
    """Makes the clips of one character on a skeleton for one engine, and writes them."""

    def __init__(self, armature: bpy.types.Object, engine: Engine, job: EngineJob):
        found = anim.targets.coverage(armature)
        if found.error is not None:
            raise found.error
        self.armature, self.engine, self.job = armature, engine, job
        self.rig = reader.read_rig(armature)
        self.rests = dict(zip(self.rig.names, self.rig.world @ self.rig.rest, strict=True))
        if engine.r15:
            self.game = game_rig.make_r15(self.rig, found.mapping)
        else:
            deforming = [bone.name for bone in armature.data.bones if bone.use_deform]
            generated = controls.find_table(self.rig.names) is not None
            self.game = game_rig.make_game_rig(self.rig, found.mapping, deforming, generated)
        self.scene = bpy.context.scene
        self.rate = self.scene.render.fps / self.scene.render.fps_base
        self.meshes: list[bpy.types.Object] | None = None  # those of the character, once they hang on the new skeleton
        self.together: dict[str, bpy.types.Action] = {}
        self.told = list(job.kept)
        self.made = game_armature.build(self.game, engine.node or job.character, engine.per_metre)

    def make(self, action: bpy.types.Action, name: str) -> _Made:
        """Return a clip of ``action``. Raises CoamdError for one that cannot be read."""
        worlds = self._sampled(action)
        in_place = self.job.in_place or self.engine.in_place
        posed, way = game_rig.pose(self.game, worlds, self.rests, self.job.fps, in_place=in_place, r15=self.engine.r15)
        seen = posed if in_place else np.linalg.inv(way)[:, None] @ posed
        loops = action.use_cyclic or root_motion.is_loop(seen)
        if loops and not root_motion.is_closed(seen):  # feet that are held, for one, are not held alike at both ends
            seen = root_motion.closed(seen, self.job.fps)
            posed = seen if in_place else way[:, None] @ seen
        called = self.engine.looping.format(clip=name) if loops else name
        written = game_armature.write_clip(self.made, self.game, posed, called, self.engine.per_metre)
        gone = np.zeros(3) if in_place else way[-1, :3, 3]
        turned = 0.0 if in_place else float(np.degrees(np.arctan2(way[-1, 0, 2], way[-1, 2, 2])))
        told = {
            "name": called,
            "file": None,
            "frames": len(posed),
            "fps": self.job.fps,
            "loop": loops,
            "ahead_metres": round(float(gone[2]), 4),
            "left_metres": round(float(gone[0]), 4),
            "left_degrees": round(turned, 2),
        }
        return _Made(called, written, told)

    def _sampled(self, action: bpy.types.Action) -> dict[str, np.ndarray]:
        """Return the matrices (F, 4, 4), Y-up world, of the bones that are needed, at a whole number of frames."""
        first, last = actions.frame_range(action, actions.slot_for(action, self.armature))
        count = round((last - first) / self.rate * self.job.fps) + 1
        if count > _MOST_FRAMES:
            raise InputError(f"{count} frames are too many for a clip", "Cut it into shorter ones")
        if count < 2:
            raise InputError("A clip of a single frame is not a motion", "Give an Action of two frames or more")
        poses = {bone: np.zeros((count, 4, 4)) for bone in self.game.needed}
        worlds = np.zeros((count, 4, 4))
        with stage.staged(self.armature, action, self.scene) as (scene, staged):
            stage.evaluate(scene, staged, np.linspace(first, last, count), poses, worlds, float("inf"))
        return {bone: worlds @ matrices for bone, matrices in poses.items()}

    def keep(self, one: _Made) -> None:
        """Write a clip, or lay it by for the one file; the character before the first. Raises InputError where a file
        cannot be written."""
        job = self.job
        if self.meshes is None:
            self._begin()
        if job.one_file:
            one.told["file"] = self._whole.name
            self.together[one.name] = one.action
        else:
            one.told["file"] = (
                f"{self.engine.clip_file.format(clip=one.name, character=job.character)}{self._whole.suffix}"
            )
            self._save(job.folder / one.told["file"], [], {one.name: one.action})
            exporters.lay_out(self.made, {})
            bpy.data.actions.remove(one.action)
        self.told.append(one.told)
        if not job.one_file:
            self._list()

    def finish(self) -> None:
        """Write what was laid by. Raises InputError where a file cannot be written."""
        if self.together:
            self._save(self._whole, self.meshes, self.together)
            self._list()

    @property
    def _whole(self) -> Path:
        return self.job.folder / f"{self.job.character}{self.engine.suffix}"

    def _begin(self) -> None:
        """Hang the meshes onto the new skeleton, set rate and unit, and write the character."""
        job, engine = self.job, self.engine
        self.meshes = [each for each in exporters.with_meshes(self.armature) if each.type == "MESH"]
        if not engine.r15:
            self.meshes = game_armature.take_meshes(
                self.meshes, self.armature, self.made, self.game.home, engine.per_metre
            )
        render, units = self.scene.render, self.scene.unit_settings
        render.fps = max(1, round(job.fps))
        render.fps_base = render.fps / job.fps
        units.system, units.scale_length = "METRIC", 1.0 / engine.per_metre
        if self.meshes and not engine.r15 and not job.one_file:
            self._save(self._whole, self.meshes, {})

    def _list(self) -> None:
        """Write the list of clips, whole or not at all."""
        told = {"engine": self.job.engine, "character": self.job.character, "root": self.game.names[0]}
        told |= {"options": self.job.options} if self.job.options else {}
        text = json.dumps({**told, "clips": self.told}, indent=2) + "\n"
        unfinished = self.job.list_file.with_name(f".{self.job.list_file.name}.part")
        try:
            unfinished.write_text(text, encoding="utf-8")
            unfinished.replace(self.job.list_file)
        except OSError as error:
            unfinished.unlink(missing_ok=True)
            told = f"{self.job.list_file} cannot be written: {error.strerror}"
            raise InputError(told, "Choose a folder that you may write to") from None

    def _save(self, path: Path, meshes: list[bpy.types.Object], clips: dict[str, bpy.types.Action]) -> None:
        own = self.armature.name, self.armature.data.name  # by which slots of its Actions are found again
        self.armature.name = self.armature.data.name = "source"
        self.made.name = self.made.data.name = self.engine.node or self.job.character
        try:
            exporters.lay_out(self.made, clips)
            exporters.select([self.made, *meshes])
            if path.suffix == ".glb":
                exporters.write_glb(path, animated=bool(clips))
            else:
                exporters.write_fbx(path, animated=bool(clips), z_up=self.engine.z_up)
        finally:
            self.made.name = self.made.data.name = "game"
            self.armature.name, self.armature.data.name = own


def _described(told: dict) -> str:
    parts = [f"{told['frames']} frames", "loops" if told["loop"] else ""]
    if told["ahead_metres"] or told["left_metres"] or told["left_degrees"]:
        parts.append(f"the root goes {told['ahead_metres']:g} m ahead, {told['left_metres']:g} m left")
        parts.append(f"and turns {told['left_degrees']:g} degrees left" if told["left_degrees"] else "")
    return ", ".join(filter(None, parts))


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"{folder} is not a folder that can be written to: {error.strerror}", "Name another"
        ) from error
