"""Small motion files written by hand, with positions worked out by trigonometry."""

from __future__ import annotations

import json
import math
import struct
from pathlib import Path

ASF = """:version 1.10
:name test
:units
  mass 1.0
  length {length}
  angle deg
:root
   order TX TY TZ RX RY RZ
   axis XYZ
   position 0 0 0
   orientation 0 0 0
:bonedata
  begin
     id 1
     name upper
     direction 0 -1 0
     length 2.0
     axis 0 0 0 XYZ
    dof rx ry rz
  end
  begin
     id 2
     name lower
     direction 0 -1 0
     length 1.0
     axis 0 90 0 XYZ
    dof rx
  end
:hierarchy
  begin
    root upper
    upper lower
  end
"""

AMC = """#!OML:ASF f\xfcr.ASF
:FULLY-SPECIFIED
:DEGREES
1
root 0 10 0 0 0 0
upper 0 0 90
lower 0
2
root 1 10 0 0 0 0
upper 90 0 0
lower 90
"""

BVH = """HIERARCHY
ROOT base
{{
  OFFSET 0 0 0
  CHANNELS 6 Xposition Yposition Zposition {root}
  JOINT arm
  {{
    OFFSET 0 2 0
    CHANNELS 3 {arm}
    End Site
    {{
      OFFSET 0 1 0
    }}
  }}
}}
MOTION
Frames: {frames}
Frame Time: 0.0083333
{rows}
"""


def write_bvh_text(path: Path, root: str, arm: str, rows: list[str]) -> Path:
    """Write a two-bone BVH with the given rotation channels and rows."""
    channels = [" ".join(f"{axis}rotation" for axis in order) for order in (root, arm)]
    text = BVH.format(root=channels[0], arm=channels[1], frames=len(rows), rows="\n".join(rows))
    path.write_text(text)
    return path


def write_glb(path: Path, mode: str = "LINEAR") -> Path:
    """Write a .glb: a node turned by 90 degrees over one second about Z, its child one metre up, a slide of 1 m.

    The root slides along X from 0 to 1 m by the interpolation ``mode``.
    """
    half = math.sqrt(0.5)
    times, turns = [0.0, 1.0], [[0, 0, 0, 1], [0, 0, half, half]]
    slides = [[0, 0, 0], [1, 0, 0]]
    if mode == "CUBICSPLINE":
        slides = [[0, 0, 0], [0, 0, 0], [0, 0, 0], [0, 0, 0], [1, 0, 0], [0, 0, 0]]
    floats = [*times, *(v for turn in turns for v in turn), *(v for slide in slides for v in slide)]
    binary = struct.pack(f"<{len(floats)}f", *floats)
    views = [(0, 8), (8, 32), (40, 12 * len(slides))]
    tree = {
        "asset": {"version": "2.0"},
        "nodes": [{"name": "root", "children": [1]}, {"name": "tip", "translation": [0, 1, 0]}],
        "buffers": [{"byteLength": len(binary)}],
        "bufferViews": [{"buffer": 0, "byteOffset": start, "byteLength": size} for start, size in views],
        "accessors": [
            {"bufferView": 0, "componentType": 5126, "count": 2, "type": "SCALAR"},
            {"bufferView": 1, "componentType": 5126, "count": 2, "type": "VEC4"},
            {"bufferView": 2, "componentType": 5126, "count": len(slides), "type": "VEC3"},
        ],
        "animations": [
            {
                "name": "Turn",
                "channels": [
                    {"sampler": 0, "target": {"node": 0, "path": "rotation"}},
                    {"sampler": 1, "target": {"node": 0, "path": "translation"}},
                ],
                "samplers": [
                    {"input": 0, "output": 1, "interpolation": "LINEAR"},
                    {"input": 0, "output": 2, "interpolation": mode},
                ],
            }
        ],
    }
    text = json.dumps(tree).encode()
    text += b" " * (-len(text) % 4)
    chunks = struct.pack("<II", len(text), 0x4E4F534A) + text
    chunks += struct.pack("<II", len(binary), 0x004E4942) + binary
    path.write_bytes(struct.pack("<4sII", b"glTF", 2, 12 + len(chunks)) + chunks)
    return path
