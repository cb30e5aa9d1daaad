"""Edits that are asked for more than a range: paths over the floor, key poses, parts of the body.

Recordings that no training has seen are edited as an animator would: a walk is led along a curve, a clip's own poses
are kept and the rest made anew, the legs of a walk stay and the arms do something else. All at 20 frames a second, on
the canonical body; nothing is kept on disk.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from coamd_blender.errors import DataError
from coamd_blender.motion.skeleton import FPS, JOINT_COUNT
from runtime.cleanup.blend import Target
from runtime.edit.regenerate import edit
from runtime.edit.task import Edit
from runtime.evaluate import geometry as g
from runtime.evaluate.fairness import Labels, held_out
from runtime.evaluate.obedience_tests import hand_up, wave
from runtime.evaluate.physical import foot_skate_ratio, jerk

if TYPE_CHECKING:
    from runtime.data.dataset import Prepared
    from runtime.evaluate.benchmarks import Options

LEAST, MOST = 3 * FPS, 4 * FPS  # frames of a walk
LEAD, WAY = FPS, 5 * FPS  # frames: kept before a path, and along it
PACE = 1.2  # m/s along a path
CLIPS = 8  # recordings an edit of each kind is made on, at most

ARM_PROMPTS: tuple[tuple[str, Callable[[np.ndarray], bool]], ...] = (
    ("she waves at the crowd", partial(wave, seated=True)),
    ("she waves to us with her left hand", partial(wave, side="left", seated=True)),
    ("he waves to us with his right hand", partial(wave, side="right", seated=True)),
    ("the character lifts the left hand up high", partial(hand_up, side="left")),
    ("the character lifts the right hand up high", partial(hand_up, side="right")),
)


def walks(prepared: Prepared, count: int = CLIPS) -> list[np.ndarray]:
    """Return at most ``count`` held-out walks of 3 s or more, at most 4 s of each, evenly chosen: (frames, 22, 3),
    metres.

    Raises DataError when there are none.
    """
    rows = [
        clip
        for families, clip in held_out(prepared, Labels.load())
        if "walk" in families and clip["ships"] and clip["frames"] >= LEAST
    ]
    if not rows:
        raise DataError(f"No held-out walk lasts {LEAST / FPS:g} s", "Run: python -m runtime prepare --data FOLDER")
    chosen = np.unique(np.linspace(0, len(rows) - 1, min(count, len(rows))).round().astype(int))
    return [np.array(prepared.joints(rows[index])[:MOST], dtype=np.float64) for index in chosen]


# --- paths ------------------------------------------------------------------------------------------------------------


def curves(length: float) -> dict[str, np.ndarray]:
    """Return curves (points, 2: sideways, ahead) of ``length`` metres that leave the origin straight ahead."""
    way = np.linspace(0, length, 200)
    headings = {
        "straight": np.zeros_like(way),
        "circle": np.minimum(way / length, 1.0) * 2 * np.pi,
        "S": np.radians(70) * np.sin(2 * np.pi * way / length),
    }
    drawn = {}
    for name, heading in headings.items():
        steps = np.stack([np.sin(heading), np.cos(heading)], axis=1) * (way[1] - way[0])
        drawn[name] = np.concatenate([np.zeros((1, 2)), np.cumsum((steps[1:] + steps[:-1]) / 2, axis=0)])
    return drawn


def from_pose(curve: np.ndarray, pose: np.ndarray) -> np.ndarray:
    """Return ``curve`` (points, 2), metres, carried to where ``pose`` (22, 3) stands and looks: the same shape."""
    ahead = g.forward_axis(pose[None])[0]
    left = g.left_axis(pose[None])[0]
    return pose[0, [0, 2]] + curve[:, :1] * left[[0, 2]] + curve[:, 1:] * ahead[[0, 2]]


def off_path(joints: np.ndarray, curve: np.ndarray) -> float:
    """Return the mean distance over the floor of the pelvis of ``joints`` (frames, 22, 3) from ``curve`` (points, 2),
    metres.
    """
    start, step = curve[:-1], np.diff(curve, axis=0)
    offset = joints[:, None, 0][..., [0, 2]] - start  # (frames, segments, 2)
    share = np.clip((offset * step).sum(-1) / np.maximum((step**2).sum(-1), 1e-12), 0, 1)
    return float(np.linalg.norm(offset - share[..., None] * step, axis=-1).min(axis=1).mean())


def run_paths(options: Options) -> dict:
    """Lead walks along a straight line, a circle and an S at 1.2 m/s.

    Measured are the distance from it, and skating and jerk against the walks'. ``options`` is ``benchmarks.Options``.
    """
    generator, recorded = options.generator(), walks(options.data())
    usual = float(np.mean([foot_skate_ratio(joints) for joints in recorded]))
    rows = {}
    for name, shape in curves(PACE * WAY / FPS).items():
        found = []
        for seed, joints in enumerate(recorded):
            curve = from_pose(shape, joints[LEAD - 1])
            task = Edit(LEAD, LEAD + WAY, "a person walks", "continue", path=curve, seed=seed)
            clip = np.concatenate([joints[:LEAD], np.repeat(joints[LEAD - 1 : LEAD], WAY, axis=0)])
            made = edit(generator, clip, FPS, task)[LEAD:]
            found.append((100 * off_path(made, curve), foot_skate_ratio(made), jerk(made)))
        distance, skating, shake = np.mean(found, axis=0)
        worst = max(row[0] for row in found)
        rows[name] = {"cm": float(distance), "worst_cm": worst, "skating": float(skating / max(usual, 1e-9))}
        rows[name]["jerk"] = float(shake / np.mean([jerk(joints) for joints in recorded]))
    lines = [f"{'path':<12}{'mean cm':>9}{'worst cm':>10}{'skating':>9}{'jerk':>7}   {len(recorded)} walks"]
    lines += [
        f"{name:<12}{row['cm']:>9.1f}{row['worst_cm']:>10.1f}{row['skating']:>8.2f}x{row['jerk']:>6.2f}x"
        for name, row in rows.items()
    ]
    figure = f"{max(row['cm'] for row in rows.values()):.1f} cm"
    return {"paths": rows, "clips": len(recorded), "skating": usual, "figure": figure, "text": "\n".join(lines)}


# --- key poses --------------------------------------------------------------------------------------------------------


def run_poses(options: Options) -> dict:
    """Make the middle of held-out clips anew through two poses of their own: how far off, skating, jerk.

    ``options`` is ``benchmarks.Options``.
    """
    prepared, generator = options.data(), options.generator()
    clips = [clip for clip in prepared.of_split("val") + prepared.of_split("test") if clip["frames"] >= 100]
    clips = [clip for clip in clips if clip["ships"] and clip["captions"]]
    if not clips:
        raise DataError("No held-out clip lasts 5 s", "Run: python -m runtime prepare --data FOLDER")
    chosen = np.unique(np.linspace(0, len(clips) - 1, min(CLIPS, len(clips))).round().astype(int))
    errors, ours, real = [], [], []
    for seed, index in enumerate(chosen):
        joints = np.array(prepared.joints(clips[index])[:140], dtype=np.float64)
        first, last = round(0.25 * len(joints)), round(0.75 * len(joints))
        frames = [first + (last - first) * share // 3 for share in (1, 2)]
        targets = tuple(Target(frame, tuple(range(JOINT_COUNT)), joints[frame]) for frame in frames)
        task = Edit(first, last, clips[index]["captions"][0], targets=targets, seed=seed)
        made = edit(generator, joints, FPS, task)
        errors += [float(np.linalg.norm(made[frame] - joints[frame], axis=-1).max()) for frame in frames]
        ours.append((foot_skate_ratio(made[first:last]), jerk(made[first:last])))
        real.append((foot_skate_ratio(joints[first:last]), jerk(joints[first:last])))
    skating, shake = np.mean(ours, axis=0) / np.maximum(np.mean(real, axis=0), 1e-9)
    result = {"clips": len(chosen), "worst_cm": 100 * max(errors), "skating": float(skating), "jerk": float(shake)}
    text = f"key poses, two in each of {len(chosen)} clips: at most {result['worst_cm']:.2f} cm off; "
    text += f"skating {skating:.2f} x, jerk {shake:.2f} x the recordings'"
    return result | {"figure": f"{result['worst_cm']:.2f} cm", "text": text}


# --- parts of the body ------------------------------------------------------------------------------------------------


def run_parts(options: Options) -> dict:
    """Keep pelvis and legs of held-out walks and make the upper body anew after a prompt: does it obey, what moved.

    ``options`` is ``benchmarks.Options``.
    """
    generator, recorded = options.generator(), walks(options.data())
    kept = [joint for joint in range(JOINT_COUNT) if joint in (0, 1, 2, 4, 5, 7, 8, 10, 11)]
    rows, moved = {}, 0.0
    for prompt, obeyed in ARM_PROMPTS:
        verdicts = []
        for seed, joints in enumerate(recorded):
            made = edit(generator, joints, FPS, Edit(0, len(joints), prompt, joints="upper_body", seed=seed))
            relative = (made - made[:, :1]) - (joints - joints[:, :1])
            moved = max(moved, 1000 * float(np.linalg.norm(relative[:, kept], axis=-1).max()))
            verdicts.append(obeyed(made))
        rows[prompt] = {"passed": sum(verdicts), "total": len(verdicts)}
    share = share_of(rows.values())
    lines = [f"{prompt:<40}{row['passed']:>4} / {row['total']}" for prompt, row in rows.items()]
    lines.append(f"{'all':<40}{100 * share:>4.0f} %; kept joints moved by at most {moved:.3f} mm against the pelvis")
    return {
        "prompts": rows,
        "share": share,
        "moved_mm": moved,
        "figure": f"{100 * share:.0f} %",
        "text": "\n".join(lines),
    }


def share_of(rows: Sequence[dict]) -> float:
    """Return the share of the verdicts of rows {passed, total} that are good."""
    return sum(row["passed"] for row in rows) / max(1, sum(row["total"] for row in rows))
