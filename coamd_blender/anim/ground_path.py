"""A curve object as a line on the ground that a motion follows. Changes nothing in the file."""

from __future__ import annotations

import bpy
import numpy as np

from ..errors import InputError
from ..motion import skeleton
from ..retarget.reading import Placement


def path_points(curve_object: bpy.types.Object) -> np.ndarray:
    """Return the line (points, 3) along a curve object, in the world, Blender units, Y up.

    Raises InputError for another object and for a curve without a line.
    """
    if curve_object.type != "CURVE":
        raise InputError(f"{curve_object.name} is not a curve", "Choose a curve object as the path")
    data = curve_object.data.copy()
    data.bevel_depth, data.extrude, data.bevel_mode = 0.0, 0.0, "ROUND"
    flat = bpy.data.objects.new("CoAMD path", data)
    try:
        mesh = flat.to_mesh()
        local = np.array([vertex.co[:] for vertex in mesh.vertices], dtype=float).reshape(-1, 3)
        flat.to_mesh_clear()
    finally:
        bpy.data.objects.remove(flat)
        bpy.data.curves.remove(data)
    if len(local) < 2:
        raise InputError(f"The curve {curve_object.name!r} is not a line", "Give it at least two points")
    matrix = np.array(curve_object.matrix_world, dtype=float)
    return skeleton.to_y_up(local @ matrix[:3, :3].T + matrix[:3, 3])


def on_the_ground(points: np.ndarray, placement: Placement) -> np.ndarray:
    """Return ``points`` (points, 3) of the world over the ground of the canonical clip.

    From Blender units, Y up, to float32 (points, 2: x, z) in metres.
    """
    return placement.canonical(points / placement.scale)[:, [0, 2]].astype(np.float32)
