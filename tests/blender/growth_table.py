"""How the add-on's work on Blender's main thread grows: over frames, over bones, over Actions in the file.

    python tests/blender/growth_table.py [--bones 65 3000] [--frames 600 12000] [--actions 10 10000] [--keys 12000]
                                          [--live 240 2400]

Milliseconds of processor time of this thread, the least of three runs: what else the machine does counts little.
"""

import argparse
import sys
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parent)]

import bpy  # noqa: E402
import numpy as np  # noqa: E402
import rigs  # noqa: E402
from test_addon_panels import drawn  # noqa: E402

import coamd_blender  # noqa: E402
from coamd_blender.anim import actions, plan, range_edit, range_keys, stepwise, targets, write_action  # noqa: E402
from coamd_blender.anim.read_action import read_steps  # noqa: E402
from coamd_blender.anim.steps import Call  # noqa: E402
from coamd_blender.blocks import tracks  # noqa: E402
from coamd_blender.blocks.arrange import Block  # noqa: E402
from coamd_blender.edit import live, pending  # noqa: E402


def milliseconds(function, runs=3):
    """Return the least processor time of ``function()`` in milliseconds."""
    taken = []
    for _ in range(runs):
        start = time.thread_time()
        function()
        taken.append(time.thread_time() - start)
    return 1000 * min(taken)


def steps_of(generator):
    """Run a generator to its end; return milliseconds of its longest step on the main thread and of all of them, and
    of what a thread does for it."""
    taken, beside, made = [], 0.0, None
    while True:
        start = time.thread_time()
        try:
            yielded = generator.send(made)
        except StopIteration:
            taken.append(time.thread_time() - start)
            return 1000 * max(taken), 1000 * sum(taken), 1000 * beside
        taken.append(time.thread_time() - start)
        start, made = time.thread_time(), yielded.run() if isinstance(yielded, Call) else None
        beside += time.thread_time() - start


def rig_with(bones):
    """A 65-bone rig in an empty scene, with bones that nothing is mapped to, up to ``bones`` of them."""
    rigs.new_scene()
    armature = rigs.mixamo()
    bpy.ops.object.mode_set(mode="EDIT")
    for number in range(bones - len(armature.data.edit_bones)):
        bone = armature.data.edit_bones.new(f"hair_{number}")
        bone.head, bone.tail = (0.01 * (number % 50), 0.1, 1.6), (0.01 * (number % 50), 0.1, 1.65)
        bone.parent = armature.data.edit_bones["mixamorig:Head"]
    bpy.ops.object.mode_set(mode="OBJECT")
    return armature


def bones_row(bones):
    """Return what the bones of a rig cost: panel redraws, reading it before a motion is written, planning."""
    armature = rig_with(bones)
    targets.coverage(armature)
    joints = rigs.walking(196)
    options = targets.rig_options(armature)
    target = write_action.read_target(armature, **options)
    return {
        "redraw": milliseconds(lambda: targets.shown_coverage(armature)),
        "coverage": milliseconds(lambda: targets.coverage(armature)),
        "read_target": milliseconds(lambda: write_action.read_target(armature, **options)),
        "renewed": milliseconds(lambda: write_action.renewed(target, armature)),
        "plan (thread)": milliseconds(lambda: plan.plan_motion(target, joints), runs=1),
    }


def frames_row(frames, bones=65):
    """Return what writing and reading ``frames`` frames costs: the longest step of the main thread, and all of them."""
    armature = rig_with(bones)
    mapping, options = targets.coverage(armature).mapping, targets.rig_options(armature)
    place = stepwise.Destination(
        write_action.read_target(armature, **options), armature.session_uid, bpy.context.scene.session_uid,
        stepwise.ACTION, "again",
    )  # fmt: skip
    longest, whole, solved = steps_of(stepwise.write_keys(place, [(rigs.walking(frames), "Walk")], 20.0))
    told = {"longest step of writing": longest, "whole": whole, "solving (thread)": solved}
    told["Blender's own update"] = milliseconds(bpy.context.view_layer.update, runs=1)  # before its next redraw
    longest, whole, solved = steps_of(read_steps(armature, armature.animation_data.action, mapping=mapping))
    return told | {"longest step of reading": longest, "whole of it": whole, "joints (thread)": solved}


def keys_row(count):
    """Return what editing 61 of a curve's ``count`` keys costs: the longest step of the main thread, and all."""
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    thing = bpy.data.objects.new("Thing", None)
    curve = actions.new_curve(actions.container(actions.new("Keys", thing)), "location", 0, "")
    curve.keyframe_points.add(count)
    range_keys.write_keys(
        curve, range_keys.fresh_keys(np.arange(count) + 1.0, np.sin(np.arange(count) / 9)), np.zeros(count, bool)
    )
    middle = count // 2
    made = range_keys.fresh_keys(np.arange(middle, middle + 61), np.zeros(61))

    def edited():
        source = range_keys.SourceCurve(range_keys.read_keys(curve), False, curve.evaluate)
        merged, old = range_keys.replaced(source, range_keys.Range(middle, middle + 60, 1, count), made)
        yield
        yield from range_keys.write_steps(lambda: curve, merged, old)

    longest, whole, _ = steps_of(edited())
    return {"longest step of editing": longest, "whole": whole}


def live_row(frames):
    """Return what live in-between costs beside reading and solving, 48 of an Action's ``frames`` made anew: noting the
    pose, and the longest step of writing, and all of it."""
    armature, scene = rig_with(65), bpy.context.scene
    write_action.apply_motion(armature, rigs.walking(frames), source_fps=24, start_frame=1, name="Walk")
    walk, first, last = armature.animation_data.action, 97, 144
    pending.offer(scene, armature, walk, walk.copy(), pending.slot_handle(armature, walk), (first, last), ())
    live.start(bpy.context)
    settings, curves = scene.coamd_edit, live._watched(scene.coamd_edit)
    area, times = range_keys.Range(first, last, 1, frames), np.arange(first, last + 1.0)
    channels = [
        range_edit.Channel(area, path, index, "", range_keys.fresh_keys(times, np.sin(times / 9 + index)))
        for path, index in curves
    ]
    uids = scene.session_uid, settings.preview.session_uid
    runs = [steps_of(live._written(*uids, area, tuple(channels)))[:2] for _ in range(3)]
    posed = milliseconds(lambda: live._set_pose(settings, dict.fromkeys(curves, 0.1), 5))
    live.stop()
    longest, whole = min(runs)
    return {"noting the pose": posed, "longest step of writing": longest, "whole": whole}


def polls():
    """Ask every operator of the add-on whether it can run, as buttons do at every redraw."""
    for name in dir(bpy.ops.coamd):
        getattr(bpy.ops.coamd, name).poll()


def panels():
    """Draw every panel of the add-on that is to be seen."""
    for name in dir(bpy.types):
        if name.startswith("COAMD_PT_") and getattr(getattr(bpy.types, name), "poll", lambda _: True)(bpy.context):
            drawn(name)


def actions_row(count):
    """Return what the number of Actions in the file costs: finding one of them again, draws, polls, a look of live
    in-between."""
    armature = rig_with(65)
    for number in range(count):
        last = actions.new(f"Action {number}", armature)
    uid = last.session_uid
    tracks.write(armature, [Block(key, 60 * key - 59, 60 * key, "a person walks", key) for key in range(1, 6)])
    write_action.apply_motion(armature, rigs.walking(60), source_fps=24, start_frame=1, name="Walk")
    walk = armature.animation_data.action
    pending.offer(bpy.context.scene, armature, walk, walk.copy(), pending.slot_handle(armature, walk), (20, 40), ())
    live.start(bpy.context)
    bpy.context.scene.frame_set(30)
    found = {
        "found again": milliseconds(lambda: targets.by_uid(bpy.data.actions, uid)),
        "coverage": milliseconds(lambda: targets.shown_coverage(armature)),
        "draws of all panels": milliseconds(panels),
        "states of a track": milliseconds(lambda: tracks.states(armature)),
        "polls of all operators": milliseconds(polls),
        "a look of live in-between": milliseconds(live.tick),
    }
    live.stop()
    return found


def main():
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bones", type=int, nargs="*", default=[65, 3000])
    parser.add_argument("--frames", type=int, nargs="*", default=[600, 12000])
    parser.add_argument("--actions", type=int, nargs="*", default=[10, 10000])
    parser.add_argument("--live", type=int, nargs="*", default=[240, 2400])
    parser.add_argument("--keys", type=int, nargs="*", default=[600, 12000])
    args = parser.parse_args()
    coamd_blender.register()
    for name, sizes, row in (
        ("bones", args.bones, bones_row), ("frames", args.frames, frames_row), ("Actions", args.actions, actions_row),
        ("keys", args.keys, keys_row), ("frames, live", args.live, live_row),
    ):  # fmt: skip
        for size in sizes:
            print(f"{size:>6} {name}: " + ", ".join(f"{what} {took:.2f} ms" for what, took in row(size).items()))


if __name__ == "__main__":
    np.seterr(all="raise", under="ignore")
    main()
