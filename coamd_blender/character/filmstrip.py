"""Contact sheet of an animated armature: its figure at several times, side by side in one picture, by Cycles.

One render of copies laid out on one floor under an orthographic camera; works without a window or a GPU.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import bpy
import numpy as np
from mathutils import Matrix, Vector

from ..errors import CoamdError, InputError, RigError

# The camera looks down by this much; the figures are turned by this much so that one facing it is seen askew.
ELEVATION = np.radians(12)
AZIMUTH = np.radians(35)
_FLOOR_COLOUR = (0.80, 0.82, 0.84, 1.0)
_TEXT_COLOUR = (0.10, 0.11, 0.13, 1.0)
_STICK_COLOUR = (0.85, 0.30, 0.08, 1.0)


@dataclass(frozen=True)
class Sheet:
    """The layout: columns and rows, the width and height of a cell in scene units, and pixels of the picture."""

    columns: int
    rows: int
    width: float
    height: float
    pixels: tuple[int, int]

    @property
    def ortho_scale(self) -> float:
        """Width of the camera's view."""
        return self.columns * self.width

    def place(self, number: int) -> Vector:
        """Return where on the floor the figure of cell ``number`` stands (row by row, the first row at the top)."""
        row, column = divmod(number, self.columns)
        across = (column + 0.5) * self.width - self.ortho_scale / 2
        upwards = (self.rows / 2 - row - 1) * self.height + 0.20 * self.height
        return Vector((across, upwards / np.sin(ELEVATION), 0.0))


def render_filmstrip(
    armature_object: bpy.types.Object,
    frames: Sequence[float],
    path: str | Path,
    *,
    columns: int = 6,
    size: tuple[int, int] = (1600, 700),
    samples: int = 4,
    scene: bpy.types.Scene | None = None,
) -> Path:
    """Render the armature's figure at each of ``frames`` into one PNG and return its path.

    The meshes the armature deforms are drawn with their own materials, or its bones as sticks where it has
    none. Every copy keeps its heading and its height over the floor; travel is taken out. Each is labelled with
    its time in seconds after the first. The scene is left as it was. Raises InputError for no frames,
    RigError for no armature, CoamdError when Cycles is not available.
    """
    if armature_object is None or armature_object.type != "ARMATURE":
        raise RigError("No armature to draw", "Select an armature")
    frames = [float(frame) for frame in frames]
    if not frames:
        raise InputError("A contact sheet needs at least one frame", "Name the frames to draw")
    scene = scene or bpy.context.scene
    fps = scene.render.fps / scene.render.fps_base
    path = Path(path).resolve()
    path.parent.mkdir(parents=True, exist_ok=True)
    with _scratch_scene() as stage:
        copies = _capture(armature_object, frames, scene, stage)
        sheet = _lay_out(copies, min(columns, len(frames)), size)
        for number, copy in enumerate(copies):
            _stand(copy, sheet.place(number))
            _label(f"{(frames[number] - frames[0]) / fps:.1f} s", sheet, number, stage)
        _light(stage, sheet)
        _render(stage, sheet, samples, path)
    return path


@dataclass(frozen=True)
class _Copy:
    """One figure: its objects, the point it stands on, and its corners about that point, turned for the view."""

    objects: list
    origin: Vector
    low: np.ndarray
    high: np.ndarray


@contextmanager
def _scratch_scene():
    """Yield a new scene; remove it and everything made meanwhile when done."""
    kinds = ("scenes", "objects", "meshes", "materials", "curves", "lights", "cameras", "worlds")
    before = {kind: set(getattr(bpy.data, kind)) for kind in kinds}
    stage = bpy.data.scenes.new("CoAMD filmstrip")
    try:
        yield stage
    finally:
        for kind in kinds:
            blocks = getattr(bpy.data, kind)
            for block in set(blocks) - before[kind]:
                blocks.remove(block)


def _capture(
    armature_object: bpy.types.Object, frames: list[float], scene: bpy.types.Scene, stage: bpy.types.Scene
) -> list[_Copy]:
    """Copy the deformed figure at every frame into ``stage``, turned by AZIMUTH about its own place."""
    sources = figure_objects(armature_object, scene)
    now = scene.frame_current, scene.frame_subframe
    sticks = None if sources else _plain_material("CoAMD sticks", _STICK_COLOUR)
    copies = []
    try:
        for frame in frames:
            scene.frame_set(int(frame // 1), subframe=frame % 1)
            depsgraph = bpy.context.evaluated_depsgraph_get()
            pairs = [_deformed(source, depsgraph) for source in sources] or [_stick_figure(armature_object, sticks)]
            copies.append(_copy(pairs, stage))
    finally:
        scene.frame_set(now[0], subframe=now[1])
    return copies


def figure_objects(armature_object: bpy.types.Object, scene: bpy.types.Scene) -> list:
    """Return the visible meshes of ``scene`` that the armature deforms or carries."""

    def belongs(candidate: bpy.types.Object) -> bool:
        if any(modifier.type == "ARMATURE" and modifier.object == armature_object for modifier in candidate.modifiers):
            return True
        parent = candidate.parent
        while parent is not None and parent != armature_object:
            parent = parent.parent
        return parent is not None

    return [
        candidate
        for candidate in scene.objects
        if candidate.type == "MESH" and not candidate.hide_render and candidate.visible_get() and belongs(candidate)
    ]


def _deformed(source: bpy.types.Object, depsgraph: bpy.types.Depsgraph) -> tuple:
    evaluated = source.evaluated_get(depsgraph)
    mesh = bpy.data.meshes.new_from_object(evaluated, preserve_all_data_layers=True, depsgraph=depsgraph)
    return mesh, evaluated.matrix_world.copy()


def _stick_figure(armature_object: bpy.types.Object, material: bpy.types.Material) -> tuple:
    """Return a mesh of one slim octahedron a bone, and the armature's world matrix."""
    vertices, faces = [], []
    for bone in armature_object.pose.bones:
        matrix, length = np.array(bone.matrix), bone.length
        width = 0.10 * length
        corners = [(0, 0, 0), (0, length, 0)]
        corners += [(a * width, 0.15 * length, b * width) for a, b in ((1, 1), (1, -1), (-1, -1), (-1, 1))]
        base = len(vertices)
        vertices += [tuple(matrix[:3, :3] @ corner + matrix[:3, 3]) for corner in np.array(corners)]
        for side in range(4):
            here, there = base + 2 + side, base + 2 + (side + 1) % 4
            faces += [(base, here, there), (base + 1, there, here)]
    mesh = bpy.data.meshes.new("CoAMD sticks")
    mesh.from_pydata(vertices, [], faces)
    mesh.materials.append(material)
    return mesh, armature_object.matrix_world.copy()


def _copy(pairs: list[tuple], stage: bpy.types.Scene) -> _Copy:
    objects, clouds = [], []
    turn = Matrix.Rotation(AZIMUTH, 4, "Z")
    for mesh, matrix in pairs:
        copy = bpy.data.objects.new("CoAMD copy", mesh)
        stage.collection.objects.link(copy)
        copy.matrix_world = turn @ matrix
        objects.append(copy)
        points = np.empty(len(mesh.vertices) * 3, dtype=np.float32)
        mesh.vertices.foreach_get("co", points)
        world = np.array(copy.matrix_world)
        clouds.append(points.reshape(-1, 3) @ world[:3, :3].T + world[:3, 3])
    cloud = np.concatenate(clouds)
    if not len(cloud):
        raise RigError("The armature's meshes are empty", "Select an armature with a figure")
    low, high = cloud.min(axis=0), cloud.max(axis=0)
    origin = Vector((0.5 * (low[0] + high[0]), 0.5 * (low[1] + high[1]), 0.0))
    return _Copy(objects, origin, low - origin, high - origin)


def _stand(copy: _Copy, place: Vector) -> None:
    for part in copy.objects:
        part.matrix_world = Matrix.Translation(place - copy.origin) @ part.matrix_world


def _lay_out(copies: list[_Copy], columns: int, size: tuple[int, int]) -> Sheet:
    """Choose cells that hold the largest copy and fill the picture."""
    rows = -(-len(copies) // columns)
    tall = max(copy.high[2] for copy in copies) * np.cos(ELEVATION)
    deep = max(copy.high[1] - copy.low[1] for copy in copies) * np.sin(ELEVATION)
    height = 1.28 * (tall + 0.5 * deep)
    width = max(1.08 * max(copy.high[0] - copy.low[0] for copy in copies), 0.25 * tall)
    scale = max(columns * width, rows * height * size[0] / size[1])
    return Sheet(columns, rows, scale / columns, scale * size[1] / size[0] / rows, size)


def _plain_material(name: str, colour: tuple[float, float, float, float]):
    material = bpy.data.materials.new(name)
    if material.node_tree is None:  # before Blender 5.0 a new material has no nodes
        material.use_nodes = True
    shader = next(node for node in material.node_tree.nodes if node.type == "BSDF_PRINCIPLED")
    shader.inputs["Base Color"].default_value = colour
    shader.inputs["Roughness"].default_value = 0.6
    return material


def _label(text: str, sheet: Sheet, number: int, stage: bpy.types.Scene) -> None:
    """Write ``text`` on the floor side of the cell, facing the camera and casting no shadow."""
    curve = bpy.data.curves.new("CoAMD label", "FONT")
    curve.body = text
    curve.align_x = "CENTER"
    curve.size = 0.085 * sheet.height
    curve.materials.append(bpy.data.materials.get("CoAMD label") or _plain_material("CoAMD label", _TEXT_COLOUR))
    label = bpy.data.objects.new("CoAMD label", curve)
    stage.collection.objects.link(label)
    view = Matrix.Rotation(np.pi / 2 - ELEVATION, 4, "X")
    down = view @ Vector((0, -0.16 * sheet.height, 0))
    # Toward the camera, so that no foot hides it.
    near = view @ Vector((0, 0, 2.0 * sheet.height))
    label.matrix_world = Matrix.Translation(sheet.place(number) + down + near) @ view
    label.visible_shadow = False


def _light(stage: bpy.types.Scene, sheet: Sheet) -> None:
    """Add floor, sun, sky and camera."""
    floor = bpy.data.meshes.new("CoAMD floor")
    reach = 20 * sheet.ortho_scale
    floor.from_pydata(
        [(-reach, -reach, 0), (reach, -reach, 0), (reach, reach, 0), (-reach, reach, 0)], [], [(0, 1, 2, 3)]
    )
    floor.materials.append(_plain_material("CoAMD floor", _FLOOR_COLOUR))
    stage.collection.objects.link(bpy.data.objects.new("CoAMD floor", floor))
    sun = bpy.data.lights.new("CoAMD sun", "SUN")
    sun.energy, sun.angle = 2.4, np.radians(12)
    light = bpy.data.objects.new("CoAMD sun", sun)
    light.rotation_euler = (np.radians(42), 0.0, np.radians(-35))
    stage.collection.objects.link(light)
    stage.world = bpy.data.worlds.new("CoAMD sky")
    if stage.world.node_tree is None:
        stage.world.use_nodes = True
    background = next(node for node in stage.world.node_tree.nodes if node.type == "BACKGROUND")
    background.inputs["Color"].default_value = (0.85, 0.92, 1.0, 1.0)
    background.inputs["Strength"].default_value = 0.55
    lens = bpy.data.cameras.new("CoAMD camera")
    lens.type, lens.ortho_scale, lens.sensor_fit, lens.clip_end = "ORTHO", sheet.ortho_scale, "HORIZONTAL", 1e5
    camera = bpy.data.objects.new("CoAMD camera", lens)
    view = Matrix.Rotation(np.pi / 2 - ELEVATION, 4, "X")
    far = (sheet.rows * sheet.height) / np.sin(ELEVATION) + 10 * sheet.height
    camera.matrix_world = view @ Matrix.Translation((0, 0, far))
    stage.collection.objects.link(camera)
    stage.camera = camera


def _render(stage: bpy.types.Scene, sheet: Sheet, samples: int, path: Path) -> None:
    try:
        stage.render.engine = "CYCLES"
    except TypeError as error:
        raise CoamdError("The Cycles renderer is switched off", "Enable the Cycles Render Engine add-on") from error
    stage.cycles.device = "CPU"
    stage.cycles.samples = samples
    # Few samples, no bounces and the fast denoiser: five times quicker than the defaults, and as clean to the eye.
    stage.cycles.max_bounces = 0
    stage.cycles.use_denoising = True
    stage.cycles.denoising_prefilter = "FAST"
    stage.cycles.denoising_quality = "FAST"
    stage.render.resolution_x, stage.render.resolution_y = sheet.pixels
    stage.render.resolution_percentage = 100
    stage.render.image_settings.file_format = "PNG"
    stage.render.filepath = str(path)
    stage.view_settings.view_transform = "Standard"
    stage.render.film_transparent = False
    for name in dir(stage.render):  # Blender writes the .blend's path, the date and more into the picture's metadata
        if name.startswith("use_stamp_"):
            setattr(stage.render, name, False)
    bpy.ops.render.render(write_still=True, scene=stage.name)
