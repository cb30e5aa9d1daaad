"""A motion as a small filmstrip: stick figures in rows, drawn in numpy and kept as icons of this session."""

from __future__ import annotations

import hashlib

import bpy.utils.previews
import numpy as np

from ..motion import skeleton
from . import lifetime

POSES = 6
COLUMNS, SIDE = 3, 288
_SAMPLES = 2  # a side of a pixel
_AZIMUTH = np.radians(35)
_BACKGROUND = np.array((0.16, 0.17, 0.19))
_COLOURS = {"left": (0.98, 0.62, 0.20), "right": (0.35, 0.68, 0.95), "": (0.88, 0.89, 0.91)}
_THICK = 0.035  # metres, half the width of a bone
_icons = None


def draw_strip(poses: np.ndarray, side: int = SIDE) -> np.ndarray:
    """Draw ``poses`` (N, 22, 3), metres, Y up, in rows of COLUMNS: float32 (side, side, 4), the lowest row first.

    Every figure keeps its heading and height over the floor; travel is taken out. Left limbs are orange, right ones
    blue. Any thread.
    """
    rows = -(-len(poses) // COLUMNS)
    across, up = side / COLUMNS, side / rows
    turn = np.array([[np.cos(_AZIMUTH), 0, np.sin(_AZIMUTH)], [0, 1, 0], [-np.sin(_AZIMUTH), 0, np.cos(_AZIMUTH)]])
    points = ((poses - poses[:, :1] * (1.0, 0.0, 1.0)) @ turn.T)[..., :2]
    low = min(0.0, float(points[..., 1].min()))
    wide, tall = 2 * np.abs(points[..., 0]).max(), points[..., 1].max() - low
    scale = min(0.86 * up / max(tall, 1.2), 0.94 * across / max(wide, 0.3))
    image = np.ones((side * _SAMPLES, side * _SAMPLES, 3)) * _BACKGROUND
    for number, figure in enumerate(points):
        row, column = divmod(number, COLUMNS)
        place = np.array(((column + 0.5) * across, (rows - row - 1 + 0.06) * up)) + (figure - (0.0, low)) * scale
        _draw_figure(image, place * _SAMPLES, _THICK * scale * _SAMPLES)
    small = image.reshape(side, _SAMPLES, side, _SAMPLES, 3).mean(axis=(1, 3))
    return np.concatenate([small, np.ones((side, side, 1))], axis=-1).astype(np.float32)


def _draw_figure(image: np.ndarray, points: np.ndarray, thick: float) -> None:
    """Draw the bones between ``points`` (22, 2), pixels, into ``image`` (height, width, 3)."""
    for child, parent in enumerate(skeleton.PARENTS):
        if parent < 0:
            continue
        name = skeleton.JOINT_NAMES[child]
        side = name.split("_")[0] if "_" in name else ""
        head = thick * 2.6 if name == "head" else thick
        _draw_line(image, points[parent], points[child], thick, head, _COLOURS[side])


def _draw_line(
    image: np.ndarray, start: np.ndarray, end: np.ndarray, thick: float, tip: float, colour: tuple[float, float, float]
) -> None:
    """Fill the pixels within ``thick`` of a segment, and within ``tip`` of its end."""
    reach = max(thick, tip) + 1
    low = np.maximum(np.floor(np.minimum(start, end) - reach), 0).astype(int)
    high = np.minimum(np.ceil(np.maximum(start, end) + reach), (image.shape[1], image.shape[0])).astype(int)
    if (high <= low).any():
        return
    x, y = np.meshgrid(np.arange(low[0], high[0]) + 0.5, np.arange(low[1], high[1]) + 0.5)
    along = end - start
    share = np.clip(((x - start[0]) * along[0] + (y - start[1]) * along[1]) / max(along @ along, 1e-9), 0, 1)
    distance = np.hypot(x - start[0] - share * along[0], y - start[1] - share * along[1])
    inside = (distance < thick) | (np.hypot(x - end[0], y - end[1]) < tip)
    image[low[1] : high[1], low[0] : high[0]][inside] = colour


def key_of(poses: np.ndarray) -> str:
    """Return the key of the strip of ``poses`` (N, 22, 3), metres."""
    return hashlib.sha256(np.ascontiguousarray(poses, np.float32).tobytes()).hexdigest()[:16]


def has(key: str) -> bool:
    """Return whether the strip has been drawn in this session."""
    return _icons is not None and key in _icons


def keep(key: str, image: np.ndarray) -> None:
    """Keep a drawn strip, ``image`` (side, side, 4) of shares of 1, the lowest row first, as an icon."""
    global _icons
    if _icons is None:
        _icons = bpy.utils.previews.new()
        lifetime.at_end(close)
    if key not in _icons:
        fill(_icons.new(key), image)


def icon_id(key: str) -> int:
    """Return the number by which layouts draw the strip ``key``; 0, no picture, while it is not there."""
    return _icons[key].icon_id if has(key) else 0


def fill(preview: bpy.types.ImagePreview, image: np.ndarray) -> None:
    """Put ``image`` (side, side, 4), shares of 1, into a preview, of an icon or of a data-block."""
    preview.image_size = image.shape[1::-1]
    preview.image_pixels_float.foreach_set(image.ravel())


def copy(key: str, preview: bpy.types.ImagePreview) -> None:
    """Put the strip ``key`` into the preview of a data-block."""
    preview.image_size = _icons[key].image_size
    pixels = np.empty(len(_icons[key].image_pixels_float), np.float32)
    _icons[key].image_pixels_float.foreach_get(pixels)
    preview.image_pixels_float.foreach_set(pixels)


def close() -> None:
    """Give the pictures' memory back."""
    global _icons
    if _icons is not None:
        bpy.utils.previews.remove(_icons)
        _icons = None
