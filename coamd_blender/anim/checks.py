"""Armatures that would not show a motion as it is: refused, naming the remedy, before anything is started."""

from __future__ import annotations

from collections.abc import Collection, Container, Iterable

from ..errors import RigError
from ..retarget import Mapping
from ..retarget.bones import location_bone, stray_bone
from .snapshot import CARRYING, ActionInUse, Playing, Snapshot, heard, ik_targets


def check_plays(name: str, playing: Playing, output: str) -> None:
    """Raise RigError where Blender would not play what is written: ``output`` as in plan.OUTPUTS."""
    if playing.rest_position:
        raise RigError(f"{name} shows its rest position", "Set the armature to Pose Position")
    if playing.tweaked:
        raise RigError("The armature's NLA strip is being edited", "Leave tweak mode (Tab in the NLA editor)")
    if output == "strip" and not playing.nla:
        raise RigError("The armature's NLA is switched off", "Switch it on in the NLA editor, or choose New Action")
    if playing.solo and playing.nla:
        raise RigError(
            f"The NLA track {playing.solo!r} plays solo: nothing else is heard", "Switch its solo (star) off"
        )


def check_replaceable(in_use: ActionInUse | None, touched: Container[str | None]) -> None:
    """Raise RigError where a range of the Action in use cannot be replaced so that the rest plays as it did.

    touched: the bones that get keys. Curves of others are left alone, whatever is the matter with them.
    """
    if in_use is None:
        return
    if in_use.mixed:
        raise RigError("The Action in use is mixed with the NLA strips below", "Choose New Action or NLA Strip")
    for curve in in_use.curves:
        if curve.bone is not None and curve.bone not in touched:
            continue
        if curve.muted_group:
            raise RigError(
                f"The group {curve.muted_group!r} of the Action in use is muted", "Unmute it (Action Editor)"
            )
        if curve.modifier:
            raise RigError(
                f"The F-curve {curve.path} has the modifier {curve.modifier.title()}",
                "Bake or mute it, or choose New Action or NLA Strip",
            )


def check_moves_along(snapshot: Snapshot, mapping: Mapping) -> None:
    """Raise RigError, naming the bone, where a mapped bone would stay behind when the hips go.

    Targets of IK are keyed to go along, and constraints may carry a bone.
    """
    rig = snapshot.rig
    carrier, keyed = location_bone(rig, mapping), ik_targets(snapshot.constraints, mapping)
    for name in mapping.bones.values():
        chain = [rig.index[name], *rig.ancestors(rig.index[name])]
        names = [rig.names[bone] for bone in chain]
        moved = any(heard(snapshot.constraints_on(bone), CARRYING) for bone in names)
        if not moved and carrier not in chain and keyed.isdisjoint(names):
            raise stray_bone(rig, rig.index[name], carrier)


def check_driven(driven: Collection[str], paths: Iterable[str]) -> None:
    """Raise RigError where a driver has the last word on a channel (data path) that is to be keyed."""
    for path in paths:
        if path in driven:
            raise RigError(f"A driver moves {path}", "Mute or remove it in the Drivers Editor")
