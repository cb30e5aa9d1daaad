"""Are motion files of other exporters read rightly: one known motion, written as hundreds of them would write it.

Files are drawn at random (exports.py), so that every scheme of names meets every axis, unit, zero pose, layout of
channels and damage a few times over. What is read is held against the joints that were written: right is within
1 cm and 2 degrees in every joint and frame; refused is refused with a reason; what was told to be doubtful is not
silent; all else is wrong without a word.
"""

from __future__ import annotations

import tempfile
import time
import tracemalloc
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from coamd_blender.errors import CoamdError
from coamd_blender.motion.kinematics import bones
from coamd_blender.motion.rotations import unit
from coamd_blender.motion.skeleton import JOINT_NAMES
from runtime.evaluate.export_names import NAMED, joint_names
from runtime.evaluate.exports import DAMAGE, KINDS, Export, known_joints, write_bvh_export
from runtime.evaluate.exports_gltf import FORMS, write_gltf_export
from runtime.formats.read import read_motions

if TYPE_CHECKING:
    from runtime.evaluate.benchmarks import Options

FILES = 9 * len(NAMED)
GLTF_FILES = 6 * len(FORMS)
NEAR, ALIKE = 0.01, 2.0  # metres, degrees
RIGHT, REFUSED, TOLD, WRONG = "right", "refused", "told to be doubtful", "wrong without a word"
OUTCOMES = (RIGHT, REFUSED, TOLD, WRONG)
_WEIGHED = 9  # of so many files one is read once more, and its memory watched
_DOUBT = "nearly as likely"
UNITS = (1.0, 0.01, 0.001, 0.0254, 0.3048)
RATES = (24.0, 25.0, 30.0, 60.0, 100.0, 120.0)
ORDERS = ("ZXY", "ZYX", "XYZ", "YXZ", "XZY", "YZX")
# Trunk, arms and whole as shares of the canonical body's: the body itself, and bodies of other makes.
BUILDS = ((1.0, 1.0, 1.0), (1.08, 0.93, 1.1), (0.9, 1.1, 0.6), (1.0, 1.0, 1.15))


@dataclass(frozen=True)
class Result:
    """What became of one file: an outcome and, in words, why; seconds and megabytes that reading took (0 where not
    watched)."""

    export: Export
    scheme: str
    outcome: str
    why: str
    seconds: float
    megabytes: float


def draw(seed: int = 0) -> Iterator[tuple[str, Export]]:
    """Yield (scheme of names, export) of FILES .bvh, every scheme as often, and GLTF_FILES .glb, every form as often;
    all else by chance."""
    rng = np.random.default_rng(seed)

    def one_of(values: tuple) -> object:
        return values[int(rng.integers(len(values)))]

    for number in range(FILES):
        scheme = NAMED[number % len(NAMED)]
        trunk, arms, size = one_of((BUILDS[0], *BUILDS))
        yield (
            scheme,
            Export(
                kind=one_of(KINDS),
                names=joint_names(scheme),
                up=one_of(("y", "y", "z", "z", "-y", "root-z")),
                unit=one_of(UNITS),
                fps=one_of(RATES),
                size=size,
                trunk=trunk,
                arms=arms,
                zero=one_of(("t", "a", "down", "bone", "first")),
                order=one_of(ORDERS),
                layout=one_of(("plain", "plain", "positions", "rotations first")),
                damage=one_of(("",) * len(DAMAGE) + DAMAGE),
                ends=bool(rng.random() < 0.8),
            ),
        )
    for number in range(GLTF_FILES):
        scheme, form = one_of(NAMED), FORMS[number % len(FORMS)]
        trunk, arms, size = one_of((BUILDS[0], *BUILDS))
        yield (
            scheme,
            Export(
                kind=one_of(KINDS),
                names=joint_names(scheme),
                unit=0.01 if form == "scaled root" else 1.0,
                fps=one_of((24.0, 25.0, 30.0, 60.0)),
                size=size,
                trunk=trunk,
                arms=arms,
                zero=one_of(("t", "a", "down", "bone", "first")),
                ends=bool(rng.random() < 0.8),
                form=form,
            ),
        )


def write_export(folder: Path, name: str, export: Export) -> Path:
    """Write a file as ``export`` says into ``folder``, and return it."""
    path = folder / f"{name}{'.bvh' if export.form == 'bvh' else '.glb'}"
    (write_bvh_export if export.form == "bvh" else write_gltf_export)(path, export)
    return path


def judge(path: Path, export: Export) -> tuple[str, str]:
    """Read the file at ``path`` and return its outcome, and why in words."""
    told: list[str] = []
    try:
        motions = read_motions(path, tell=told.append)
    except CoamdError as error:
        return REFUSED, error.message.replace(str(path), "it")
    if len(motions) != 1:
        return WRONG, f"{len(motions)} pieces"
    joints, known = motions[0][1], known_joints(export.kind)
    if abs(len(joints) - len(known)) > 1:
        return WRONG, f"{len(joints)} frames, not {len(known)}"
    frames = min(len(joints), len(known))
    away, apart = distances(joints[:frames], known[:frames], _unknown(export))
    if away < NEAR and apart < ALIKE:
        return RIGHT, ""
    return TOLD if any(_DOUBT in line for line in told) else WRONG, f"{100 * away:.1f} cm, {apart:.0f} degrees off"


def distances(joints: np.ndarray, known: np.ndarray, unknown: tuple[int, ...] = ()) -> tuple[float, float]:
    """Return by how much ``joints`` miss ``known``, both (F, 22, 3), metres: (metres, degrees of a bone) at most.

    unknown: joints that the file says nothing of.
    """
    kept = [joint for joint in range(joints.shape[1]) if joint not in unknown]
    away = float(np.linalg.norm(joints - known, axis=-1)[:, kept].max())
    cosines = np.sum(unit(bones(joints)) * unit(bones(known)), axis=-1)[:, [joint - 1 for joint in kept if joint]]
    return away, float(np.degrees(np.arccos(np.clip(cosines, -1.0, 1.0))).max())


def _unknown(export: Export) -> tuple[int, ...]:
    """Return the joints of which a file says nothing: toes that it lacks, in a zero pose that is no stance."""
    lacking = tuple(joint for joint, name in enumerate(export.names) if not name)
    believed = export.zero in ("t", "a", "down")
    return lacking if not (export.ends or believed) else ()


def run_robustness(options: Options) -> dict:
    """Read all files; return the share that is right, what became of the others, and the worst cost."""
    results, exports = [], list(draw())
    with tempfile.TemporaryDirectory(prefix="coamd-") as folder:
        for number, (scheme, export) in enumerate(exports):
            path = write_export(Path(folder), str(number), export)
            if not number:
                judge(path, export)  # what is imported at first use takes longer than any file
            begun = time.process_time()
            outcome, why = judge(path, export)
            seconds = time.process_time() - begun
            megabytes = 0.0 if number % _WEIGHED else _memory(path, export)
            results.append(Result(export, scheme, outcome, why, seconds, megabytes))
            if options.progress is not None:
                options.progress(number + 1, len(exports))
    counts = Counter(result.outcome for result in results)
    found = {
        "files": len(results),
        "outcomes": {outcome: counts[outcome] for outcome in OUTCOMES},
        "not_right": [_described(result) for result in results if result.outcome != RIGHT],
        "worst_seconds": max(result.seconds for result in results),
        "worst_megabytes": max(result.megabytes for result in results),
    }
    share = f"{100 * counts[RIGHT] / len(results):.1f} % of {len(results)}"
    return found | {"figure": share, "text": table(found, results)}


def _memory(path: Path, export: Export) -> float:
    """Return the most memory, megabytes, that reading a file takes; watching it makes it slow."""
    tracemalloc.start()
    judge(path, export)
    megabytes = tracemalloc.get_traced_memory()[1] / 1e6
    tracemalloc.stop()
    return megabytes


_USUAL = Export("walk", JOINT_NAMES)


def _described(result: Result) -> str:
    """Return what is unusual of a file, and what became of it, in a line."""
    plain = replace(_USUAL, names=result.export.names)
    said = [
        f"{field.name} {getattr(result.export, field.name)}"
        for field in fields(Export)
        if field.name != "names" and getattr(result.export, field.name) != getattr(plain, field.name)
    ]
    return f"{result.outcome}: {result.why} ({result.scheme}, {', '.join(said)})"


def table(found: dict, results: list[Result]) -> str:
    """Return the table that is printed: by axis of the draw, how many were right, refused, doubtful and wrong."""
    lines = [f"{'':28}" + "".join(f"{outcome:>22}" for outcome in OUTCOMES)]
    for title, of in (
        ("up", lambda result: result.export.up),
        ("zero pose", lambda result: result.export.zero),
        ("layout", lambda result: result.export.layout),
        ("damage", lambda result: result.export.damage or "none"),
        ("form", lambda result: result.export.form),
        ("all", lambda result: "files"),
    ):
        for value in dict.fromkeys(of(result) for result in results):
            counts = Counter(result.outcome for result in results if of(result) == value)
            lines.append(f"{title + ' ' + value:28}" + "".join(f"{counts[outcome]:>22}" for outcome in OUTCOMES))
    lines += ["", *found["not_right"]]
    lines.append(f"worst: {found['worst_seconds']:.2f} s of processor time, {found['worst_megabytes']:.0f} MB")
    return "\n".join(lines)
