"""Shows the mapping editor in a windowed Blender: install the zip, map CoAMD's character, pick a bone, take a picture.

Environment as in show_panel.py.
"""

import json
import os
import shutil
import subprocess
import traceback
from pathlib import Path

import bpy

OUT = Path(os.environ.get("COAMD_OUT", "out/gui")).resolve()
log = {"blender": bpy.app.version_string, "steps": [], "passed": False}


def check(name, condition, **facts):
    """Note one step; an assertion that fails ends the run."""
    log["steps"].append({"step": name, "passed": bool(condition), **facts})
    assert condition, name


def scenario():
    """Every yield hands control back to Blender for that many seconds."""
    OUT.mkdir(parents=True, exist_ok=True)
    window = bpy.context.window_manager.windows[0]
    yield 1.0
    with bpy.context.temp_override(window=window):
        bpy.ops.extensions.package_install_files(
            filepath=os.environ["COAMD_ZIP"], repo="user_default", enable_on_install=True, overwrite=True
        )
        for found in list(bpy.data.objects):
            bpy.data.objects.remove(found)
        bpy.ops.coamd.add_character()
    for name in ("COAMD_PT_carry", "COAMD_PT_mapping"):  # sub-panels are closed at first
        panel = getattr(bpy.types, name)
        bpy.utils.unregister_class(panel)
        panel.bl_options = set()
        bpy.utils.register_class(panel)
    area = next(a for a in window.screen.areas if a.type == "VIEW_3D")
    sidebar = next(region for region in area.regions if region.type == "UI")
    view = next(region for region in area.regions if region.type == "WINDOW")
    area.spaces.active.show_region_ui = True
    yield 1.0
    sidebar.active_panel_category = "CoAMD"
    area.spaces.active.region_3d.view_location = (0.0, 0.0, 0.9)
    area.spaces.active.region_3d.view_distance = 4.5
    armature = bpy.context.view_layer.objects.active
    with bpy.context.temp_override(window=window, area=area, region=view):
        bpy.ops.object.mode_set(mode="POSE")
        bpy.ops.coamd.edit_mapping()
        check("mapped", len(armature.coamd_rig.joints) == 22)
        bpy.ops.coamd.swap_sides()
        bpy.ops.coamd.swap_sides()
        armature.coamd_rig.joints["left_wrist"].bone = ""
        armature.data.bones.active = armature.data.bones["hand.L"]
        bpy.ops.coamd.pick_bone(joint="left_wrist")
        check("picked from the viewport", armature.coamd_rig.joints["left_wrist"].bone == "hand.L")
        armature.coamd_rig.joints["right_foot"].bone = "foot.R"
    yield 1.5
    if shutil.which("import") and "DISPLAY" in os.environ:
        subprocess.run(["import", "-window", "root", str(OUT / "mapping.png")], check=True)
    log["passed"] = True


def run(steps):
    """Advance the scenario from a timer; a failure is written to the log with its traceback."""
    try:
        delay = next(steps, None)
        if delay is not None:
            return delay
    except Exception:  # noqa: BLE001 - a script's last resort: whatever went wrong belongs in the log
        log["traceback"] = traceback.format_exc()
        print(log["traceback"])
    (OUT / "mapping.json").write_text(json.dumps(log, indent=1))
    print("coamd gui:", "passed" if log["passed"] else "FAILED")
    if os.environ.get("COAMD_QUIT"):
        with bpy.context.temp_override(window=bpy.context.window_manager.windows[0]):
            bpy.ops.wm.quit_blender()
    return None


bpy.context.preferences.view.show_splash = False
scenario_steps = scenario()
bpy.app.timers.register(lambda: run(scenario_steps), first_interval=1.0, persistent=True)
