"""CoAMD's own character: an armature in the canonical proportions and a figure of rounded parts skinned to it."""

from __future__ import annotations

from dataclasses import dataclass

import bpy
import numpy as np

from ..motion import rotations as rot
from ..motion import skeleton

JOINTS = dict(zip(skeleton.JOINT_NAMES, skeleton.rest_joints(), strict=True))
MATERIALS = {"body": ("CoAMD body", (0.62, 0.66, 0.70, 1.0)), "accent": ("CoAMD accent", (0.85, 0.16, 0.04, 1.0))}
SIDES = 16

# Bone: parent, joint at its head, joint at its tail or an offset from the head (metres, Y up, facing +Z).
_CENTRE_BONES = {
    "pelvis": (None, "pelvis", "spine1"),
    "spine1": ("pelvis", "spine1", "spine2"),
    "spine2": ("spine1", "spine2", "spine3"),
    "chest": ("spine2", "spine3", "neck"),
    "neck": ("chest", "neck", "head"),
    "head": ("neck", "head", (0.0, 0.20, 0.0)),
}
_LEFT_BONES = {
    "collar": ("chest", "collar", "shoulder"),
    "upper_arm": ("collar", "shoulder", "elbow"),
    "forearm": ("upper_arm", "elbow", "wrist"),
    "hand": ("forearm", "wrist", (0.17, 0.0, 0.0)),
    "thigh": ("pelvis", "hip", "knee"),
    "shin": ("thigh", "knee", "ankle"),
    "foot": ("shin", "ankle", "foot"),
    "toe": ("foot", "foot", (0.0, 0.0, 0.075)),
}


@dataclass(frozen=True)
class Part:
    """A rounded solid about the line from ``start`` to ``end``, bound to one bone.

    start, end: a joint name plus an offset. rings: (place along the line 0..1, half width, half depth) from end
    to end, metres; ``across`` is the direction of the width. ``floor`` flattens what would lie below y = 0.
    """

    bone: str
    start: tuple[str, tuple[float, float, float]]
    end: tuple[str, tuple[float, float, float]]
    rings: tuple[tuple[float, float, float], ...]
    material: str = "body"
    across: tuple[float, float, float] = (1.0, 0.0, 0.0)
    floor: bool = False


def create_character(context: bpy.types.Context, name: str = "CoAMD Character") -> bpy.types.Object:
    """Add the character at the 3D cursor's place on the scene and return its armature object, active and selected.

    22 mapped bones (names ending in .L and .R) at the joints of skeleton.py, in a T-pose on the floor, facing
    -Y, and a mesh child with two materials, each part bound to one bone by a vertex group.
    """
    if context.object is not None and context.object.mode != "OBJECT":
        bpy.ops.object.mode_set(mode="OBJECT")
    armature_object = bpy.data.objects.new(name, bpy.data.armatures.new(name))
    context.collection.objects.link(armature_object)
    armature_object.location = context.scene.cursor.location
    for selected in context.selected_objects:
        selected.select_set(False)
    context.view_layer.objects.active = armature_object
    armature_object.select_set(True)
    bpy.ops.object.mode_set(mode="EDIT")
    _add_bones(armature_object.data)
    bpy.ops.object.mode_set(mode="OBJECT")
    armature_object.show_in_front = True
    figure = _make_figure(f"{name} Figure")
    context.collection.objects.link(figure)
    figure.parent = armature_object
    figure.modifiers.new("Armature", "ARMATURE").object = armature_object
    return armature_object


def bone_table() -> dict[str, tuple[str | None, np.ndarray, np.ndarray]]:
    """Return bone name to (parent or None, head (3,), tail (3,)), metres, Y up, in an order with parents first."""
    table = {}
    for bone, (parent, head, tail) in _CENTRE_BONES.items():
        end = JOINTS[tail] if isinstance(tail, str) else JOINTS[head] + tail
        table[bone] = (parent, JOINTS[head], end)
    for suffix, side, sign in ((".L", "left", 1.0), (".R", "right", -1.0)):
        for bone, (parent, joint, tail) in _LEFT_BONES.items():
            head = JOINTS[f"{side}_{joint}"]
            end = JOINTS[f"{side}_{tail}"] if isinstance(tail, str) else head + np.multiply(tail, (sign, 1, 1))
            above = parent if parent in _CENTRE_BONES else parent + suffix
            table[bone + suffix] = (above, head, end)
    return table


def _add_bones(armature: bpy.types.Armature) -> None:
    """Add the bones in Edit Mode; every limb bends about its bones' X axis."""
    for bone_name, (parent, head, tail) in bone_table().items():
        bone = armature.edit_bones.new(bone_name)
        bone.head, bone.tail = skeleton.to_z_up(head), skeleton.to_z_up(tail)
        flat = bone_name.startswith(("foot", "toe"))
        bone.align_roll((0, 0, 1) if flat else (0, -1, 0))
        if parent:
            bone.parent = armature.edit_bones[parent]
            bone.use_connect = bool(np.allclose(bone.parent.tail, bone.head, atol=1e-6)) and parent != "pelvis"


def _capsule(radius_start: float, radius_end: float, length: float, middle: float | None = None) -> tuple:
    """Rings of a limb that starts and ends in half balls; ``middle`` is the radius a third of the way down."""
    rings = []
    for angle in np.linspace(-np.pi / 2, 0, 5):
        rings.append((np.sin(angle) * radius_start / length, np.cos(angle) * radius_start))
    if middle is not None:
        rings += [(0.17, (2 * middle + radius_start) / 3), (0.33, middle), (0.6, (middle + radius_end) / 2)]
    for angle in np.linspace(0, np.pi / 2, 5):
        rings.append((1 + np.sin(angle) * radius_end / length, np.cos(angle) * radius_end))
    return tuple((place, radius, radius) for place, radius in rings)


def _ball(width: float, depth: float | None = None) -> tuple:
    depth = width if depth is None else depth
    return tuple(
        (0.5 - 0.5 * np.cos(angle), width * np.sin(angle), depth * np.sin(angle)) for angle in np.linspace(0, np.pi, 11)
    )


def _about(
    joint: str, centre: tuple[float, float, float], half: float, axis: tuple[float, float, float] = (0.0, 1.0, 0.0)
) -> tuple:
    """Start and end of a solid of half length ``half`` about ``joint`` + ``centre`` along ``axis``."""
    centre, step = np.array(centre), np.array(axis) * half
    return (joint, tuple(centre - step)), (joint, tuple(centre + step))


def _torso_parts() -> list[Part]:
    hips = ((0, 0.0, 0.0), (0.03, 0.055, 0.05), (0.14, 0.105, 0.085), (0.35, 0.150, 0.112), (0.6, 0.148, 0.106))
    hips += ((0.85, 0.126, 0.092), (0.97, 0.10, 0.075), (1, 0.0, 0.0))
    waist = ((0, 0.0, 0.0), (0.03, 0.09, 0.07), (0.2, 0.116, 0.086), (0.5, 0.116, 0.087), (0.8, 0.124, 0.092))
    waist += ((0.97, 0.10, 0.07), (1, 0.0, 0.0))
    chest = ((0, 0.0, 0.0), (0.02, 0.09, 0.06), (0.1, 0.125, 0.093), (0.35, 0.152, 0.112), (0.6, 0.168, 0.116))
    chest += ((0.8, 0.150, 0.098), (0.92, 0.095, 0.07), (1, 0.0, 0.0))
    visor = _about("head", (0, 0.100, 0.072), 0.034)
    return [
        Part("pelvis", ("pelvis", (0, -0.15, -0.012)), ("spine1", (0, 0.0, 0.016)), hips),
        Part("spine1", ("spine1", (0, -0.05, 0.012)), ("spine2", (0, 0.02, 0.0)), waist, "accent"),
        Part("chest", ("spine2", (0, -0.05, 0.004)), ("neck", (0, -0.01, 0.014)), chest),
        Part("neck", ("neck", (0, -0.05, 0.01)), ("head", (0, 0.02, -0.015)), _capsule(0.047, 0.044, 0.16), "accent"),
        Part("head", *_about("head", (0, 0.085, 0.012), 0.125), _ball(0.083, 0.102)),
        Part("head", *visor, _ball(0.068, 0.046), "accent"),
    ]


def _arm_parts() -> list[Part]:
    up = (0.0, 0.0, 1.0)
    hand = ((0, 0, 0), (0.03, 0.024, 0.014), (0.3, 0.040, 0.019), (0.6, 0.042, 0.018), (0.9, 0.030, 0.013), (1, 0, 0))
    return [
        Part(
            "collar.L",
            ("left_collar", (-0.02, 0, 0.01)),
            ("left_shoulder", (-0.03, 0.0, 0)),
            _capsule(0.045, 0.05, 0.13),
        ),
        Part("upper_arm.L", *_about("left_shoulder", (0, 0, 0), 0.064), _ball(0.064), "accent"),
        Part(
            "upper_arm.L",
            ("left_shoulder", (0.05, 0, 0)),
            ("left_elbow", (-0.03, 0, 0)),
            _capsule(0.046, 0.038, 0.18, 0.05),
            across=up,
        ),
        Part("forearm.L", *_about("left_elbow", (0, 0, 0), 0.043), _ball(0.043), "accent"),
        Part(
            "forearm.L",
            ("left_elbow", (0.035, 0, 0)),
            ("left_wrist", (-0.02, 0, 0)),
            _capsule(0.037, 0.027, 0.215, 0.042),
            across=up,
        ),
        Part("hand.L", ("left_wrist", (-0.012, 0, 0)), ("left_wrist", (0.175, -0.005, 0)), hand, "accent", across=up),
        Part(
            "hand.L",
            ("left_wrist", (0.03, 0, 0.02)),
            ("left_wrist", (0.085, -0.005, 0.055)),
            _capsule(0.014, 0.011, 0.065),
            "accent",
        ),
    ]


def _leg_parts() -> list[Part]:
    foot = ((0, 0, 0), (0.02, 0.022, 0.02), (0.1, 0.036, 0.036), (0.35, 0.042, 0.050), (0.7, 0.047, 0.044))
    foot += ((0.95, 0.044, 0.034), (1, 0, 0))
    toe = ((0, 0, 0), (0.03, 0.040, 0.03), (0.3, 0.047, 0.034), (0.65, 0.043, 0.028), (0.9, 0.028, 0.017), (1, 0, 0))
    return [
        Part("thigh.L", *_about("left_hip", (0.006, 0, 0), 0.088), _ball(0.088), "body"),
        Part(
            "thigh.L",
            ("left_hip", (0, -0.03, 0)),
            ("left_knee", (0, 0.04, 0)),
            _capsule(0.082, 0.053, 0.325, 0.08),
        ),
        Part("shin.L", *_about("left_knee", (0, 0, 0), 0.058), _ball(0.058), "accent"),
        Part(
            "shin.L",
            ("left_knee", (0, -0.045, 0)),
            ("left_ankle", (0, 0.03, 0)),
            _capsule(0.05, 0.034, 0.36, 0.058),
        ),
        Part("foot.L", *_about("left_ankle", (0, 0, 0), 0.040), _ball(0.040), "accent"),
        Part("foot.L", ("left_ankle", (-0.006, -0.026, -0.072)), ("left_foot", (0, 0.030, 0.012)), foot, floor=True),
        Part(
            "toe.L", ("left_foot", (0, 0.026, -0.022)), ("left_foot", (0.004, 0.014, 0.085)), toe, "accent", floor=True
        ),
    ]


def _solid(part: Part) -> tuple[np.ndarray, list[tuple[int, ...]]]:
    """Return vertices (V, 3) in Y-up metres and faces of one part, facing outwards."""
    start, end = (JOINTS[joint] + np.array(offset) for joint, offset in (part.start, part.end))
    basis = rot.frame(end - start, np.array(part.across))
    angles = np.arange(SIDES) * (2 * np.pi / SIDES)
    circle = np.stack([np.zeros(SIDES), np.cos(angles), np.sin(angles)], axis=-1)
    rings = [ring for ring in part.rings if ring[1] > 1e-5]
    rows = [start + (end - start) * place + circle * (0, width, depth) @ basis.T for place, width, depth in rings]
    tips = [start + (end - start) * part.rings[number][0] for number in (0, -1)]
    vertices = np.concatenate([*rows, tips])
    if part.floor:
        vertices[:, 1] = np.maximum(vertices[:, 1], 0.0)
    faces: list[tuple[int, ...]] = []
    first, last = len(rows) * SIDES, len(rows) * SIDES + 1
    for side in range(SIDES):
        following = (side + 1) % SIDES
        for row in range(len(rows) - 1):
            low, high = row * SIDES, (row + 1) * SIDES
            faces.append((low + side, low + following, high + following, high + side))
        top = (len(rows) - 1) * SIDES
        faces += [(first, following, side), (top + side, top + following, last)]
    return vertices, faces


def _mirrored(vertices: np.ndarray, faces: list[tuple[int, ...]]) -> tuple[np.ndarray, list[tuple[int, ...]]]:
    return vertices * (-1, 1, 1), [tuple(reversed(face)) for face in faces]


def _make_figure(name: str):
    """Build the mesh object: every part's vertices in the vertex group of its bone."""
    pieces = [(part, part.bone, *_solid(part)) for part in _torso_parts()]
    for part in _arm_parts() + _leg_parts():
        vertices, faces = _solid(part)
        pieces.append((part, part.bone, vertices, faces))
        pieces.append((part, part.bone.replace(".L", ".R"), *_mirrored(vertices, faces)))
    all_vertices, all_faces, slots = [], [], []
    groups: dict[str, list[int]] = {}
    offset = 0
    for part, bone, vertices, faces in pieces:
        all_vertices.append(skeleton.to_z_up(vertices))
        all_faces += [tuple(corner + offset for corner in face) for face in faces]
        slots += [list(MATERIALS).index(part.material)] * len(faces)
        groups.setdefault(bone, []).extend(range(offset, offset + len(vertices)))
        offset += len(vertices)
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata(np.concatenate(all_vertices).tolist(), [], all_faces)
    mesh.polygons.foreach_set("material_index", slots)
    mesh.polygons.foreach_set("use_smooth", [True] * len(all_faces))
    for key in MATERIALS:
        mesh.materials.append(_material(key))
    mesh.update()
    figure = bpy.data.objects.new(name, mesh)
    for bone, members in groups.items():
        figure.vertex_groups.new(name=bone).add(members, 1.0, "REPLACE")
    return figure


def _material(key: str):
    """Return the figure's material, made once a file."""
    name, colour = MATERIALS[key]
    material = bpy.data.materials.get(name)
    if material is None:
        material = bpy.data.materials.new(name)
        material.diffuse_color = colour
        if material.node_tree is None:  # before Blender 5.0 a new material has no nodes
            material.use_nodes = True
        shader = next(node for node in material.node_tree.nodes if node.type == "BSDF_PRINCIPLED")
        shader.inputs["Base Color"].default_value = colour
        shader.inputs["Roughness"].default_value = 0.45
    return material
