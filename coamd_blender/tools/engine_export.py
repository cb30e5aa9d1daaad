"""The export in a second Blender, on a copy of the user's file: ``main(JOB)``, started by engines/workflow.py.

JOB is a JSON object in a file: ``blend``, ``armature``, ``actions`` and the fields of engines.job.EngineJob. For what
is done a line is printed, LINE and a JSON object: ``{"line": text}`` when a clip is, and in the end ``{"rows": [[name,
what, how]]}`` or ``{"problem": text}``.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import bpy

from .. import register
from ..anim import importing
from ..engines.job import EngineJob, export
from ..engines.process import LINE
from ..errors import CoamdError, InputError


def main(path: str) -> None:
    """Do what the job at ``path`` says."""
    told = json.loads(Path(path).read_text(encoding="utf-8"))
    try:
        _tell({"rows": _export(told)})
    except CoamdError as error:
        _tell({"problem": str(error)})


def _export(told: dict[str, Any]) -> list[list[str]]:
    importing.open_file(Path(told.pop("blend")), load_ui=False, use_scripts=False)
    register()  # the armature may hold a mapping of its own
    armature = bpy.data.objects.get(told.pop("armature"))
    found = {name: bpy.data.actions.get(name) for name in told.pop("actions")}
    if armature is None or None in found.values():
        raise InputError("The copy of the file lacks what is to be exported", "Save the file, and export again")
    if armature.name not in bpy.context.scene.objects:
        bpy.context.scene.collection.objects.link(armature)
    job = EngineJob(**{**told, "folder": Path(told["folder"])})
    rows = export(armature, found, job, lambda line: _tell({"line": line}))
    return [[row.name, row.what, row.how] for row in rows]


def _tell(what: dict[str, Any]) -> None:
    print(f"\n{LINE}{json.dumps(what)}", flush=True)
