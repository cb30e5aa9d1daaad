"""Travel that goes by itself where it does no harm: no mesh is drawn out, no bone of an engine is left behind."""

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from rigs import armature_from, mixamo, new_scene, walking  # noqa: E402

from coamd_blender.anim import armature as reader  # noqa: E402
from coamd_blender.anim import targets, travel, write_action  # noqa: E402
from coamd_blender.anim.plan import WriteOptions, make_target  # noqa: E402

IK = ("ik_foot_root", "ik_foot_l", "ik_foot_r", "ik_hand_root", "ik_hand_gun", "ik_hand_l", "ik_hand_r")


def rooted(more=()):
    """A rig with a root bone above its hips, and ``more`` bones as (name, parent)."""
    new_scene()
    plain = mixamo("")
    bones = {"root": (None, (0, 0, 0), (0, 0.3, 0), 0.0)}
    for bone in plain.data.bones:
        parent = bone.parent.name if bone.parent else "root"
        bones[bone.name] = (parent, bone.head_local[:], bone.tail_local[:], 0.0)
    bpy.data.objects.remove(plain)
    for name, parent in more:
        bones[name] = (parent, (0, 0, 0.02), (0, 0.2, 0.02), 0.0)
    return armature_from(bones, "Rooted")


def mesh_on(rig, weights):
    """A mesh of one vertex a bone, at its head, joined in a row: (bone, weight)."""
    heads = [rig.data.bones[name].head_local for name, _ in weights]
    data = bpy.data.meshes.new("Body")
    data.from_pydata(heads, [(number, number + 1) for number in range(len(heads) - 1)], [])
    body = bpy.data.objects.new("Body", data)
    bpy.context.collection.objects.link(body)
    body.parent = rig
    for number, (name, weight) in enumerate(weights):
        body.vertex_groups.new(name=name).add([number], weight, "REPLACE")
    body.modifiers.new("Armature", "ARMATURE").object = rig
    return body


def lengths(body, frame):
    bpy.context.scene.frame_set(frame)
    mesh = body.evaluated_get(bpy.context.evaluated_depsgraph_get()).to_mesh()
    places = np.array([vertex.co[:] for vertex in mesh.vertices])
    return np.linalg.norm(np.diff(places, axis=0), axis=-1)


def made(rig, **options):
    """Key a walk of 1.9 m on a rig, and return where its travel went."""
    read = reader.read_armature(rig)
    write_action.apply_motion(rig, walking(), start_frame=1, **options)
    return make_target(read, WriteOptions.of(**options), fps=20, start=1).travel


@pytest.mark.parametrize("above", ["root", "pole.L"])
@pytest.mark.parametrize("body", [["Hips", "Head"], ["LeftFoot", "Spine2", "RightHand"]])
def test_no_mesh_is_drawn_out_whatever_bones_its_vertices_are_on(body, above):
    rig = rooted([("pole.L", None)])
    mesh = mesh_on(rig, [(name, 1.0) for name in (above, *body)])
    before = lengths(mesh, 1)
    chosen = made(rig)
    assert chosen.place == ("root" if above == "root" else "object")
    assert chosen.why == f"Body has vertices on {above}"
    assert np.abs(lengths(mesh, 40) - before).max() < 0.5
    made(rig, travel="hips")
    assert lengths(mesh, 40).max() > 1.0, "which is what the choice avoids"


def test_bones_that_an_engine_reads_go_along():
    rig = rooted([(IK[0], "root"), (IK[3], "root"), *((name, IK[3 * (number > 2)]) for number, name in enumerate(IK)
                  if not name.endswith("root"))])  # fmt: skip
    chosen = made(rig)
    assert chosen.place == "root" and "game engines" in chosen.why
    bpy.context.scene.frame_set(40)
    feet = np.array(rig.pose.bones["ik_foot_l"].head) - np.array(rig.pose.bones["LeftFoot"].head)
    assert np.linalg.norm(feet) < 0.9 and abs(rig.pose.bones["ik_foot_l"].head[1]) > 1.0


def test_what_hangs_on_a_bone_goes_along():
    rig = rooted([("prop", "root")])
    cart = bpy.data.objects.new("Cart", None)
    bpy.context.collection.objects.link(cart)
    cart.parent, cart.parent_type, cart.parent_bone = rig, "BONE", "prop"
    assert made(rig) == travel.Travel("root", "Cart hangs on prop")


def test_travel_stays_on_the_hips_where_nothing_is_left_behind():
    rig = rooted([("prop", "root")])
    mesh_on(rig, [("Hips", 1.0), ("Head", 1.0), ("LeftHand", 0.5)])
    assert made(rig) == travel.Travel("hips")
    constraint = rig.pose.bones["prop"].constraints.new("COPY_TRANSFORMS")
    constraint.target, constraint.subtarget = rig, "LeftHand"
    mesh_on(rig, [("prop", 1.0)])
    assert made(rig) == travel.Travel("hips"), "a bone that a constraint carries is not left behind"
    constraint.mute = True
    assert made(rig).place == "root"
    assert made(rig, in_place=True).place == "hips"


def test_the_panel_shows_what_will_be_done_and_sees_a_mesh_at_once(addon):
    rig = rooted()
    assert targets.travel_of(rig, targets.coverage(rig)).line == "Travel goes on the hips"
    body = mesh_on(rig, [("root", 1.0), ("Hips", 1.0)])
    assert targets.travel_of(rig, targets.coverage(rig)).line == (
        "Travel goes on the root bone: Body has vertices on root"
    )
    body.vertex_groups.remove(body.vertex_groups["root"])
    assert targets.travel_of(rig, targets.coverage(rig)).place == "hips"
