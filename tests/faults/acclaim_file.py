"""A small body in Acclaim's two files, as CMU's are: an .asf skeleton, and an .amc motion of it on the spot."""

from __future__ import annotations

import math

# Bone: what it hangs from, the way it points, its length (17.7 a metre), the axes it turns about.
_MIDDLE = {
    "lowerback": ("root", (0, 1, 0), 2.0, "rx ry rz"),
    "upperback": ("lowerback", (0, 1, 0), 2.0, "rx ry rz"),
    "thorax": ("upperback", (0, 1, 0), 2.0, "rx ry rz"),
    "lowerneck": ("thorax", (0, 1, 0), 1.5, "rx ry rz"),
    "upperneck": ("lowerneck", (0, 1, 0), 1.5, "rx ry rz"),
    "head": ("upperneck", (0, 1, 0), 1.6, "rx ry rz"),
}
_SIDED = {
    "hipjoint": ("root", (0.6, -0.8, 0), 2.2, ""),
    "femur": ("hipjoint", (0, -1, 0), 7.2, "rx ry rz"),
    "tibia": ("femur", (0, -1, 0), 7.2, "rx"),
    "foot": ("tibia", (0, -0.3, 0.95), 2.2, "rx rz"),
    "toes": ("foot", (0, 0, 1), 1.1, "rx"),
    "clavicle": ("thorax", (0.95, 0.3, 0), 3.2, "ry rz"),
    "humerus": ("clavicle", (1, 0, 0), 5.0, "rx ry rz"),
    "radius": ("humerus", (1, 0, 0), 3.2, "rx"),
    "wrist": ("radius", (1, 0, 0), 1.7, "ry"),
    "hand": ("wrist", (1, 0, 0), 0.7, "rx rz"),
}


def bones() -> dict[str, tuple[str, tuple[float, float, float], float, str]]:
    """Return bone to its parent, direction, length and degrees of freedom, both sides."""
    found = dict(_MIDDLE)
    for side, sign in (("l", 1.0), ("r", -1.0)):
        for name, (parent, (x, y, z), length, dof) in _SIDED.items():
            above = side + parent if parent in _SIDED else parent
            found[side + name] = (above, (sign * x, y, z), length, dof)
    return found


def asf() -> str:
    """Return the skeleton."""
    lines = [
        ":version 1.10",
        ":units",
        "  mass 1.0",
        "  length 0.45",
        "  angle deg",
        ":root",
        "  order TX TY TZ RX RY RZ",
    ]
    lines += ["  axis XYZ", "  position 0 0 0", "  orientation 0 0 0", ":bonedata"]
    below: dict[str, list[str]] = {}
    for number, (name, (parent, way, length, dof)) in enumerate(bones().items(), start=1):
        below.setdefault(parent, []).append(name)
        lines += ["  begin", f"    id {number}", f"    name {name}", "    direction " + " ".join(f"{x:g}" for x in way)]
        lines += [f"    length {length:g}", "    axis 0 0 0 XYZ", *([f"    dof {dof}"] if dof else []), "  end"]
    lines += [":hierarchy", "  begin", *(f"    {parent} {' '.join(names)}" for parent, names in below.items()), "  end"]
    return "\n".join(lines) + "\n"


def amc(frames: int) -> str:
    """Return ``frames`` frames of motion."""
    lines = [":FULLY-SPECIFIED", ":DEGREES"]
    for frame in range(frames):
        swing = math.sin(frame / 5)
        lines += [str(frame + 1), f"root 0 16.5 0 0 {3 * swing:.3f} 0"]
        for name, (_, _, _, dof) in bones().items():
            if dof:
                turned = {"lfemur": -25 * swing, "rfemur": 25 * swing, "ltibia": 30, "rtibia": 30}.get(name, 2 * swing)
                first = {"lhumerus": 0.0, "rhumerus": 0.0}.get(name, turned)
                values = [first, 0.0, {"lhumerus": -70.0, "rhumerus": 70.0}.get(name, 0.0)][: len(dof.split())]
                lines.append(" ".join((name, *(f"{value:.3f}" for value in values))))
    return "\n".join(lines) + "\n"
