"""What one of our commands writes, the others read: the same joints within 5 mm, every frame, at the same rate."""

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")
pytest.importorskip("scipy")  # the runtime's readers need it

from rigs import mixamo, new_scene, walking  # noqa: E402

from coamd_blender.anim.read_action import read_action  # noqa: E402
from coamd_blender.motion import skeleton  # noqa: E402
from coamd_blender.tools import retarget_clip, scenes  # noqa: E402
from runtime.formats.bvh_write import write_bvh  # noqa: E402
from runtime.formats.npz import read_npz  # noqa: E402
from runtime.formats.read import read_at_own_rate  # noqa: E402
from runtime.formats.writing import write  # noqa: E402

RATES = (20.0, 24.0, 30.0)
FRAMES = 41
NEAR = 0.005


def motion():
    joints = skeleton.with_bone_lengths(walking(FRAMES))
    return (joints - np.array([joints[0, 0, 0], 0, joints[0, 0, 2]])).astype(np.float32)


def same(found, rate, fps):
    assert rate == pytest.approx(fps, rel=1e-4) and len(found) == FRAMES
    wanted = motion()
    left = [(places[0, 1] - places[0, 2])[[0, 2]] for places in (found, wanted)]
    (a, b), (c, d) = left
    turn = np.arctan2(b * c - a * d, a * c + b * d)  # files are read facing +Z, which the first frame says variously
    about = np.array([[np.cos(turn), 0, np.sin(turn)], [0, 1, 0], [-np.sin(turn), 0, np.cos(turn)]])
    found, wanted = (places - places[:1, :1] * (1, 0, 1) for places in (np.asarray(found, float), wanted))
    assert np.linalg.norm(found @ about.T - wanted, axis=-1).max() < NEAR


def carried(tmp_path, fps, suffix):
    """The motion on a rig of the canonical proportions, written by the command line."""
    clip, rig, out = tmp_path / "clip.npz", tmp_path / "rig.blend", tmp_path / f"out{suffix}"
    np.savez(clip, joints=motion(), fps=fps)
    new_scene()
    mixamo("")
    bpy.ops.wm.save_as_mainfile(filepath=str(rig))
    assert retarget_clip.main([str(clip), str(rig), str(out), "--contact", "off"]) == 0
    return out


def action_of(path, fps):
    armature = scenes.open_rig(path, "")
    if path.suffix == ".bvh":
        scenes.set_rate(fps)
    reading = read_action(armature, fps=None)
    return reading.joints, reading.fps


@pytest.mark.parametrize("fps", RATES)
def test_clips_as_arrays_and_as_bvh(tmp_path, fps):
    clip, out = tmp_path / "clip.npz", tmp_path / "out.bvh"
    np.savez(clip, joints=motion(), fps=fps)
    (read,) = read_npz(clip)
    same(read.positions, read.fps, fps)
    write_bvh(out, motion(), fps)
    same(*read_at_own_rate(out), fps)


@pytest.mark.parametrize("fps", RATES)
@pytest.mark.parametrize("writer", ["bvh", "glb", "carried bvh", "carried blend", "carried glb", "carried fbx"])
def test_files_read_as_actions(tmp_path, writer, fps):
    if writer in ("bvh", "glb"):
        path = tmp_path / f"out.{writer}"
        write(path, motion(), fps)
    else:
        path = carried(tmp_path, fps, f".{writer.removeprefix('carried ')}")
    same(*action_of(path, fps), fps)


@pytest.mark.parametrize("fps", RATES)
def test_a_characters_bvh_read_by_the_command_line(tmp_path, fps):
    same(*read_at_own_rate(carried(tmp_path, fps, ".bvh")), fps)
