"""Every file that a character's motion is written to, read again: by Blender and, where it can, by the command line.

Five kinds of rig, every writer on each, three rates among them: the bones within 5 mm, every frame, at the same rate.
"""

from itertools import product

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from mathutils import Euler, Matrix  # noqa: E402
from rigs import evaluated_heads, metarig, mixamo, new_scene, walking  # noqa: E402
from test_output import rooted  # noqa: E402

from coamd_blender.anim import write_action  # noqa: E402
from coamd_blender.retarget import detect  # noqa: E402
from coamd_blender.tools import scenes  # noqa: E402

RATES = (20.0, 24.0, 30.0)
FRAMES, NEAR = 21, 0.005


def imported_like():
    """Bones a hundred times as large under an object that is scaled and turned, as importers of FBX leave them."""
    rig = mixamo("", rolled=True)
    turn = Euler((np.pi / 2, 0, 0)).to_matrix().to_4x4()
    rig.data.transform(turn.inverted() @ Matrix.Scale(100, 4))
    rig.matrix_world = turn @ Matrix.Scale(0.01, 4)
    return rig


def with_root():
    """A root bone above the hips, and nothing else in the scene."""
    rig = rooted()
    for other in [each for each in bpy.data.objects if each != rig]:
        bpy.data.objects.remove(other)
    return rig


KINDS = {
    "T-pose": lambda: mixamo(""),
    "A-pose, rolled": lambda: mixamo(rolled=True, lowered=0.7),
    "metarig": metarig,
    "root bone": with_root,
    "as imported": imported_like,
}
WRITERS = (".bvh", ".glb", ".fbx", ".blend")
CASES = [
    (kind, suffix, RATES[(row + column) % len(RATES)])
    for (row, kind), (column, suffix) in product(enumerate(KINDS), enumerate(WRITERS))
]


def written(kind, suffix, fps, folder):
    """Write the motion on a rig; return the file, the bones that play joints, and where they are (F, N, 3)."""
    new_scene()
    rig = KINDS[kind]()
    scenes.set_rate(fps)
    names = list(detect([bone.name for bone in rig.data.bones]).bones.values())
    options = {"source_fps": fps, "start_frame": 1, "contact": "off"}
    action = write_action.apply_motion(rig, walking(FRAMES).astype(np.float32), **options)
    scenes.show_all_of(action)
    places = evaluated_heads(rig, names, range(1, FRAMES + 1))
    path = folder / f"out{suffix}"
    if suffix == ".blend":
        scenes.save_blend(path)
    elif suffix == ".bvh":
        scenes.save_bvh(rig, path)
    else:
        scenes.save_exported(rig, path)
    return path, names, places


@pytest.mark.parametrize(("kind", "suffix", "fps"), CASES)
def test_what_is_written_is_read(kind, suffix, fps, tmp_path):
    path, names, wanted = written(kind, suffix, fps, tmp_path)
    rig = scenes.open_rig(path, "")
    scene, action = bpy.context.scene, rig.animation_data.action or bpy.data.actions[0]
    rig.animation_data.action = action
    if suffix != ".bvh":  # of which Blender takes the frames, and leaves the scene its rate
        assert scene.render.fps / scene.render.fps_base == fps
    first, last = action.frame_range
    assert last - first == FRAMES - 1
    found = evaluated_heads(rig, names, np.arange(round(first), round(last) + 1))
    assert np.linalg.norm(found - wanted, axis=-1).max() < NEAR
    if suffix not in (".bvh", ".glb"):
        return
    pytest.importorskip("scipy")  # the command line's readers need it
    from runtime.formats.read import read

    (clip,) = read(path)
    assert clip.fps == fps and len(clip.positions) == FRAMES
    found = clip.positions[:, [clip.names.index(name) for name in names]]
    assert np.linalg.norm(found - wanted, axis=-1).max() < NEAR
