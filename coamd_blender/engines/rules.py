"""What each engine wants of a file, from its own documentation; a leaf: standard library only.

Unreal   "Root Motion in Unreal Engine": the movement is that of the skeleton's base bone. A clip is a file. Importing
         converts to Z up in centimetres, which is how the file is written, so that nothing is turned or scaled; the
         node of Blender's armature is left out where it is called Armature, and else becomes one more bone at the top.
Unity    "Animations from multiple files": a clip named MODEL@CLIP.fbx belongs to MODEL.fbx. "Generic animations": one
         bone is chosen as Root node, whose motion is the root motion. A file may hold several clips as takes.
Godot    "Import configuration" and "Animation tracks": glTF 2.0 is the format to prefer, in metres; a name that ends in
         -loop loops; the root motion is that of the bone chosen as root motion track; models face +Z.
Roblox   "Export avatar animations from Maya": the joints of R15 by their names below Root and HumanoidRootPart; an
         avatar's animation stays in its place; "Importing custom characters": centimetres, one animation a file.

No engine reads from FBX whether a clip loops: there the name says so, and the list of clips beside the files does.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..errors import InputError

FPS = 30.0  # the rate at which all four import and play by default
_UNSAFE = re.compile(r"[^A-Za-z0-9_]+")


@dataclass(frozen=True)
class Engine:
    """How files are written for one engine.

    suffix: of files. per_metre: units a metre. z_up: FBX in Z up. node: what the armature object is called, None for
    the character's name. clip_file, looping: what a clip's file and a clip that loops are called. several: whether a
    file may hold several clips. r15: the skeleton is Roblox's R15. in_place: clips never travel.
    """

    label: str
    suffix: str
    per_metre: float = 100.0
    z_up: bool = False
    node: str | None = None
    clip_file: str = "{clip}"
    looping: str = "{clip}_Loop"
    several: bool = False
    r15: bool = False
    in_place: bool = False


ENGINES = {
    "unreal": Engine("Unreal Engine", ".fbx", z_up=True, node="Armature"),
    "unity": Engine("Unity", ".fbx", clip_file="{character}@{clip}", several=True),
    "godot": Engine("Godot", ".glb", per_metre=1.0, looping="{clip}-loop", several=True),
    "roblox": Engine("Roblox", ".fbx", r15=True, in_place=True),
}

# Roblox's R15: joint, its parent, and the joints of the canonical body whose place and turn are its own.
R15 = (
    ("Root", None, None, None),
    ("HumanoidRootPart", "Root", None, None),
    ("LowerTorso", "HumanoidRootPart", "pelvis", "pelvis"),
    ("UpperTorso", "LowerTorso", "spine1", "spine3"),
    ("Head", "UpperTorso", "head", "head"),
    *(
        row
        for side, name in (("Left", "left"), ("Right", "right"))
        for row in (
            (f"{side}UpperArm", "UpperTorso", f"{name}_shoulder", f"{name}_shoulder"),
            (f"{side}LowerArm", f"{side}UpperArm", f"{name}_elbow", f"{name}_elbow"),
            (f"{side}Hand", f"{side}LowerArm", f"{name}_wrist", f"{name}_wrist"),
            (f"{side}UpperLeg", "LowerTorso", f"{name}_hip", f"{name}_hip"),
            (f"{side}LowerLeg", f"{side}UpperLeg", f"{name}_knee", f"{name}_knee"),
            (f"{side}Foot", f"{side}LowerLeg", f"{name}_ankle", f"{name}_ankle"),
        )
    ),
)


def engine_named(name: str) -> Engine:
    """Return one of ENGINES. Raises InputError for others."""
    if name not in ENGINES:
        raise InputError(f"{name!r} is not an engine that is known", f"Choose from {', '.join(ENGINES)}")
    return ENGINES[name]


def safe_name(text: str) -> str:
    """Return a name that every engine and file system takes: letters, digits and _; never empty."""
    return _UNSAFE.sub("_", text).strip("_") or "clip"


def clip_names(names: list[str]) -> list[str]:
    """Return :func:`safe_name` of each, those that come twice counted up."""
    found: list[str] = []
    for text in names:
        name, number = safe_name(text), 2
        while name.lower() in {other.lower() for other in found}:  # file systems may not tell capitals apart
            name, number = f"{safe_name(text)}_{number}", number + 1
        found.append(name)
    return found
