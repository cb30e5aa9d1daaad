"""Motion files as many exporters would write one known motion, to try readers on: made by formula.

The motion is made on the canonical body, as a function of time, so that any rate can be written and the joints at 20
frames a second are known. An Export says how it is written: names, axes, unit, proportions, the zero pose, the layout
of channels, and damage. Nothing of the readers is used here.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from coamd_blender.motion.skeleton import FPS, JOINT_COUNT, JOINT_INDEX, JOINT_NAMES, PARENTS, REST_OFFSETS

SECONDS = 3.0
_CHILDREN = [[c for c in range(JOINT_COUNT) if PARENTS[c] == j] for j in range(JOINT_COUNT)]
# The child towards which a joint's bone goes, for zero poses that lay bones along one axis.
_MAIN = {
    0: 3,
    3: 6,
    6: 9,
    9: 12,
    12: 15,
    **{j: _CHILDREN[j][0] for j in range(1, JOINT_COUNT) if len(_CHILDREN[j]) == 1},
}
_TIPS = {"foot": (0.0, 0.0, 0.06), "head": (0.0, 0.12, 0.0), "left_wrist": (0.08, 0, 0), "right_wrist": (-0.08, 0, 0)}


def turn(degrees: np.ndarray | float, axis: str) -> np.ndarray:
    """Return right-handed rotations (..., 3, 3) by ``degrees`` (...,) about "x", "y" or "z"."""
    angle = np.radians(degrees)
    cos, sin, one, zero = np.cos(angle), np.sin(angle), np.ones_like(angle), np.zeros_like(angle)
    rows = {
        "x": [[one, zero, zero], [zero, cos, -sin], [zero, sin, cos]],
        "y": [[cos, zero, sin], [zero, one, zero], [-sin, zero, cos]],
        "z": [[cos, -sin, zero], [sin, cos, zero], [zero, zero, one]],
    }[axis]
    return np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)


# --- the motion -------------------------------------------------------------------------------------------------------


def local_turns(kind: str, times: np.ndarray) -> np.ndarray:
    """Return the turns (T, 22, 3, 3) of every joint from its parent in the motion ``kind``.

    ``times`` (T,) are seconds.
    """
    turns = np.tile(np.eye(3), (len(times), JOINT_COUNT, 1, 1))
    phase = 2 * np.pi * 0.9 * times
    ease = 0.5 * (1 - np.cos(2 * np.pi * times / SECONDS))  # 0 at both ends, 1 in the middle

    def put(joint: str, axis: str, degrees: np.ndarray) -> None:
        index = JOINT_INDEX[joint]
        turns[:, index] = turns[:, index] @ turn(degrees, axis)

    for side, sign in (("left", 1.0), ("right", -1.0)):
        put(f"{side}_shoulder", "z", -sign * (62.0 + 0 * times))  # arms hang
        if kind == "walk":
            swing = sign * np.sin(phase)
            put(f"{side}_hip", "x", -24 * swing)
            put(f"{side}_knee", "x", 6 + 38 * np.maximum(0.0, sign * np.cos(phase)) ** 2)
            put(f"{side}_ankle", "x", 8 * swing)
            put(f"{side}_shoulder", "y", -20 * swing)
        elif kind == "squat":
            put(f"{side}_hip", "x", -70 * ease)
            put(f"{side}_knee", "x", 110 * ease)
            put(f"{side}_ankle", "x", -40 * ease)
        elif kind == "bow":
            put(f"{side}_knee", "x", 4 + 0 * times)
            put(f"{side}_hip", "x", -2 + 0 * times)
        elif side == "left":
            put("left_shoulder", "z", 120 * ease)  # wave
        else:
            put("right_hip", "x", -40 * ease)
            put("right_knee", "x", 60 * ease)
        put(f"{side}_elbow", "y", -sign * (18 + 10 * np.sin(phase)))
    if kind == "bow":
        for joint, share in (("spine1", 17), ("spine2", 16), ("spine3", 17), ("neck", 20)):
            put(joint, "x", share * ease)
    begun = np.minimum(1.0, times / 0.6) ** 2  # at first it faces ahead, and keeps still
    put("spine2", "y", (8 if kind == "walk" else 5) * begun * np.sin(phase))
    put("neck", "y", 10 * np.sin(phase))
    return turns


KINDS = ("walk", "squat", "bow", "wave")


def pose(kind: str, times: np.ndarray, offsets: np.ndarray = REST_OFFSETS) -> tuple[np.ndarray, np.ndarray]:
    """Return joints (T, 22, 3) and turns (T, 22, 3, 3) in the world of the motion ``kind`` at ``times`` (T,), seconds.

    Joints are metres, Y up, the toes on the floor; it faces +Z over the origin at 0 s. ``offsets`` (22, 3) may be of
    other proportions; what it does is the same.
    """
    turns = local_turns(kind, times)
    joints = np.zeros((len(times), JOINT_COUNT, 3))
    world = turns.copy()
    heading = 60 * (times / SECONDS) ** 2 if kind == "walk" else 0 * times
    world[:, 0] = turn(heading, "y") @ turns[:, 0]
    for joint in range(1, JOINT_COUNT):
        above = PARENTS[joint]
        joints[:, joint] = joints[:, above] + world[:, above] @ offsets[joint]
        world[:, joint] = world[:, above] @ turns[:, joint]
    size = np.linalg.norm(offsets[4]) / np.linalg.norm(REST_OFFSETS[4])
    pace = 1.1 * size if kind == "walk" else 0.0
    way = pace * times
    place = np.stack([0.5 * way * np.radians(heading) * 0.6, 0 * way, way], axis=-1)
    ankles = joints[:, [JOINT_INDEX["left_ankle"], JOINT_INDEX["right_ankle"]], 1].min(axis=1) - 0.06 * size
    place[:, 1] = -np.minimum(joints[..., 1].min(axis=1), ankles)
    return joints + place[:, None], world


def known_joints(kind: str) -> np.ndarray:
    """Return the joints (T, 22, 3), metres, of the canonical body at 20 frames a second that a reader ought to give."""
    return pose(kind, np.arange(round(SECONDS * FPS) + 1) / FPS)[0]


# --- how it is written ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Export:
    """How a motion is written.

    kind: one of KINDS. names: 22 joint names, "" for joints that the file lacks. up: "y", "z", "-y" or "root-z" (only
    the root is turned, the zero pose stays Y up). unit: metres a file unit. fps: frames a second. trunk, arms: their
    lengths as shares of the canonical body's; size: that of all. zero: "t", "a", "down", "bone" (each bone along X) or
    "first" (the zero pose is the first frame's). order: rotation channels. layout: "plain", "positions" (on every
    joint), "rotations first". damage: one of DAMAGE, or "". ends: whether there are End Sites. form: "bvh", or one of
    exports_gltf.FORMS, for which order, layout and damage say nothing.
    """

    kind: str
    names: tuple[str, ...]
    up: str = "y"
    unit: float = 0.01
    fps: float = 30.0
    size: float = 1.0
    trunk: float = 1.0
    arms: float = 1.0
    zero: str = "t"
    order: str = "ZXY"
    layout: str = "plain"
    damage: str = ""
    ends: bool = True
    form: str = "bvh"


def _offsets(export: Export) -> np.ndarray:
    offsets = REST_OFFSETS * export.size
    for joint, name in enumerate(JOINT_NAMES):
        if name.startswith(("spine", "neck", "head")) or "collar" in name:
            offsets[joint] *= export.trunk
        if "elbow" in name or "wrist" in name or "shoulder" in name:
            offsets[joint] *= export.arms
    return offsets


def _zero_turns(export: Export, offsets: np.ndarray, world: np.ndarray) -> np.ndarray:
    """Return (22, 3, 3): the canonical frames of the zero pose's joints, seen from the file's."""
    found = np.tile(np.eye(3), (JOINT_COUNT, 1, 1))
    if export.zero in ("a", "down"):
        for side, sign in (("left", 1.0), ("right", -1.0)):
            for part in ("shoulder", "elbow", "wrist"):
                found[JOINT_INDEX[f"{side}_{part}"]] = turn(sign * (45.0 if export.zero == "a" else 85.0), "z")
    elif export.zero == "bone":
        for joint in range(JOINT_COUNT):
            tip = offsets[_MAIN[joint]] if joint in _MAIN else _tip(joint)
            found[joint] = _along_x(np.array(tip, float))
    elif export.zero == "first":
        found = np.swapaxes(world[0], -1, -2)
    return found


def _tip(joint: int) -> tuple[float, float, float]:
    name = JOINT_NAMES[joint]
    return next(tip for word, tip in _TIPS.items() if word in name)


def _along_x(vector: np.ndarray) -> np.ndarray:
    """Return a rotation whose first column is ``vector`` at length 1."""
    x = vector / np.linalg.norm(vector)
    y = np.cross([0.0, 0.0, 1.0] if abs(x[2]) < 0.9 else [0.0, 1.0, 0.0], x)
    y /= np.linalg.norm(y)
    return np.stack([x, y, np.cross(x, y)], axis=-1)


_UPS = {"y": np.eye(3), "z": turn(90.0, "x"), "-y": turn(180.0, "x"), "root-z": turn(90.0, "x")}


@dataclass(frozen=True)
class Skeleton:
    """A motion as a file has it: the joints written, in order, by number of the canonical body.

    offsets: (22, 3) from the parent in the zero pose. tips: joint to (3,). roots: (T, 3). turns: (T, 22, 3, 3) from the
    parent. All in the file's axes and unit.
    """

    joints: list[int]
    offsets: np.ndarray
    tips: dict[int, np.ndarray]
    roots: np.ndarray
    turns: np.ndarray


def skeleton(export: Export) -> Skeleton:
    """Return the skeleton and the motion that an Export writes."""
    times = np.arange(round(SECONDS * export.fps) + 1) / export.fps
    offsets = _offsets(export)
    joints, world = pose(export.kind, times, offsets)
    zero = _zero_turns(export, offsets, world)  # a vector v of the canonical frame is zero.T v in the file's
    frames = world @ zero
    file_offsets = np.array([zero[PARENTS[j]].T @ offsets[j] if j else np.zeros(3) for j in range(JOINT_COUNT)])
    tips = {j: zero[j].T @ np.array(_tip(j)) for j in range(JOINT_COUNT) if not _CHILDREN[j]}
    roots, axes = joints[:, 0], _UPS[export.up]
    if export.up == "root-z":
        frames = axes @ frames
    else:
        frames = axes @ frames @ axes.T
        file_offsets, tips = file_offsets @ axes.T, {j: axes @ tip for j, tip in tips.items()}
    roots = roots @ axes.T
    locals_ = frames.copy()
    for joint in range(1, JOINT_COUNT):
        locals_[:, joint] = np.swapaxes(frames[:, PARENTS[joint]], -1, -2) @ frames[:, joint]
    written = [j for j in _tree_order() if export.names[j]]
    tips = {j: tip for j, tip in tips.items() if export.names[j]}
    for joint in range(1, JOINT_COUNT):  # what ends in a joint that is not written ends in a tip
        if not export.names[joint] and export.names[PARENTS[joint]] and PARENTS[joint] not in (0, 9):
            tips[PARENTS[joint]] = file_offsets[joint]
    scale = 1.0 / export.unit
    return Skeleton(written, file_offsets * scale, {j: tip * scale for j, tip in tips.items()}, roots * scale, locals_)


def _tree_order() -> list[int]:
    order, pending = [], [0]
    while pending:
        joint = pending.pop()
        order.append(joint)
        pending.extend(reversed(_CHILDREN[joint]))
    return order


def euler(matrices: np.ndarray, order: str) -> np.ndarray:
    """Return degrees (..., 3) in the order written, such that R = R1 R2 R3, of rotations ``matrices`` (..., 3, 3).

    Where the second is a quarter turn, so that first and third turn about one axis, the third is none.
    """
    i, j, k = ("XYZ".index(letter) for letter in order)
    sign = 1.0 if (i, j, k) in ((0, 1, 2), (1, 2, 0), (2, 0, 1)) else -1.0
    middle = np.arcsin(np.clip(sign * matrices[..., i, k], -1, 1))
    first = np.arctan2(-sign * matrices[..., j, k], matrices[..., k, k])
    last = np.arctan2(-sign * matrices[..., i, j], matrices[..., i, i])
    locked = np.hypot(matrices[..., i, i], matrices[..., i, j]) < 1e-6
    first = np.where(locked, np.arctan2(sign * matrices[..., k, j], matrices[..., j, j]), first)
    last = np.where(locked, 0.0, last)
    return np.degrees(np.stack([first, middle, last], axis=-1))


DAMAGE = (
    "", "crlf", "blank lines", "comments", "lower case", "frames plus one", "frames minus one", "cut row", "bad row",
    "two roots", "tabs", "wrapped rows", "no frames", "bom", "carriage returns", "semicolons", "decimal commas",
    "root above", "two people", "two bytes",
)  # fmt: skip


def write_bvh_export(path: Path, export: Export) -> None:
    """Write a BVH as ``export`` says."""
    made = skeleton(export)
    lines = ["HIERARCHY"]
    _describe(lines, export, made, 0, 0)
    columns = []
    for joint in made.joints:
        angles = euler(made.turns[:, joint], export.order)
        place = made.roots if joint == 0 else np.broadcast_to(made.offsets[joint], made.roots.shape)
        if joint and export.layout != "positions":
            columns.append(angles)
        else:
            columns += [angles, place] if export.layout == "rotations first" else [place, angles]
    rows = [" ".join(f"{value:.5f}" for value in row) for row in np.concatenate(columns, axis=1)]
    text = _damaged(lines, rows, export)
    path.write_bytes(text.encode({"bom": "utf-8-sig", "two bytes": "utf-16"}.get(export.damage, "utf-8")))


def _describe(lines: list[str], export: Export, made: Skeleton, joint: int, depth: int) -> None:
    pad = "  " * depth
    rotations = " ".join(f"{letter}rotation" for letter in export.order)
    positions = "Xposition Yposition Zposition"
    both = f"{rotations} {positions}" if export.layout == "rotations first" else f"{positions} {rotations}"
    placed = joint == 0 or export.layout == "positions"
    offset = made.offsets[joint] if joint else np.zeros(3)
    lines += [
        f"{pad}{'JOINT' if joint else 'ROOT'} {export.names[joint]}",
        f"{pad}{{",
        f"{pad}  OFFSET " + " ".join(f"{value:.6f}" for value in offset),
        f"{pad}  CHANNELS {'6 ' + both if placed else '3 ' + rotations}",
    ]
    for child in _CHILDREN[joint]:
        if child in made.joints:
            _describe(lines, export, made, child, depth + 1)
    if joint in made.tips and export.ends:
        tip = " ".join(f"{value:.6f}" for value in made.tips[joint])
        lines += [f"{pad}  End Site", f"{pad}  {{", f"{pad}    OFFSET {tip}", f"{pad}  }}"]
    lines.append(f"{pad}}}")


def _damaged(lines: list[str], rows: list[str], export: Export) -> str:
    """Return the text of a file, with the damage done."""
    damage, frames = export.damage, len(rows)
    if damage == "two roots":
        lines += ["ROOT Camera", "{", "OFFSET 0 1 2", "CHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation "
                  "Yrotation", "End Site", "{", "OFFSET 0 0 1", "}", "}"]  # fmt: skip
        rows = [f"{row} 1 2 3 0 0 0" for row in rows]
    if damage == "two people":  # the other one behind, in the other's first pose all the time
        other = [line.replace("ROOT ", "ROOT Other").replace("JOINT ", "JOINT Other") for line in lines[1:]]
        lines, rows = [*lines, *other], [f"{row} {rows[0]}" for row in rows]
    if damage == "root above":
        lines = [lines[0], "ROOT Reference", "{", "OFFSET 0 0 0", "CHANNELS 6 Xposition Yposition Zposition Zrotation "
                 "Xrotation Yrotation", lines[1].replace("ROOT", "JOINT"), *lines[2:], "}"]  # fmt: skip
        rows = [f"0 0 0 0 0 0 {row}" for row in rows]
    if damage == "cut row":
        rows = [*rows[:-1], rows[-1][: len(rows[-1]) // 2]]
    if damage == "bad row":
        rows[20] = rows[20].replace(" ", " nan ", 1).replace(" ", " 1.#IND ", 1)
    if damage == "wrapped rows":
        rows = ["\n".join(" ".join(part) for part in np.array_split(row.split(), 3)) for row in rows]
    stated = frames + {"frames plus one": 1, "frames minus one": -1}.get(damage, 0)
    head = ["MOTION", f"Frames: {stated}", f"Frame Time: {1 / export.fps:.7f}"]
    if damage == "no frames":
        head.pop(1)
    if damage == "blank lines":
        head = [line for part in head for line in (part, "")]
        rows = [line for row in rows for line in (row, "")]
    if damage == "comments":
        lines, rows = ["# exported", *lines, "// end of skeleton"], ["# data", *rows]
    text = "\n".join([*lines, *head, *rows]) + "\n"
    if damage == "lower case":
        for word in ("HIERARCHY", "ROOT", "JOINT", "OFFSET", "CHANNELS", "End Site", "MOTION", "Frames", "Frame Time"):
            text = text.replace(word, word.lower())
    if damage == "tabs":
        text = text.replace("  ", "\t").replace(" ", "   ")
    if damage in ("semicolons", "decimal commas"):
        at = text.index(rows[0])
        text = text[:at] + (text[at:].replace(" ", ";") if damage == "semicolons" else text[at:].replace(".", ","))
    return text.replace("\n", {"crlf": "\r\n", "carriage returns": "\r"}.get(damage, "\n"))
