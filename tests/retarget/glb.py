"""The rest pose of a rig in a .glb file, read from its JSON chunk alone."""

import json
import os
import struct
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from coamd_blender.retarget.rig import simple_rig

RIG_FOLDER = Path(os.environ.get("COAMD_RIGS") or Path(__file__).parents[3] / "shared" / "rigs")


def read_glb_rig(path):
    """A Rig with the bones of the file's first skin as its nodes stand, in glTF's Y-up metres."""
    data = Path(path).read_bytes()
    tree = json.loads(data[20 : 20 + struct.unpack("<I", data[12:16])[0]])
    nodes = tree["nodes"]
    parent = {child: number for number, node in enumerate(nodes) for child in node.get("children", [])}
    joints = tree["skins"][0]["joints"]
    placed = {}

    def world(number):
        if number not in placed:
            node, local = nodes[number], np.eye(4)
            local[:3, :3] = Rotation.from_quat(node.get("rotation", (0, 0, 0, 1))).as_matrix()
            local[:3, 3] = node.get("translation", (0, 0, 0))
            placed[number] = world(parent[number]) @ local if number in parent else local
        return placed[number]

    rest = np.array([world(joint) for joint in joints])
    index = {joint: number for number, joint in enumerate(joints)}
    names = [nodes[joint]["name"] for joint in joints]
    return simple_rig(names, [index.get(parent.get(joint), -1) for joint in joints], rest)
