"""Read .fbx and .blend files in a Blender of its own, so that the user's file and interface are left alone.

Runs in a background Blender that reader_process.py starts. For every file one line is printed, LINE and a JSON object:
``{"file": number, "clips": [{"name", "labels", "frames"}], "problem": text}``; the joints of all clips of a file lie
one after the other in NUMBER.npy.
"""

from __future__ import annotations

import json
from pathlib import Path

import bpy
import numpy as np

from ..anim import actions, importing
from ..anim.read_action import bone_names, read_action
from ..errors import CoamdError, DataError
from ..retarget import Mapping

LINE = "coamd-read "
SHORTEST = 16  # frames


def main(list_path: str) -> None:
    """Read the files named in the JSON list at ``list_path``, beside which the results go."""
    for number, path in enumerate(json.loads(Path(list_path).read_text(encoding="utf-8"))):
        clips, problem = [], ""
        try:
            clips = read_file(Path(path))
            np.save(Path(list_path).with_name(f"{number}.npy"), np.concatenate([joints for _, joints in clips]))
        except CoamdError as error:
            problem = str(error)
        facts = [{"name": name, "labels": _labels(name), "frames": len(joints)} for name, joints in clips]
        print(f"\n{LINE}{json.dumps({'file': number, 'clips': facts, 'problem': problem})}", flush=True)


def read_file(path: Path) -> list[tuple[str, np.ndarray]]:
    """Return name and joints (frames, 22, 3), metres, Y up, of every Action in a .fbx or .blend.

    Only those count that an armature there can play. Raises DataError, naming the file, when there is none.
    """
    importing.open_file(path, load_ui=False, use_scripts=False)
    clips, reasons = [], []
    for armature, played in _players():
        mapping: Mapping | None = None
        for action in played:
            try:
                reading = read_action(armature, action, mapping=mapping)
            except CoamdError as error:
                reasons.append(error.message)
                continue
            mapping = reading.mapping
            if len(reading.joints) >= SHORTEST:
                clips.append((action.name, reading.joints))
    if not clips:
        reason = reasons[0] if reasons else "no armature in it has an Action of 0.8 s"
        raise DataError(f"{path} holds no motion ({reason})", "Save it with an armature and its Actions")
    return clips


def _players() -> list[tuple]:
    """Armatures and the Actions each can play: its own, and those whose curves name its bones; each Action once,
    unless several play it."""
    armatures = [found for found in bpy.data.objects if found.type == "ARMATURE"]
    players = {armature.name: [] for armature in armatures}
    for action in bpy.data.actions:
        named = bone_names(actions.curves_of(action))
        shares = [len(named & set(armature.data.bones.keys())) for armature in armatures]
        owned = [
            armature.animation_data is not None and armature.animation_data.action == action for armature in armatures
        ]
        if named and max(shares, default=0) >= 0.5 * len(named):
            best = max(range(len(armatures)), key=lambda number: (owned[number], shares[number]))
            for number, armature in enumerate(armatures):
                if owned[number] or number == best:  # those that play it, each by a slot of its own
                    players[armature.name].append(action)
    return [(armature, players[armature.name]) for armature in armatures]


def _labels(name: str) -> list[str]:
    """Return the words in an Action's name: what stands behind "Armature|", without digits and signs."""
    words = "".join(letter if letter.isalpha() else " " for letter in name.rpartition("|")[2])
    words = " ".join(words.lower().split())
    return [words] if words not in {"", "action", "armatureaction", "layer", "take", "base layer", "mixamo com"} else []
