"""The add-on's preferences: which runtime, on which device, and how to install one.

``EXTENSION`` is the name Blender keys preferences and the user folder by: ``bl_ext.REPOSITORY.coamd`` when
installed from the zip, where ``coamd_blender`` is one level below the extension's root; that package's own
name when the folder is imported from a checkout.
"""

import sys
from pathlib import Path

import bpy
from bpy.props import BoolProperty, CollectionProperty, EnumProperty, IntProperty, StringProperty

_ADDON = __package__.rpartition(".")[0]
EXTENSION = _ADDON.rpartition(".")[0] or _ADDON
# Holds runtime/, weights/ and coamd_blender/.
ROOT = Path(__file__).resolve().parents[2]
REQUIREMENTS = ROOT / "runtime" / "requirements.txt"

_SOURCES = (
    ("INSTALLED", "Installed Runtime", "A Python environment that CoAMD installs into its own user folder"),
    ("PYTHON", "Existing Python", "A Python interpreter on this machine that already has torch"),
    ("COMMAND", "Custom Command", "Any command that speaks CoAMD's protocol, such as a runtime on another machine"),
)
_DEVICES = (
    ("auto", "Automatic", "The first that is there: CUDA, Apple's MPS, CPU"),
    ("cuda", "CUDA", "An NVIDIA GPU"),
    ("mps", "MPS", "An Apple GPU"),
    ("cpu", "CPU", "The processor"),
)
_TORCH_SOURCES = (
    ("cpu", "CPU (about 1 GB)", "Works on every machine"),
    ("cuda", "NVIDIA GPU (about 6 GB)", "Needs an NVIDIA GPU with a recent driver"),
    ("default", "pip's Settings", "No extra package index: what this machine's pip is set to use"),
)


class COAMD_PG_prompt(bpy.types.PropertyGroup):
    """A prompt that was used before; ``name`` holds it."""


class COAMD_Preferences(bpy.types.AddonPreferences):
    """See the module's docstring."""

    bl_idname = EXTENSION

    source: EnumProperty(name="Runtime", items=_SOURCES, default="INSTALLED")
    python: StringProperty(
        name="Python",
        description="Interpreter with torch, numpy, safetensors and tokenizers, or the folder of its environment",
        subtype="FILE_PATH",
    )
    command: StringProperty(
        name="Command",
        description="Command line that starts the runtime, for example: ssh host python3 -m runtime serve",
    )
    device: EnumProperty(name="Device", items=_DEVICES, default="auto")
    idle_minutes: IntProperty(
        name="Unload After (min)",
        description="Minutes without work after which the runtime gives the model's memory back",
        default=10,
        min=1,
        max=1440,
    )
    base_python: StringProperty(
        name="Base Python",
        description="Python 3.11 or newer that makes the environment. Empty: the one that comes with Blender, "
        "into which nothing is installed",
        subtype="FILE_PATH",
    )
    torch_source: EnumProperty(name="Packages For", items=_TORCH_SOURCES, default="cpu")
    show_preview: BoolProperty(
        name="Coarse Preview",
        description="Draw the motion in the viewport while it is being made",
        default=True,
    )
    recent: CollectionProperty(type=COAMD_PG_prompt)

    def draw(self, context):
        """Draw the runtime's settings, then the installer or the test."""
        from ..generate import panel as generate_panel

        generate_panel.draw_preferences(self, context, self.layout)


def get(context: bpy.types.Context) -> COAMD_Preferences | None:
    """The preferences, or None when the package was registered without being enabled as an add-on."""
    entry = context.preferences.addons.get(EXTENSION)
    return None if entry is None else entry.preferences


def user_folder() -> Path:
    """The folder this extension may write to, made when missing."""
    if EXTENSION.startswith("bl_ext."):
        return Path(bpy.utils.extension_path_user(EXTENSION, create=True))
    return Path(bpy.utils.user_resource("DATAFILES", path="coamd", create=True))


def environment_folder() -> Path:
    """Where "Install Runtime" puts the virtual environment."""
    return user_folder() / "runtime-env"


def interpreter(preferences: COAMD_Preferences) -> Path | None:
    """The Python that is to run the bundled runtime; None for a custom command.

    Raises RuntimeUnavailable, naming the remedy, when there is none.
    """
    from ..errors import RuntimeUnavailable
    from . import install

    if preferences.source == "COMMAND":
        return None
    if preferences.source == "PYTHON":
        return install.check_python(bpy.path.abspath(preferences.python))
    folder = environment_folder()
    if not install.is_installed(folder, REQUIREMENTS):
        raise RuntimeUnavailable("The runtime is not installed", "Press Install Runtime in the add-on's preferences")
    return install.environment_python(folder)


def runtime_command(preferences: COAMD_Preferences | None) -> list[str]:
    """The command line that starts the runtime. Raises RuntimeUnavailable or InputError, naming the remedy."""
    from ..errors import RuntimeUnavailable
    from ..wire import client

    if preferences is None:
        raise RuntimeUnavailable("The add-on is not enabled", "Enable CoAMD in Preferences > Add-ons")
    python = interpreter(preferences)
    if python is None:
        return client.split_command(preferences.command)
    return client.runtime_command(python, ROOT, preferences.device, preferences.idle_minutes * 60.0)


def base_python(preferences: COAMD_Preferences) -> Path:
    """The Python that makes the environment: the user's choice, or the one that comes with Blender."""
    return Path(bpy.path.abspath(preferences.base_python) if preferences.base_python else sys.executable)


def remember_prompt(preferences: COAMD_Preferences | None, prompt: str, keep: int = 12) -> None:
    """Put ``prompt`` first in the list of recent prompts, which holds ``keep`` at most."""
    if preferences is None:
        return
    prompts = [prompt, *(entry.name for entry in preferences.recent if entry.name != prompt)][:keep]
    preferences.recent.clear()
    for text in prompts:
        preferences.recent.add().name = text
