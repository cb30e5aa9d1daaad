"""The add-on's preferences: which runtime, on which device, and how to install one."""

import bpy
from bpy.props import BoolProperty, CollectionProperty, EnumProperty, IntProperty, StringProperty

from ..wire import limits
from . import panel, preferences

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
    """Which runtime, on which device, and how to install one; the prompts used last."""

    bl_idname = preferences.EXTENSION

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
    wheels: StringProperty(
        name="Wheels Folder",
        description="Folder with the packages' wheels, to install from without a network. Empty: from the network",
        subtype="DIR_PATH",
    )
    quality: EnumProperty(
        name="Quality",
        description="How motion is drawn. In a style, and above a text weight of 8, it is always Best",
        items=(
            ("best", "Best", "By the model itself"),
            ("fast", "Fast", "In fewer and cheaper steps, by what was distilled from the model"),
        ),
        default=limits.DEFAULT_QUALITY,
    )
    show_preview: BoolProperty(
        name="Coarse Preview",
        description="Draw the motion in the viewport while it is being made",
        default=True,
    )
    afterwards: EnumProperty(
        name="When a Motion is Made",
        description="What happens to the timeline then",
        items=(
            ("ASK", "Ask", "Offer the choice in the panel"),
            ("PLAY", "Fit and Play", "Set the preview range to the motion and play it"),
            ("FIT", "Fit", "Set the preview range to the motion"),
            ("LEAVE", "Leave It", "Leave the timeline as it is"),
        ),
    )
    tested: BoolProperty(name="Tested", description="The runtime was tested once, and passed", options={"HIDDEN"})
    recent: CollectionProperty(type=COAMD_PG_prompt)

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the runtime's settings, then the installer or the test."""
        panel.draw_preferences(self, context, self.layout)


CLASSES = (COAMD_PG_prompt, COAMD_Preferences)
