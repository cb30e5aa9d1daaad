"""Where the root trajectory goes by itself: on the hips, unless something on other bones would be left behind.

A mesh with vertices on a bone above the hips is drawn out over metres when the hips go alone, and the ik_ bones of an
engine's skeleton stay where the character began. Both go along when the root bone goes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from collections.abc import Mapping as Table
from dataclasses import dataclass

from ..retarget import Mapping, Rig, bones
from .snapshot import CARRYING, BoneConstraint, heard

AUTOMATIC = "auto"
NAMES = {"hips": "the hips", "root": "the root bone", "object": "the object"}
# Bones that an engine reads beside the pose, by the names of Unreal Engine's mannequin.
ENGINE_BONES = ("ik_foot_root", "ik_hand_root", "ik_foot_l", "ik_foot_r", "ik_hand_gun", "ik_hand_l", "ik_hand_r")


@dataclass(frozen=True)
class Travel:
    """Where the root trajectory goes: one of NAMES, and why; "" where it is the usual place."""

    place: str
    why: str = ""

    @property
    def line(self) -> str:
        """What to tell a user."""
        return f"Travel goes on {NAMES[self.place]}" + (f": {self.why}" if self.why else "")


def choose(
    carrier: str, root: str | None, above: Callable[[str], Iterable[str]], belongings: Table[str, str]
) -> Travel:
    """Return where the root trajectory does no harm.

    carrier: the bone that carries hips and legs. root: the bone that may go in its place, None without. above: gives
    the bones above one. belongings: bone to what would be left behind if it stayed,
    in words (armature.read_belongings).
    """
    chosen = Travel("hips")
    for bone, why in belongings.items():
        chain = {bone, *above(bone)}
        if carrier in chain:
            continue
        if root not in chain:
            return Travel("object", why)
        chosen = chosen if chosen.place == "root" else Travel("root", why)
    return chosen


def choose_of(
    rig: Rig, mapping: Mapping, constraints: Table[str, tuple[BoneConstraint, ...]], belongings: Table[str, str]
) -> Travel:
    """Return where the root trajectory of a rig's mapped bones does no harm.

    Bones that constraints carry go where those go, and say nothing. Raises RigError as bones.location_bone.
    """
    carrier = bones.location_bone(rig, mapping)
    top = [carrier, *rig.ancestors(carrier)][-1]
    root = rig.names[top] if top != carrier and not rig.connected[top] else None

    def above(bone: str) -> list[str]:
        return [rig.names[higher] for higher in rig.ancestors(rig.index[bone])]

    left = {
        bone: why
        for bone, why in belongings.items()
        if not any(heard(constraints.get(name, ()), CARRYING) for name in (bone, *above(bone)))
    }
    return choose(rig.names[carrier], root, above, left)
