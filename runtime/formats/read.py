"""One motion file of any kind: as its source has it, and on the canonical body for each who needs it.

read()            the clips of a file, with its own skeleton, units and rate
read_motion()     one motion, to say what it is: the longest piece
read_motions()    all of them, to convert: every piece of every clip
read_placed()     all of them with a floor that the clips of a file share, for the library
read_at_own_rate()  one motion frame by frame, to be edited and written back

On the canonical body means (frames, 22, 3), metres, Y up, at 20 frames a second, on the floor, facing +Z at first,
unless a function says otherwise.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from coamd_blender.errors import DataError, InputError
from coamd_blender.motion.files import BLENDER_FILES
from coamd_blender.motion.skeleton import FPS, JOINT_COUNT, JOINT_NAMES

from .acclaim import read_acclaim
from .bvh import read_bvh
from .canonical import JointMap, canonicalise, joint_maps, resample
from .clip import TORN, SourceClip, reason
from .gltf import read_gltf
from .npz import read_npz
from .options import ReadOptions
from .placing import clip_floor, place, shared_floor
from .understand import Understood, understand

Tell = Callable[[str], None]
READERS = {
    ".bvh": read_bvh, ".amc": read_acclaim, ".glb": read_gltf, ".gltf": read_gltf, ".vrma": read_gltf, ".npz": read_npz,
}  # fmt: skip
EDITABLE = (".npz", ".bvh")
# Files in which a body's joints are not: why, and what to do.
WITHOUT_JOINTS = {
    ".c3d": (
        "holds the places of markers on the skin, not of joints",
        "Solve it for a skeleton in the capture's own software, and export that as .bvh or .fbx",
    ),
    ".trc": (
        "holds the places of markers on the skin, not of joints",
        "Solve it for a skeleton in the capture's own software, and export that as .bvh or .fbx",
    ),
    ".vmd": (
        "turns the bones of a model that it does not hold",
        "Import model and motion into Blender with the MMD Tools extension, and read the armature's Action there",
    ),
    ".asf": ("holds a skeleton without motion", "Give the .amc beside it"),
}


def check_readable(path: str | Path) -> Path:
    """Return ``path`` if it is a motion file that can be read here, else InputError; for Blender's with the way."""
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix in BLENDER_FILES:
        raise InputError(
            f"{path} can be read by Blender alone",
            "Open or import it in Blender, and save its armature's motion as .bvh (operator export_anim.bvh)",
        )
    if suffix in WITHOUT_JOINTS:
        why, remedy = WITHOUT_JOINTS[suffix]
        raise InputError(f"{path} {why}", remedy)
    if suffix not in READERS:
        raise InputError(f"{path} is not a motion this program reads", f"Give one of {', '.join(READERS)}")
    if not path.is_file():
        raise InputError(f"There is no file {path}", "Check the path")
    return path


FARTHEST = 1e9  # units of a file: nobody goes so far, and what is made of such numbers overflows
_ABSURD_NUMBERS = np.errstate(invalid="ignore", over="ignore")  # what is not finite is looked at frame by frame


@_ABSURD_NUMBERS
def read(path: str | Path, skeleton: str | None = None, options: ReadOptions | None = None) -> list[SourceClip]:
    """Read every clip of a file, one of READERS, as its source has it. Raises DataError.

    ``skeleton`` may name the .asf of an .amc; ``options`` the rate of a .bvh or .amc that does not say it.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    fps = options.fps if options else None
    if suffix not in READERS:
        raise DataError(f"{path} is not a motion file", f"Give a {', '.join(READERS)}")
    if suffix == ".amc":
        clips = read_acclaim(path, skeleton, *(() if fps is None else (fps,)))
    else:
        clips = read_bvh(path, fps=fps) if suffix == ".bvh" else READERS[suffix](path)
    return [_without_absurd(clip) for clip in clips]


def _without_absurd(clip: SourceClip) -> SourceClip:
    """Return a clip whose places FARTHEST away or farther are no numbers: they are lost, as those the file lacks."""
    parts = {"positions": clip.positions} | ({} if clip.rest is None else {"rest": clip.rest})
    absurd = {name: np.abs(places) >= FARTHEST for name, places in parts.items()}
    if not any(far.any() for far in absurd.values()):
        return clip
    return replace(clip, **{name: np.where(absurd[name], np.nan, places) for name, places in parts.items()})


def joint_map_of(name: str | None) -> JointMap | None:
    """Return the joint map ``name``, None for None: the one that fits best is then found. Raises InputError."""
    if name is not None and name not in joint_maps():
        raise InputError(f"There is no joint map {name!r}", f"Choose from {', '.join(joint_maps())}")
    return None if name is None else joint_maps()[name]


def _nobody(line: str) -> None:
    """Listen to nothing."""


def _understood(
    path: Path, clip: SourceClip, named: JointMap | None, options: ReadOptions | None, tell: Tell
) -> Understood:
    """Return what a clip's joints mean: by the joint map ``named``, or found and told. Raises DataError."""
    if named is None and path.suffix.lower() == ".amc":
        named = joint_maps()["acclaim"]  # its places are the ends of the bones named, not their beginnings
    if named is not None:
        return Understood(clip, named, "")
    found = understand(clip, options)
    tell(f"{clip.name}: {found.line}")
    return found


# --- one motion -------------------------------------------------------------------------------------------------------


@_ABSURD_NUMBERS
def read_motion(
    path: str | Path,
    skeleton: str | None = None,
    animation: str | None = None,
    options: ReadOptions | None = None,
    tell: Tell = _nobody,
) -> np.ndarray:
    """Read one motion of a file to canonical joints (frames, 22, 3) float32, metres, to say what it is.

    A file of the 22 joints themselves is only resampled, its positions kept, brought to Y up and metres. ``skeleton``
    names a joint map (found when None) or an .asf; ``animation`` one of several in a .glb (the longest when None); of a
    motion that jumps the longest unbroken piece is taken. ``options`` are what the user says of the file; ``tell`` is
    given a line on what was found. Raises DataError and InputError.
    """
    path = Path(path)
    sketched = skeleton if skeleton and skeleton.lower().endswith(".asf") else None
    clips = _chosen(read(path, sketched, options), path, animation)
    joint_map = None if sketched else joint_map_of(skeleton or None)
    if joint_map is None and path.suffix.lower() == ".npz":
        return resample(clips[0].positions, clips[0].fps).astype(np.float32)
    clip, found = _first_understood(path, clips, joint_map, options, tell)
    if joint_map is None and _is_canonical(clip):
        columns = [clip.names.index(name) for name in JOINT_NAMES]
        joints = clip.positions[:, columns] @ found.turn.T * found.unit
        if np.isfinite(joints).all():
            return resample(joints, clip.fps).astype(np.float32)
    pieces = _canonical(clip, found, tell)
    if not pieces:
        raise DataError(f"{path} holds no two frames that follow on each other", "Export the motion again")
    return place(max(pieces, key=len)).astype(np.float32)


def _is_canonical(clip: SourceClip) -> bool:
    """Whether a clip already consists of the 22 joints (written by write_bvh or write_npz)."""
    lonely = {index for index, parent in enumerate(clip.parents) if parent < 0} - set(clip.parents)  # a mesh's node
    real = [name for index, name in enumerate(clip.names) if index not in lonely and not name.endswith("_end")]
    return len(real) == JOINT_COUNT and set(real) == set(JOINT_NAMES)


def _canonical(clip: SourceClip, found: Understood, tell: Tell) -> list[np.ndarray]:
    """Return the pieces of ``clip``, as it was ``found``, on the canonical body: (frames, 22, 3) each, metres.

    They are not yet placed. Whether it is mirrored is looked at unless it consists of the 22 joints by name: whoever
    wrote those meant them, and motion of depth cameras, or a gymnast's, bends knees backwards at times.
    """
    return canonicalise(found.clip, found.joint_map, check=not _is_canonical(clip), tell=tell)


def _chosen(clips: list[SourceClip], path: Path, animation: str | None) -> list[SourceClip]:
    """Return the clip called ``animation``, or else all, the longest first. Raises DataError."""
    if animation is None:
        return sorted(clips, key=lambda clip: -len(clip.positions))
    for clip in clips:
        if clip.name.lower() == animation.lower():
            return [clip]
    names = ", ".join(clip.name for clip in clips[:12])
    raise DataError(f"{path} has no animation {animation}", f"Choose from {names}")


def _first_understood(
    path: Path, clips: list[SourceClip], named: JointMap | None, options: ReadOptions | None, tell: Tell
) -> tuple[SourceClip, Understood]:
    """Return the first of ``clips`` that a person moves in, and what it means. Raises what the first of all did."""
    failed = []
    for clip in clips:
        try:
            return clip, _understood(path, clip, named, options, tell)
        except DataError as error:
            failed.append(error)
    raise failed[0]


@_ABSURD_NUMBERS
def read_at_own_rate(
    path: str | Path, options: ReadOptions | None = None, tell: Tell = _nobody
) -> tuple[np.ndarray, float]:
    """Return (joints (frames, 22, 3) float32, fps) of an .npz as it is, or of a .bvh on the canonical body.

    Joints are in metres, and every frame is kept at its own rate. Raises InputError and DataError.
    """
    path = Path(path)
    if path.suffix.lower() not in EDITABLE:
        raise InputError(f"{path} is not a clip that can be edited", f"Give one of {', '.join(EDITABLE)}")
    if not path.is_file():
        raise InputError(f"There is no file {path}", "Check the path")
    (clip,) = read(path, options=options)
    if path.suffix.lower() == ".npz":
        return clip.positions.astype(np.float32), clip.fps
    # told at the frame rate of the canonical body's motions, so that every frame is kept
    found = _understood(path, clip, None, options, tell)
    motions = _canonical(clip, replace(found, clip=replace(found.clip, fps=float(FPS))), tell)
    if len(motions) != 1 or len(motions[0]) != len(clip.positions):
        raise DataError(f"{path} jumps, and would be cut", "Mend its jumps, or convert it and edit the pieces")
    return place(motions[0]).astype(np.float32), clip.fps


# --- all of them ------------------------------------------------------------------------------------------------------


@_ABSURD_NUMBERS
def read_motions(
    path: str | Path, skeleton: str | None = None, options: ReadOptions | None = None, tell: Tell = _nobody
) -> list[tuple[str, np.ndarray]]:
    """Return (name, canonical joints (frames, 22, 3)) of every motion in a file, in metres.

    The pieces of one that jumps count up. A .npz holds such joints already and is only resampled. ``skeleton`` names a
    joint map instead of what would be found, or the .asf of an .amc; ``options`` are what the user says of the file. Of
    several motions those that cannot be read are left out; ``tell`` is given a line for each, and on what was found.
    Raises DataError and InputError.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix == ".npz":
        (clip,) = read_npz(path)
        return [(clip.name, resample(clip.positions, clip.fps))]
    clips = read(path, skeleton, options)
    joint_map = None if suffix == ".amc" else joint_map_of(skeleton)
    motions, failed = [], []
    for clip in clips:
        try:
            found = _understood(path, clip, joint_map, options, tell)
            pieces = _canonical(clip, found, tell)
        except DataError as error:
            failed.append(error)
            tell(f"{clip.name} is left out: {error}")
            continue
        names = [clip.name] if len(pieces) == 1 else [f"{clip.name}_{number}" for number in range(len(pieces))]
        motions += [(name, place(piece)) for name, piece in zip(names, pieces, strict=True)]
    if not motions and failed:
        raise failed[0]
    if not motions:
        raise DataError(f"{path} holds no motion without jumps", "Export it with its animation")
    return motions


@dataclass(frozen=True, eq=False)
class PlacedMotion:
    """Piece ``number`` of the clip ``name``: joints float32 (frames, 22, 3). ``cut``: one of several pieces."""

    name: str
    number: int
    cut: bool
    joints: np.ndarray


@_ABSURD_NUMBERS
def read_placed(path: str | Path, shortest: int) -> tuple[list[PlacedMotion], list[str]]:
    """Return every motion of a file of at least ``shortest`` frames, and a line for all that was left out or amiss.

    The clips of one file share a floor where they are many: one that floats clear of it (a fall, a flight) keeps its
    height. A .npz is only resampled. Raises DataError, naming the file, when nothing in it can be used.
    """
    path = Path(path)
    try:
        motions, left_out = _npz_motion(path, shortest) if path.suffix.lower() == ".npz" else _pieces(path, shortest)
    except TORN as error:
        raise DataError(f"{path} cannot be read ({reason(error)})", "Export it again") from error
    if not motions:
        why = left_out[0] if left_out else "it has no animation"
        raise DataError(f"{path} holds no motion of {shortest / FPS:g} s or more ({why})", "Export its animation")
    return motions, left_out


def _npz_motion(path: Path, shortest: int) -> tuple[list[PlacedMotion], list[str]]:
    (clip,) = read_npz(path)
    joints = clip.positions if clip.fps == FPS else resample(clip.positions, clip.fps)
    motion = PlacedMotion(clip.name, 0, False, joints.astype(np.float32))
    return [motion] if len(joints) >= shortest else [], []


def _pieces(path: Path, shortest: int) -> tuple[list[PlacedMotion], list[str]]:
    clips, left_out = read(path), []
    found: list[tuple[SourceClip, JointMap, list[np.ndarray]]] = []
    for clip in clips:
        try:
            understood = _understood(path, clip, None, None, _nobody)
            joint_map = understood.joint_map
            pieces = [piece for piece in _canonical(clip, understood, _nobody) if len(piece) >= shortest]
        except DataError as error:
            if len(clips) == 1:
                raise
            left_out.append(f"{path.name}:{clip.name}: {error.message}")
            continue
        left_out += [f"{path.name}: {note} - check the rest, or export it again" for note in clip.notes]
        if not pieces:
            left_out.append(f"{path.name}:{clip.name}: shorter than {shortest / FPS:g} s")
        found.append((clip, joint_map, pieces))
    shared = shared_floor([piece for _, joint_map, pieces in found if not joint_map.stylised for piece in pieces])
    motions = [
        PlacedMotion(
            clip.name,
            number,
            len(pieces) > 1,
            place(piece, clip_floor(piece, clip.name, joint_map.stylised, shared)).astype(np.float32),
        )
        for clip, joint_map, pieces in found
        for number, piece in enumerate(pieces)
    ]
    return motions, left_out
