"""Draws the motion that is being made, as a stick figure in every 3D viewport. Writes no data-block."""

from __future__ import annotations

import time

import bpy
import gpu
import numpy as np
from gpu_extras.batch import batch_for_shader

from ..motion import skeleton

_FIGURE = (1.0, 0.62, 0.16, 1.0)
_GHOST = (1.0, 0.62, 0.16, 0.22)
_PATH = (1.0, 0.62, 0.16, 0.6)
_GHOSTS = 6
_BONES = np.array([(parent, child) for child, parent in enumerate(skeleton.PARENTS) if parent >= 0])


class Preview:
    """A stick figure that plays in place of a character until the motion is written."""

    def __init__(self):
        self._joints: np.ndarray | None = None
        self._floor = 0.0
        self._handle: object | None = None

    def show(self, points: np.ndarray, floor: float) -> None:
        """Play ``points`` (frames, 22, 3), joints in Blender's world, Z up, over a floor of height ``floor``."""
        self._floor = floor
        self._joints = np.asarray(points, dtype=np.float32)
        if self._handle is None and not bpy.app.background:
            self._handle = bpy.types.SpaceView3D.draw_handler_add(self._draw, (), "WINDOW", "POST_VIEW")

    def hide(self) -> None:
        """Stop drawing."""
        self._joints = None
        if self._handle is not None:
            bpy.types.SpaceView3D.draw_handler_remove(self._handle, "WINDOW")
            self._handle = None

    @property
    def visible(self) -> bool:
        """True between :meth:`show` and :meth:`hide`."""
        return self._joints is not None

    def _draw(self) -> None:
        joints = self._joints
        if joints is None or not len(joints):
            return
        frame = int(time.monotonic() * skeleton.FPS) % len(joints)
        ghosts = np.unique(np.linspace(0, len(joints) - 1, _GHOSTS).astype(int))
        gpu.state.blend_set("ALPHA")
        _lines(joints[ghosts][:, _BONES].reshape(-1, 3), _GHOST, 1.5)
        path = joints[:, 0].copy()
        path[:, 2] = self._floor
        _lines(np.repeat(path, 2, axis=0)[1:-1], _PATH, 1.5)
        _lines(joints[frame][_BONES].reshape(-1, 3), _FIGURE, 4.0)
        gpu.state.blend_set("NONE")


def _lines(points: np.ndarray, colour: tuple[float, float, float, float], width: float) -> None:
    """Draw (2 * lines, 3) ``points`` as separate lines, ``width`` pixels wide."""
    shader = gpu.shader.from_builtin("POLYLINE_UNIFORM_COLOR")
    shader.bind()
    shader.uniform_float("viewportSize", gpu.state.viewport_get()[2:])
    shader.uniform_float("lineWidth", width)
    shader.uniform_float("color", colour)
    batch_for_shader(shader, "LINES", {"pos": points.astype(np.float32).tolist()}).draw(shader)
