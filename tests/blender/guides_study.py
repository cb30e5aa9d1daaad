"""Generate led by poses, places and a hold, with the bundled weights: measured on a rig, by Blender's own evaluation.

    .venv/bin/python tests/blender/guides_study.py [--seeds N] [--only PART] [--joints FOLDER]

For each prompt and seed: how far bones' heads, less the pelvis, are from each pose that was given, at its frame (cm);
how far the pelvis passes from each place (cm), and how far hips and shoulders look aside from its -Y (degrees); how far
the hand is from what it holds (cm); how fast toes that are low move over the ground (m/s), and the largest
acceleration, a mean over joints (m/s^2). ``--joints`` keeps what was made of the first seed, as npz.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import bpy
import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]

import rigs  # noqa: E402

import coamd_blender  # noqa: E402
from coamd_blender.anim import write_action  # noqa: E402
from coamd_blender.anim.read_action import read_action  # noqa: E402
from coamd_blender.setup import preferences  # noqa: E402

RATE, FRAMES = 24, 120
HIPS, HAND = "mixamorig:Hips", "mixamorig:LeftHand"
ACROSS = [("mixamorig:LeftUpLeg", "mixamorig:RightUpLeg"), ("mixamorig:LeftArm", "mixamorig:RightArm")]


def begin() -> bpy.types.Object:
    """An empty file, the add-on with the real runtime, a rig at rest; return it."""
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    scene = bpy.context.scene
    scene.render.fps = RATE
    armature = rigs.mixamo()
    scene.frame_set(1)
    settings = scene.coamd
    settings.variants, settings.random_seed, settings.length_in, settings.frames = 1, False, "FRAMES", FRAMES
    return armature


def bend(armature: bpy.types.Object, bone: str, axis: str, degrees: float) -> None:
    """Turn a bone about one of its own axes."""
    posed = armature.pose.bones[f"mixamorig:{bone}"]
    posed.rotation_mode = "XYZ"
    setattr(posed.rotation_euler, axis, np.radians(degrees))


def place(name: str, x: float, y: float, frame: int | None = None, facing: float | None = None) -> None:
    """An empty on the ground, in the list of places: Blender's metres; ``facing`` turns it about Z, degrees."""
    empty = bpy.data.objects.new(name, None)
    bpy.context.collection.objects.link(empty)
    empty.location = (x, y, 0)
    row = bpy.context.scene.coamd.guides.places.add()
    row.object, row.use_frame, row.frame = empty, frame is not None, frame or 60
    if facing is not None:
        row.facing, empty.rotation_euler.z = True, np.radians(facing)
    bpy.context.view_layer.update()


def rail(x: float, y: float, z: float, first: int, last: int) -> None:
    """An empty that the left hand is held at."""
    empty = bpy.data.objects.new("Rail", None)
    bpy.context.collection.objects.link(empty)
    empty.location = (x, y, z)
    guides = bpy.context.scene.coamd.guides
    guides.hold_target, guides.hold_joint, guides.hold_first, guides.hold_last = empty, "left_wrist", first, last
    bpy.context.view_layer.update()


def keyed(armature: bpy.types.Object, frame: int, x: float, y: float, bends: list[tuple[str, str, float]]) -> None:
    """Key a pose of the whole rig, the hips moved over the ground, and mark it."""
    for bone in armature.pose.bones:
        bone.rotation_mode = "XYZ"
        bone.rotation_euler = (0, 0, 0)
    for each in bends:
        bend(armature, *each)
    hips = armature.pose.bones[HIPS]
    hips.matrix = hips.bone.matrix_local
    bpy.context.view_layer.update()
    matrix = hips.matrix.copy()
    matrix.translation = armature.matrix_world.inverted() @ (
        armature.matrix_world @ hips.bone.head_local + type(matrix.translation)((x, y, 0))
    )
    hips.matrix = matrix
    hips.keyframe_insert("location", frame=frame)
    for bone in armature.pose.bones:
        bone.keyframe_insert("rotation_euler", frame=frame)
    bpy.context.scene.timeline_markers.new(f"P{frame}", frame=frame)


ARMS_UP = [("LeftArm", "x", -70), ("RightArm", "x", -70)]
KNEEL = [("LeftUpLeg", "x", -60), ("LeftLeg", "x", 90), ("RightUpLeg", "x", -20), ("RightLeg", "x", 40)]
BOW = [("Spine", "x", 35), ("Spine1", "x", 25), ("LeftArm", "x", 60), ("RightArm", "x", 60)]


def wave_from_a_pose(armature):
    for each in BOW:
        bend(armature, *each)
    bpy.context.scene.coamd.guides.start_in_pose = True


def walk_through_places(armature):
    place("A", 0.3, -2.0)
    place("B", 1.5, -3.2)
    place("C", 3.0, -3.4, facing=90)


def walk_to_timed_places(armature):
    place("A", -1.0, -1.2, 50)
    place("B", -1.2, -3.6, 110, facing=-45)


def walk_from_a_pose_to_a_place(armature):
    for each in KNEEL:
        bend(armature, *each)
    bpy.context.scene.coamd.guides.start_in_pose = True
    place("A", 1.0, -3.0, 110, facing=60)


def key_poses(armature):
    keyed(armature, 1, 0, 0, BOW)
    keyed(armature, 50, 0.4, -1.6, ARMS_UP)
    keyed(armature, 100, 0.0, -3.4, BOW)
    guides = bpy.context.scene.coamd.guides
    guides.start_in_pose = guides.keep_poses = True
    bpy.context.scene.frame_set(1)


def key_poses_in_place(armature):
    keyed(armature, 1, 0, 0, [])
    keyed(armature, 45, 0, 0, ARMS_UP)
    keyed(armature, 90, 0, 0, BOW)
    guides = bpy.context.scene.coamd.guides
    guides.start_in_pose = guides.keep_poses = True
    bpy.context.scene.frame_set(1)


def hand_on_a_rail(armature):
    place("Stand", 0.0, -2.4, 70)
    place("Stay", 0.0, -2.5, 115)
    rail(0.45, -2.5, 1.0, 75, 110)


def hand_on_a_rail_at_once(armature):
    rail(0.35, -0.25, 1.05, 30, 90)


def goes_on_to_a_place(armature):
    write_action.apply_motion(armature, rigs.walking(60), source_fps=24, start_frame=1, name="Walk")
    bpy.context.scene.frame_set(60)
    hips = head(armature, HIPS, 60)
    place("A", hips[0] + 1.0, hips[1] - 2.0, 120)
    place("B", hips[0] + 2.6, hips[1] - 2.4, 180, facing=90)


SCENES = {
    wave_from_a_pose: ["a person waves with the right hand", "a person stretches"],
    walk_through_places: ["a person walks forward", "a tired man walks slowly"],
    walk_to_timed_places: ["a person walks forward", "someone sneaks"],
    walk_from_a_pose_to_a_place: ["a person walks forward"],
    key_poses: ["a person walks forward", "a person moves"],
    key_poses_in_place: ["a person stretches", "a person moves"],
    hand_on_a_rail: ["a person walks forward", "a person walks and leans on a rail"],
    hand_on_a_rail_at_once: ["a person stands", "a person holds on to a rail"],
    goes_on_to_a_place: ["a person walks forward"],
}


def head(armature: bpy.types.Object, bone: str, frame: int) -> np.ndarray:
    """Where a bone's head is in the world at a frame, as evaluated."""
    bpy.context.scene.frame_set(frame)
    posed = armature.evaluated_get(bpy.context.evaluated_depsgraph_get())
    return np.array(posed.matrix_world @ posed.pose.bones[bone].head)


def heads(armature: bpy.types.Object, frame: int) -> np.ndarray:
    """Where the heads of all bones are, less that of the hips: (bones, 3)."""
    names = [bone.name for bone in armature.pose.bones]
    return np.array([head(armature, name, frame) for name in names]) - head(armature, HIPS, frame)


def looks(armature: bpy.types.Object, frame: int) -> np.ndarray:
    """The direction on the ground that hips and shoulders look in: (2,)."""
    across = sum(head(armature, left, frame) - head(armature, right, frame) for left, right in ACROSS)
    return np.array([across[1], -across[0]]) / np.linalg.norm(across[:2])


def measure(make, prompt: str, seed: int, keep: Path | None) -> dict[str, list[float]]:
    """Generate once and return what was measured."""
    armature, settings = begin(), bpy.context.scene.coamd
    make(armature)
    guides, first = settings.guides, bpy.context.scene.frame_current
    marked = [marker.frame for marker in bpy.context.scene.timeline_markers]
    frames = sorted({*([first] if guides.start_in_pose else []), *(marked if guides.keep_poses else [])})
    wanted = {frame: heads(armature, frame) for frame in frames}
    bpy.context.scene.frame_set(first)
    settings.prompt, settings.seed = prompt, seed
    bpy.ops.coamd.generate(wait=True)
    result = {"pose": [100 * float(np.linalg.norm(heads(armature, at) - wanted[at], axis=1).max()) for at in frames]}
    result |= {"place": [], "face": [], "hold": []}
    last = round(armature.animation_data.action.frame_range[1])
    passed = [row for row in guides.places if row.use_frame] or list(guides.places[-1:])
    for row in passed:
        frame = row.frame if row.use_frame else last
        off = head(armature, HIPS, frame)[:2] - np.array(row.object.location[:2])
        result["place"].append(100 * float(np.linalg.norm(off)))
        if row.facing:
            turn = row.object.rotation_euler.z
            front = np.array([np.sin(turn), -np.cos(turn)])  # -Y, turned about Z
            result["face"].append(float(np.degrees(np.arccos(np.clip(looks(armature, frame) @ front, -1, 1)))))
    if not any(row.use_frame for row in guides.places):
        track = np.array([head(armature, HIPS, frame)[:2] for frame in range(first, last + 1)])
        for row in guides.places[:-1]:
            result["place"].append(100 * float(np.linalg.norm(track - row.object.location[:2], axis=1).min()))
    if guides.hold_target is not None:
        for frame in range(guides.hold_first, guides.hold_last + 1):
            off = head(armature, HAND, frame) - np.array(guides.hold_target.location)
            result["hold"].append(100 * float(np.linalg.norm(off)))
    joints = read_action(armature, None, fps=20).joints
    toes = joints[:, [10, 11]]
    low = (toes[1:, :, 1] < 0.05) & (toes[:-1, :, 1] < 0.05)
    speed = 20 * np.linalg.norm(np.diff(toes, axis=0)[..., [0, 2]], axis=-1)
    result["skate"] = [float(speed[low].mean()) if low.any() else 0.0]
    change = 400 * np.linalg.norm(np.diff(joints, n=2, axis=0), axis=-1).mean(axis=1)
    result["acceleration"] = [float(change.max())]
    if keep is not None:
        np.savez(keep / f"{make.__name__}_{prompt.replace(' ', '_')}.npz", joints=joints)
    return result


def main() -> None:
    """Measure all scenes, print a line each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--only", default="", help="part of a scene's name")
    parser.add_argument("--joints", type=Path, help="folder for what was made of the first seed, as npz")
    options = parser.parse_args()
    coamd_blender.register()
    entry = bpy.context.preferences.addons.new()
    entry.module = preferences.EXTENSION
    settings = preferences.get(bpy.context)
    settings.source, settings.python = "PYTHON", sys.executable
    names = ("pose", "place", "face", "hold", "skate", "acceleration")
    print(f"{'':46s}" + "".join(f"{name:>14s}" for name in names) + "   mean/largest", flush=True)
    for make, prompts in SCENES.items():
        if options.only not in make.__name__:
            continue
        for prompt in prompts:
            found = [
                measure(make, prompt, 1 + seed, options.joints if not seed else None) for seed in range(options.seeds)
            ]
            line = f"{make.__name__[:24]:24s} {prompt[:21]:21s}"
            for name in names:
                values = [value for row in found for value in row[name]]
                line += f"{np.mean(values):7.2f}/{max(values):<6.2f}" if values else f"{'':14s}"
            print(line, flush=True)


if __name__ == "__main__":
    main()
