"""The own character: proportions, names, and a figure that follows its bones."""

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from rigs import new_scene, walking  # noqa: E402

from coamd_blender import retarget  # noqa: E402
from coamd_blender.anim import write_action  # noqa: E402
from coamd_blender.character import figure as character_figure  # noqa: E402
from coamd_blender.motion import skeleton  # noqa: E402


@pytest.fixture
def rig_object():
    new_scene()
    return character_figure.create_character(bpy.context)


def test_bones_stand_at_the_canonical_joints(rig_object):
    bones = rig_object.data.bones
    mapping = retarget.detect([bone.name for bone in bones])
    assert mapping.preset == "CoAMD character" and mapping.missing == ()
    rest = skeleton.to_z_up(skeleton.rest_joints())
    for joint, bone in mapping.bones.items():
        assert np.allclose(bones[bone].head_local, rest[skeleton.JOINT_INDEX[joint]], atol=1e-6)


def test_sides_mirror_each_other(rig_object):
    bones = rig_object.data.bones
    lefts = [bone for bone in bones if bone.name.endswith(".L")]
    assert len(lefts) == 8
    for left in lefts:
        right = bones[left.name[:-1] + "R"]
        for a, b in ((left.head_local, right.head_local), (left.tail_local, right.tail_local)):
            assert np.allclose(np.multiply(a, (-1, 1, 1)), b, atol=1e-6)


def test_the_figure_has_two_materials_and_every_vertex_one_bone(rig_object):
    figure = rig_object.children[0]
    assert [material.name for material in figure.data.materials] == ["CoAMD body", "CoAMD accent"]
    assert {len(vertex.groups) for vertex in figure.data.vertices} == {1}
    assert {group.name for group in figure.vertex_groups} <= {bone.name for bone in rig_object.data.bones}
    heights = [vertex.co.z for vertex in figure.data.vertices]
    assert min(heights) > -0.01 and 1.6 < max(heights) < 1.9
    assert len(figure.data.vertices) < 10_000


def test_its_faces_look_outwards(rig_object):
    """Seen from its own part's middle every face looks away, for the convex parts that make up the figure."""
    mesh = rig_object.children[0].data
    points = np.array([vertex.co for vertex in mesh.vertices])
    seen = np.zeros(len(points), dtype=int) - 1
    outward = []
    edges = {}
    for polygon in mesh.polygons:
        for vertex in polygon.vertices:
            edges.setdefault(vertex, []).append(polygon.index)
    part = 0
    for start in range(len(points)):
        if seen[start] >= 0:
            continue
        pending, faces = [start], set()
        while pending:
            vertex = pending.pop()
            if seen[vertex] >= 0:
                continue
            seen[vertex] = part
            for face in edges.get(vertex, ()):
                faces.add(face)
                pending.extend(mesh.polygons[face].vertices)
        middle = points[seen == part].mean(axis=0)
        sides = [np.dot(mesh.polygons[f].normal, np.array(mesh.polygons[f].center) - middle) > 0 for f in faces]
        outward.append(np.mean(sides))
        part += 1
    assert part > 20 and min(outward) > 0.9


def test_the_figure_follows_and_two_characters_share_materials(rig_object):
    second = character_figure.create_character(bpy.context)
    assert second.name != rig_object.name and len(bpy.data.materials) == 2
    assert bpy.context.object == second
    write_action.apply_motion(rig_object, walking(10), start_frame=1)
    bpy.context.scene.frame_set(8)
    figure = rig_object.children[0].evaluated_get(bpy.context.evaluated_depsgraph_get())
    hand = rig_object.children[0].vertex_groups["hand.L"].index
    members = [v.index for v in rig_object.children[0].data.vertices if v.groups[0].group == hand]
    middle = np.mean([figure.data.vertices[index].co for index in members], axis=0)
    bone = rig_object.pose.bones["hand.L"]
    assert np.linalg.norm(middle - np.array(bone.head)) < 0.12
    assert min(vertex.co.z for vertex in figure.data.vertices) > -0.03
