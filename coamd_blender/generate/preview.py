"""Draws the motion that is being made, as a stick figure in every 3D viewport. Writes no data-block."""

from __future__ import annotations

import time
from types import TracebackType

import bpy
import gpu
import numpy as np
from gpu_extras.batch import batch_for_shader

from ..core import timer
from ..motion import skeleton
from ..retarget.reading import Placement
from ..setup import preferences

_FIGURE = (1.0, 0.62, 0.16, 1.0)
_GHOST = (1.0, 0.62, 0.16, 0.22)
_PATH = (1.0, 0.62, 0.16, 0.6)
_GHOSTS = 6
_BONES = np.array([(parent, child) for child, parent in enumerate(skeleton.PARENTS) if parent >= 0])


class Preview:
    """A stick figure that plays in place of a character for as long as the ``with`` block lasts."""

    def __init__(self, placement: Placement):
        """``placement``: where and how large the motion will be."""
        self._placement = placement
        self._points: np.ndarray | None = None  # (frames, 22, 3), Blender's world
        self._handle: object | None = None

    def __enter__(self) -> Preview:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._points = None
        timer.animate(self, False)
        if self._handle is not None:
            bpy.types.SpaceView3D.draw_handler_remove(self._handle, "WINDOW")
            self._handle = None
            timer.redraw()

    def show(self, joints: np.ndarray) -> None:
        """Play the first of ``joints`` (count, frames, 22, 3), metres, Y up, unless the preferences say not to."""
        wanted = preferences.get(bpy.context)
        if wanted is not None and not wanted.show_preview:
            return
        world = self._placement.place(joints[0]) * self._placement.scale
        self._points = skeleton.to_z_up(world).astype(np.float32)
        timer.animate(self, True)
        if self._handle is None and not bpy.app.background:
            self._handle = bpy.types.SpaceView3D.draw_handler_add(self._draw, (), "WINDOW", "POST_VIEW")

    def _draw(self) -> None:
        points = self._points
        if points is None or not len(points):
            return
        frame = int(time.monotonic() * skeleton.FPS) % len(points)
        ghosts = np.unique(np.linspace(0, len(points) - 1, _GHOSTS).astype(int))
        gpu.state.blend_set("ALPHA")
        draw_lines(points[ghosts][:, _BONES].reshape(-1, 3), _GHOST, 1.5)
        path = points[:, 0].copy()
        path[:, 2] = self._placement.origin[1] * self._placement.scale
        draw_lines(np.repeat(path, 2, axis=0)[1:-1], _PATH, 1.5)
        draw_lines(points[frame][_BONES].reshape(-1, 3), _FIGURE, 4.0)
        gpu.state.blend_set("NONE")


def draw_lines(points: np.ndarray, colour: tuple[float, float, float, float], width: float) -> None:
    """Draw ``points`` (points, 3), Blender's world and units, as separate lines, ``width`` pixels wide."""
    shader = gpu.shader.from_builtin("POLYLINE_UNIFORM_COLOR")
    shader.bind()
    shader.uniform_float("viewportSize", gpu.state.viewport_get()[2:])
    shader.uniform_float("lineWidth", width)
    shader.uniform_float("color", colour)
    batch_for_shader(shader, "LINES", {"pos": points.astype(np.float32).tolist()}).draw(shader)
