"""An armature posed by Blender itself, in a scene of its own: for whatever keys alone do not tell."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import bpy
import numpy as np

from . import actions
from .armature import Y_UP_FROM_Z_UP


@contextmanager
def staged(armature: bpy.types.Object, action: bpy.types.Action | None, scene: bpy.types.Scene) -> Iterator[tuple]:
    """Yield (scratch scene, armature) to evaluate; with ``action``, a copy of the armature that plays it alone."""
    stage = bpy.data.scenes.new("CoAMD reading")
    stage.render.fps, stage.render.fps_base = scene.render.fps, scene.render.fps_base
    copy = None
    try:
        if action is not None:
            copy = _copy_with(armature, action)
        stage.collection.objects.link(copy or armature)
        yield stage, copy or armature
    finally:
        if copy is not None:
            bpy.data.objects.remove(copy)
        bpy.data.scenes.remove(stage)


def _copy_with(armature: bpy.types.Object, action: bpy.types.Action) -> bpy.types.Object:
    """Copy an armature object so that it plays ``action`` alone and its constraints and drivers point at the copy."""
    slot = actions.slot_for(action, armature)
    copy = armature.copy()
    data = copy.animation_data or copy.animation_data_create()
    data.use_nla = False
    data.action_influence, data.action_blend_type = 1.0, "REPLACE"
    actions.play(copy, action, slot)
    point_to_itself(copy, armature)
    return copy


def point_to_itself(copy: bpy.types.Object, armature: bpy.types.Object) -> None:
    """Let constraints and drivers of a ``copy`` of an armature object that name the ``armature`` name the copy."""
    for bone in copy.pose.bones:
        for constraint in bone.constraints:
            for name in ("target", "pole_target"):
                if getattr(constraint, name, None) == armature:
                    setattr(constraint, name, copy)
            for target in getattr(constraint, "targets", ()):
                if getattr(target, "target", None) == armature:
                    target.target = copy
    for driver in copy.animation_data.drivers if copy.animation_data is not None else ():
        for target in (target for variable in driver.driver.variables for target in variable.targets):
            if target.id == armature:
                target.id = copy


def evaluate(
    stage: bpy.types.Scene,
    armature: bpy.types.Object,
    times: np.ndarray,
    poses: dict[str, np.ndarray],
    worlds: np.ndarray,
    seconds: float,
) -> int:
    """Let Blender pose the armature at times (frames,), as many as ``seconds`` allow and one at least; return how many.

    Bone matrices go into poses, bone name to (frames, 4, 4), metres, armature space; into worlds (frames, 4, 4) goes
    what takes armature space to the Y-up world.
    """
    layer = stage.view_layers[0]
    end = time.perf_counter() + seconds
    for row, moment in enumerate(times):
        stage.frame_set(int(np.floor(moment)), subframe=float(moment - np.floor(moment)))
        posed = armature.evaluated_get(layer.depsgraph)
        bones = posed.pose.bones
        for name, matrices in poses.items():
            matrices[row] = bones[name].matrix
        worlds[row] = Y_UP_FROM_Z_UP @ np.array(posed.matrix_world)
        if time.perf_counter() > end:
            return row + 1
    return len(times)
