"""The table of docs/retargeting.md: figures over many rigs and clips, beside two baselines; as Markdown.

Run: ``PYTHONPATH=. python tests/blender/retarget_table.py --clips MOTIONS.npy CLIPS.jsonl [--take 50] [--rigs 200]``
(``--ours`` leaves the baselines out, which take most of the time and change with the clips alone.)

The rigs of this file are posed by Blender from the keys that were written, feet locked strictly or left free; those
of the rig folder and those drawn at random by the rig model's own kinematics. Baselines know no constraints, no keys.
"""

import argparse
import sys
import time
from itertools import chain
from pathlib import Path

import bpy
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "retarget"))

import baselines
import quality_table
import synthetic
from glb import RIG_FOLDER, read_glb_rig
from rigs import metarig, mixamo, new_scene

from coamd_blender.anim import write_action
from coamd_blender.character import figure as character_figure
from coamd_blender.motion import rotations as rot
from coamd_blender.motion import skeleton
from coamd_blender.motion.contacts import detect_contacts, floor_offset
from coamd_blender.retarget import detect_rig, quality
from coamd_blender.retarget.body import read_rest


def stretched(rig_object):
    """The rig twice as large, with long arms and short legs."""
    bpy.ops.object.mode_set(mode="EDIT")
    bones = rig_object.data.edit_bones
    shoulders, hips = ({side: bones[f"{side}{part}"].head.copy() for side in ("Left", "Right")} for part in PARTS)
    for bone in bones:
        for side in ("Left", "Right"):
            arm, leg = ((side in bone.name) and any(part in bone.name for part in parts) for parts in (ARM, LEG))
            for end in ("head", "tail") if arm or leg else ():
                centre, factor = (shoulders[side], 1.4) if arm else (hips[side], 0.75)
                setattr(bone, end, centre + (getattr(bone, end) - centre) * factor)
    bpy.ops.object.mode_set(mode="OBJECT")
    rig_object.scale = (2, 2, 2)
    return rig_object


PARTS, ARM, LEG = ("Arm", "UpLeg"), ("Arm", "Hand"), ("Leg", "Foot", "Toe")
RIGS = {
    "CoAMD's character": lambda: character_figure.create_character(bpy.context),
    "Rigify metarig": metarig,
    "Rigify generated rig, FK controls": lambda: metarig("generated"),
    "Mixamo names, T-pose, 65 bones": lambda: mixamo(),
    "Mixamo names, A-pose, rolled bones": lambda: mixamo(rolled=True, lowered=0.8),
    "Long arms, short legs, twice as large": lambda: stretched(mixamo("")),
}


def evaluated(rig_object, target, frames):
    """The Posed of an animated armature as Blender evaluates it."""
    mapping, rig = target.mapping, target.rig
    body = read_rest(target.control.bones if target.control else rig, mapping)
    deform = {joint: bone.replace("ORG-", "DEF-", 1) for joint, bone in mapping.bones.items()}
    carriers = {joint: quality._carrier(rig, mapping, joint) for joint in body.hinges}
    if target.control:
        carriers = {joint: rig.index[mapping.bones[joint]] for joint in body.hinges}
    places = {joint: np.zeros((len(frames), 3)) for joint in mapping.bones}
    hinges = {joint: np.zeros((len(frames), 3)) for joint in carriers}
    for row, frame in enumerate(frames):
        bpy.context.scene.frame_set(int(frame))
        posed = rig_object.evaluated_get(bpy.context.evaluated_depsgraph_get())
        for joint, bone in deform.items():
            places[joint][row] = posed.matrix_world @ posed.pose.bones[bone].head
        for joint, bone in carriers.items():
            turn = np.array(posed.pose.bones[rig.names[bone]].matrix)[:3, :3] @ rig.rest[bone, :3, :3].T
            hinges[joint][row] = rot.unit(rig.world[:3, :3] @ turn @ body.hinges[joint])
    return quality.Posed({joint: skeleton.to_y_up(way) for joint, way in places.items()}, hinges), body


def keyed(rig_object, joints, contact):
    """The Posed of one clip with keys written, what it was solved for, and the processor time spent, milliseconds."""
    started = time.process_time()
    target = write_action.read_target(rig_object, start_frame=1)
    action = write_action.apply_motion(rig_object, joints, start_frame=1, contact=contact, mapping=target.mapping)
    spent = 1e3 * (time.process_time() - started)
    posed, body = evaluated(rig_object, target, range(1, len(joints) + 1))
    bpy.data.actions.remove(action)
    return posed, target.control.bones if target.control else target.rig, body, spent


def compare(rig_object, joints, with_baselines):
    """Method to Quality of one clip, and the processor time of solving and keying it, milliseconds."""
    posed, rig, body, spent = keyed(rig_object, joints, "strict")
    floor = floor_offset(joints)
    standing = detect_contacts(joints, skeleton.FPS, floor)
    found = {
        "ours": posed,
        "ours, feet free": keyed(rig_object, joints, "off")[0],
    }
    if with_baselines:
        found["shortest rotation"] = baselines.shortest_rotation(rig, body, joints, floor)
        found["inverse kinematics"] = baselines.inverse_kinematics(rig, body, joints, floor)
    measured = {
        name: quality.measure(each, rig, body, joints, standing, skeleton.FPS, place="object")
        for name, each in found.items()
    }
    return measured, spent


def blender_rows(clips, with_baselines):
    """(rig, method to figures (clips, figures), milliseconds) of every rig of this file."""
    for name, make in RIGS.items():
        new_scene()
        rig_object = make()
        bpy.context.view_layer.update()
        rows, times = {}, []
        for joints in clips:
            measured, spent = compare(rig_object, joints, with_baselines)
            times.append(spent)
            for method, figures in measured.items():
                rows.setdefault(method, []).append([getattr(figures, figure) for figure in quality_table.FIGURES])
        yield name, {method: np.array(values) for method, values in rows.items()}, np.median(times)


def other_rows(clips, count, with_baselines):
    """As :func:`blender_rows`, of the rig folder and of rigs drawn at random, each of which meets one clip."""
    for path in sorted(RIG_FOLDER.glob("*.glb")):
        rig = read_glb_rig(path)
        yield path.stem, quality_table.gather([(rig, detect_rig(rig))], clips, with_baselines=with_baselines), None
    parts = {}
    for seed in range(count):
        rig, clip = synthetic.random_rig(seed), clips[seed % len(clips)]
        for method, values in quality_table.gather([rig], [clip], with_baselines=with_baselines).items():
            parts.setdefault(method, []).append(values)
    if parts:
        yield f"{count} rigs drawn at random", {name: np.concatenate(values) for name, values in parts.items()}, None


METHODS = ("ours", "ours, feet free", "shortest rotation", "inverse kinematics")
COLUMNS = {
    "direction": ("direction, degrees", 2),
    "position": ("position, % of leg", 2),
    "skate": ("foot speed, m/s", 3),
    "skate_worst": ("worst foot speed", 3),
    "penetration": ("penetration, cm", 2),
    "hinge": ("hinge, degrees", 2),
    "backward": ("bent backwards, frames", 0),
    "jerk": ("jerk ratio", 2),
}


def show(name, rows, spent):
    """One line a method."""
    for method in (each for each in METHODS if each in rows):
        values = dict(zip(quality_table.FIGURES, quality_table.summary(rows[method]), strict=True))
        cells = [f"{values[figure]:.{digits}f}" for figure, (_, digits) in COLUMNS.items()]
        cells.append(f"{spent:.0f}" if spent is not None and method == "ours" else "")
        print(f"| {name if method == 'ours' else ''} | {method} | " + " | ".join(cells) + " |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rigs", type=int, default=200, help="rigs drawn at random")
    parser.add_argument("--clips", nargs=2, metavar=("MOTIONS", "LIST"), help="prepared data; else made-up clips")
    parser.add_argument("--take", type=int, default=50, help="clips of the prepared data")
    parser.add_argument("--ours", action="store_true", help="without the baselines")
    arguments = parser.parse_args()
    made_up = [make() for make in synthetic.CLIPS.values()]
    clips = quality_table.real_clips(*arguments.clips, arguments.take) if arguments.clips else made_up
    both = not arguments.ours
    print(f"{len(clips)} clips, {sum(map(len, clips))} frames, Blender {bpy.app.version_string}\n")
    print("| rig | method | " + " | ".join(title for title, _ in COLUMNS.values()) + " | solve and keys, ms |")
    print("|---" * (len(COLUMNS) + 3) + "|")
    for name, rows, spent in chain(blender_rows(clips, both), other_rows(clips, arguments.rigs, both)):
        show(name, rows, spent)
    small, large = 1e3 * quality_table.timing(196, 65), 1e3 * quality_table.timing(1200, 300)
    print(f"\nSolving 196 frames on 65 bones: {small:.0f} ms; 1,200 frames on 300 bones: {large:.0f} ms")


if __name__ == "__main__":
    main()
