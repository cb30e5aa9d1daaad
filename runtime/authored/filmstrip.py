"""Pictures of authored motion: stick figures in front and side view, many to a page.

    python -m runtime.authored.filmstrip FOLDER [NAME ...] [--draws N] [--seed S]

A row is one variant: twelve poses spread over it, seen from the front above and from the person's left below. Left
limbs are orange, right ones blue. Pages are PNG files.
"""

from __future__ import annotations

import argparse
import struct
import sys
import zlib
from pathlib import Path

import numpy as np

from .body import JOINT_COUNT, JOINT_INDEX, PARENTS
from .variant import draw, names

POSES, ROWS = 12, 6
_WIDE, _TALL, _SCALE = 104, 118, 50.0  # pixels of a cell, pixels a metre
_COLOURS = {"left": (240, 150, 40), "right": (70, 160, 240), "": (225, 225, 230)}
_BACK, _FLOOR, _INK = (38, 40, 46), (90, 92, 100), (200, 200, 205)
# 3 x 5 pixel letters for the names above the rows: five rows of three bits each.
_GLYPHS = (
    "25755", "65656", "34443", "65556", "74647", "74644", "34553", "55755", "72227", "11152", "55655", "44447", "57755",
    "65555", "25552", "65644", "25573", "65655", "34216", "72222", "55557", "55552", "55775", "55255", "55222", "71247",
    "75557", "26227", "61247", "61216", "55711", "74616", "34757", "71122", "75757", "75716", "00007", "00002", "02020",
    "11244", "00700", "00024",
)  # fmt: skip
_LETTERS = dict(zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.:/-,", _GLYPHS, strict=True))


def write_png(path: Path, image: np.ndarray) -> None:
    """Write ``image`` (height, width, 3) uint8 as a PNG file."""
    height, width, _ = image.shape
    rows = np.concatenate([np.zeros((height, 1), np.uint8), image.reshape(height, -1)], axis=1).tobytes()

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows, 6)) + chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + data)


def draw_line(
    image: np.ndarray, start: np.ndarray, end: np.ndarray, thick: float, colour: tuple[int, int, int]
) -> None:
    """Fill the pixels of ``image`` (height, width, 3) uint8 that lie within ``thick`` pixels of a segment.

    ``start`` and ``end``, both (2,), are its ends: x and y, pixels. ``colour`` is red, green and blue.
    """
    low = np.maximum(np.floor(np.minimum(start, end) - thick), 0).astype(int)
    high = np.minimum(np.ceil(np.maximum(start, end) + thick + 1), (image.shape[1], image.shape[0])).astype(int)
    if (high <= low).any():
        return
    x, y = np.meshgrid(np.arange(low[0], high[0]), np.arange(low[1], high[1]))
    along = end - start
    share = np.clip(((x - start[0]) * along[0] + (y - start[1]) * along[1]) / max(along @ along, 1e-9), 0, 1)
    inside = np.hypot(x - start[0] - share * along[0], y - start[1] - share * along[1]) < thick
    image[low[1] : high[1], low[0] : high[0]][inside] = colour


def draw_figure(image: np.ndarray, points: np.ndarray) -> None:
    """Draw a figure of ``points`` (22, 2), pixels, into ``image`` (height, width, 3) uint8."""
    names_of = {index: name for name, index in JOINT_INDEX.items()}
    for joint in range(1, JOINT_COUNT):
        side = names_of[joint].split("_")[0] if "_" in names_of[joint] else ""
        draw_line(image, points[PARENTS[joint]], points[joint], 1.7, _COLOURS[side])
    up = points[JOINT_INDEX["head"]] - points[JOINT_INDEX["neck"]]
    middle = points[JOINT_INDEX["head"]] + up * 0.6
    draw_line(image, middle, middle, 4.2, _COLOURS[""])


def write_text(image: np.ndarray, text: str, x: int, y: int, size: int = 2) -> None:
    """Write ``text`` into ``image`` (height, width, 3) uint8 with its upper left corner at (x, y), pixels.

    ``size`` is the side of a dot that letters are made of, pixels.
    """
    for letter in text.upper():
        for row, bits in enumerate(_rows(letter)):
            for column in range(3):
                if bits >> (2 - column) & 1:
                    top, left = y + row * size, x + column * size
                    image[top : top + size, left : left + size] = _INK
        x += 4 * size


def _rows(letter: str) -> list[int]:
    return [int(bits) for bits in _LETTERS.get(letter, "00000")]


def strip(joints: np.ndarray, title: str) -> np.ndarray:
    """Return a row of poses (height, width, 3) uint8 of ``joints`` (frames, 22, 3), metres, under ``title``."""
    image = np.full((2 * _TALL + 14, POSES * _WIDE, 3), _BACK, np.uint8)
    picks = np.linspace(0, len(joints) - 1, POSES).round().astype(int)
    for view in range(2):
        floor = (view + 1) * _TALL - 10 + 14
        image[floor : floor + 1] = _FLOOR
        for column, frame in enumerate(picks):
            pose = joints[frame]
            middle = pose[[0, 12]].mean(axis=0)
            across = (pose[:, 0] - middle[0]) if view == 0 else -(pose[:, 2] - middle[2])
            x = (column + 0.5) * _WIDE + across * _SCALE * (1 if view == 0 else -1)
            points = np.stack([x, floor - pose[:, 1] * _SCALE], axis=-1)
            draw_figure(image, points)
    write_text(image, title, 4, 2)
    return image


def main(arguments: list[str] | None = None) -> int:
    """Write pages of strips and print their paths."""
    parser = argparse.ArgumentParser(prog="python -m runtime.authored.filmstrip", description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--draws", type=int, default=1, help="variants of each action")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    options.folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for name in options.names or names():
        for number in range(options.draws):
            motion = draw(np.random.default_rng(options.seed + number), name)
            seconds = len(motion.joints) / 20
            rows.append(
                strip(motion.joints, f"{name} {motion.side} {motion.count} {seconds:.1f}: {motion.captions[0]}")
            )
    for page in range(0, len(rows), ROWS):
        path = options.folder / f"page_{page // ROWS:03d}.png"
        write_png(path, np.concatenate(rows[page : page + ROWS]))
        sys.stdout.write(f"{path}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
