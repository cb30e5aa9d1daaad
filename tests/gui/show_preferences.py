"""Shows the add-on's preferences in a windowed Blender: install the zip, open them, press Test, take a picture.

Environment as in show_panel.py; COAMD_SOURCE chooses the page: INSTALLED, PYTHON or COMMAND.
"""

import os
import shutil
import subprocess
from pathlib import Path

import bpy

OUT = Path(os.environ.get("COAMD_OUT", "out/gui")).resolve()
EXTENSION = "bl_ext.user_default.coamd"


def scenario():
    """Every yield hands control back to Blender for that many seconds."""
    OUT.mkdir(parents=True, exist_ok=True)
    window = bpy.context.window_manager.windows[0]
    yield 1.0
    with bpy.context.temp_override(window=window):
        bpy.ops.extensions.package_install_files(
            filepath=os.environ["COAMD_ZIP"], repo="user_default", enable_on_install=True, overwrite=True
        )
    area = next(a for a in window.screen.areas if a.type == "VIEW_3D")
    area.type = "PREFERENCES"
    bpy.context.preferences.active_section = "ADDONS"
    bpy.context.window_manager.addon_search = "CoAMD"
    yield 1.0
    with bpy.context.temp_override(window=window, area=area):
        bpy.ops.preferences.addon_expand(module=EXTENSION)
    area.tag_redraw()
    yield 1.0
    for source in ("INSTALLED", "PYTHON", "COMMAND"):
        settings = bpy.context.preferences.addons[EXTENSION].preferences
        settings.source, settings.python = source, os.environ.get("COAMD_PYTHON", "")
        settings.command = os.environ.get("COAMD_COMMAND", "ssh host python3 -m runtime serve")
        if source != "INSTALLED":
            with bpy.context.temp_override(window=window, area=area):
                bpy.ops.coamd.test()
            yield 12.0
        yield 1.5
        if shutil.which("import"):
            subprocess.run(["import", "-window", "root", str(OUT / f"preferences_{source.lower()}.png")], check=True)
    with bpy.context.temp_override(window=window):
        bpy.ops.wm.quit_blender()


bpy.context.preferences.view.show_splash = False
steps = scenario()
bpy.app.timers.register(lambda: next(steps, None), first_interval=1.0, persistent=True)
