"""Which bone plays which joint of a rig whose names and rest pose say nothing, by how its Action moves it."""

from __future__ import annotations

import bpy
import numpy as np

from ..retarget.tree import guess_by_tree
from . import actions, rig_settings, stage, targets
from .armature import parents_of

_POSES = 24  # of the Action that are looked at


def bones_by_motion(armature: bpy.types.Object) -> dict[str, str] | None:
    """Return joint to bone by the tree of the bones, their lengths and what bends in the Action in use.

    None without an Action, and where no person is seen in it.
    """
    data = armature.animation_data
    if data is None or data.action is None:
        return None
    names = armature.data.bones.keys()
    first, last = actions.frame_range(data.action, actions.slot_for(data.action, armature))
    times = np.linspace(first, last, _POSES)
    poses, worlds = {name: np.zeros((_POSES, 4, 4)) for name in names}, np.zeros((_POSES, 4, 4))
    with stage.staged(armature, data.action, bpy.context.scene) as (scene, staged):
        stage.evaluate(scene, staged, times, poses, worlds, float("inf"))
    heads = np.stack([poses[name][:, :3, 3] for name in names], axis=1)
    parents = parents_of(armature.data.bones)
    away = np.linalg.norm(heads - heads[:, parents], axis=-1)
    lengths = np.where(np.array(parents) < 0, 0.0, np.median(away, axis=0))
    return guess_by_tree(names, parents, lengths, heads)


def find(armature: bpy.types.Object) -> targets.Coverage:
    """Return how much of an armature, of which too little is by name and shape, is understood by its Action's motion:
    what is found becomes its own mapping."""
    bones = bones_by_motion(armature)
    if bones is not None:
        rig_settings.set_own_joints(armature, bones, "Guessed by its motion")
    return targets.coverage(armature)
