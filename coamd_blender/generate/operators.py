"""Operators of generation: poll, call, report."""

import random
from functools import cache

import bpy
from bpy.props import EnumProperty, IntProperty, StringProperty

from .. import anim, core, generate
from ..core import messages
from ..core.operator_base import begin, in_usable_mode, report, wait_property
from ..errors import CoamdError, InputError
from ..setup import preferences
from ..wire import limits

FIRST_PROMPT = "a person walks forward and waves with the right hand"


class COAMD_OT_generate(bpy.types.Operator):
    """Make a motion from the prompt and write it as keyframes on the target armature"""

    bl_idname = "coamd.generate"
    bl_label = "Generate"

    wait: wait_property()

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Return whether no motion is being made, in a mode in which keys can be written."""
        if core.session.current().running:
            cls.poll_message_set("A motion is being made already. Wait for it, or press Cancel")
            return False
        return in_usable_mode(cls, context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Submit; the timer does the rest, or this call when it is to wait."""
        return begin(self, generate.workflow.generate(context), messages.GENERATE, core.session.GENERATION, self.wait)


class COAMD_OT_first_motion(bpy.types.Operator):
    """Add the CoAMD character, unless one is selected, and make it walk and wave"""

    bl_idname = "coamd.first_motion"
    bl_label = "Make First Motion"
    bl_options = {"INTERNAL"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Return whether a motion can be made."""
        return COAMD_OT_generate.poll(context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Do both; the preview shows the motion as it is made."""
        if not anim.targets.candidates(context):
            if context.mode != "OBJECT":
                bpy.ops.object.mode_set(mode="OBJECT")
            bpy.ops.coamd.add_character(aside=True)
        if not context.scene.coamd.prompt.strip():
            context.scene.coamd.prompt = FIRST_PROMPT
        return bpy.ops.coamd.generate()


class COAMD_OT_cancel(bpy.types.Operator):
    """Stop making the motion; nothing in the file changes"""

    bl_idname = "coamd.cancel"
    bl_label = "Cancel"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Return whether a motion is being made and not yet written."""
        if not core.session.current().running:
            cls.poll_message_set("No motion is being made")
            return False
        if core.session.current().writing:
            cls.poll_message_set("The keys are being written. Undo takes them back")
            return False
        return True

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Ask for the stop; the session reports it when it has happened."""
        core.session.current().cancel()
        return {"FINISHED"}


class COAMD_OT_use_prompt(bpy.types.Operator):
    """Put this sentence into the prompt"""

    bl_idname = "coamd.use_prompt"
    bl_label = "Use Prompt"
    bl_options = {"INTERNAL", "UNDO"}

    prompt: StringProperty(name="Prompt", description="The sentence", options={"SKIP_SAVE"})

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Copy it."""
        context.scene.coamd.prompt = self.prompt
        return {"FINISHED"}


class COAMD_OT_ask_for(bpy.types.Operator):
    """Put this action into the prompt: in place of the chosen one where it tells several, else in place of all"""

    bl_idname = "coamd.ask_for"
    bl_label = "Ask For"
    bl_options = {"INTERNAL", "UNDO"}

    line: StringProperty(name="Action", description="What a person does", options={"SKIP_SAVE"})

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Put it where the panel says."""
        return _ask_for(self, context, self.line)


class COAMD_OT_search_vocabulary(bpy.types.Operator):
    """Search among all that can be asked for, and put the action that is found into the prompt"""

    bl_idname = "coamd.search_vocabulary"
    bl_label = "Search Actions"
    bl_options = {"INTERNAL", "UNDO"}
    bl_property = "line"

    def _lines(self, _context: bpy.types.Context | None) -> list[tuple[str, str, str]]:
        return _every_line()

    line: EnumProperty(name="Action", description="What a person does", items=_lines, options={"SKIP_SAVE"})

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Open the field to type in."""
        context.window_manager.invoke_search_popup(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Put what was found where the panel says."""
        return _ask_for(self, context, self.line)


@cache
def _every_line() -> list[tuple[str, str, str]]:
    """Return the items of the search, the same list each time: Blender shows texts that Python must keep."""
    table = generate.vocabulary.categories().items()
    return list({line: (line, line, category) for category, lines in table for line in lines}.values())


def _ask_for(operator: bpy.types.Operator, context: bpy.types.Context, line: str) -> set[str]:
    settings = context.scene.coamd
    try:
        settings.prompt = generate.vocabulary.put(settings.prompt, line, settings.action)
    except CoamdError as error:
        return report(operator, error)
    return {"FINISHED"}


class COAMD_OT_choose_action(bpy.types.Operator):
    """Choose which action of the prompt the menu and the search replace"""

    bl_idname = "coamd.choose_action"
    bl_label = "Choose Action"
    bl_options = {"INTERNAL", "UNDO"}

    index: IntProperty(
        name="Number", description="Of the action, from 0; one past the last adds another", min=0, options={"SKIP_SAVE"}
    )

    @classmethod
    def description(cls, context: bpy.types.Context, properties: bpy.types.OperatorProperties) -> str:
        """Return the tooltip of either kind of button."""
        if properties.index >= len(generate.vocabulary.actions(context.scene.coamd.prompt)):
            return "What is chosen next from the menu follows upon what the prompt tells already"
        return "What is chosen next from the menu takes the place of this action"

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Note the number."""
        context.scene.coamd.action = self.index
        return {"FINISHED"}


class COAMD_OT_show_take(bpy.types.Operator):
    """Play this take on the armature it was made for"""

    bl_idname = "coamd.show_take"
    bl_label = "Show Take"
    bl_options = {"INTERNAL", "UNDO"}

    index: IntProperty(name="Number", description="Of the take, from 0", min=0, options={"SKIP_SAVE"})

    @classmethod
    def description(cls, context: bpy.types.Context, properties: bpy.types.OperatorProperties) -> str:
        """Return the tooltip: prompt and seed."""
        takes = context.scene.coamd.takes
        if properties.index >= len(takes):
            return "This take is gone"
        take = takes[properties.index]
        return f"Play this take: {take.prompt} (seed {take.seed})"

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Assign its Action."""
        try:
            generate.takes.show(context.scene.coamd, self.index)
        except CoamdError as error:
            return report(self, error)
        generate.pictures.fill_in(context.scene)
        return {"FINISHED"}


class COAMD_OT_remove_takes(bpy.types.Operator):
    """Remove takes from the list and delete their Actions"""

    bl_idname = "coamd.remove_takes"
    bl_label = "Remove Takes"
    bl_options = {"REGISTER", "UNDO"}

    which: EnumProperty(
        name="Which",
        description="What is deleted",
        items=(
            ("CHOSEN", "This One", "Delete the chosen take"),
            ("OTHERS", "Other Draws", "Keep the chosen take and delete those that were made at once with it"),
        ),
        options={"SKIP_SAVE"},
    )

    @classmethod
    def description(cls, context: bpy.types.Context, properties: bpy.types.OperatorProperties) -> str:
        """Return the tooltip of either button."""
        if properties.which == "OTHERS":
            return "Keep this draw of the sentence; takes of other sentences stay"
        return "Delete the chosen take and its Action"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Return whether there are takes."""
        if not context.scene.coamd.takes:
            cls.poll_message_set("There are no takes")
            return False
        return True

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Delete the Actions, then the entries, and tell how many others there were."""
        settings, others = context.scene.coamd, self.which == "OTHERS"
        count = len(generate.takes.other_draws(settings))
        if others and not count:
            return report(self, InputError("This take has no other draws", "Choose a take that was made with others"))
        generate.takes.remove(settings, others)
        generate.ghosts.forget_deleted(context.scene)
        if others:
            self.report({"INFO"}, f"Deleted the other {count} takes of this sentence")
        return {"FINISHED"}


class COAMD_OT_play_motion(bpy.types.Operator):
    """Set the preview range to the Action that the character plays, go to its first frame and play it"""

    bl_idname = "coamd.play_motion"
    bl_label = "Play Motion"
    bl_options = {"REGISTER", "UNDO"}

    always: EnumProperty(
        name="Always",
        description="What is done from now on whenever a motion is made",
        items=(
            ("ASK", "Ask", "Offer the choice in the panel"),
            ("PLAY", "Fit and Play", "Fit the preview range and play"),
            ("FIT", "Fit", "Fit the preview range"),
            ("LEAVE", "Leave It", "Leave the timeline as it is, now too"),
        ),
        options={"SKIP_SAVE"},
    )

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Note the choice, then do it."""
        settings = preferences.get(context)
        if settings is not None and self.always != "ASK":
            settings.afterwards = self.always
        if self.always == "LEAVE":
            return {"FINISHED"}
        try:
            generate.playing.fit(context.scene, anim.targets.require(context))
        except CoamdError as error:
            return report(self, error)
        if self.always != "FIT" and not bpy.app.background:
            generate.playing.play(context)
        return {"FINISHED"}


class COAMD_OT_extend_scene(bpy.types.Operator):
    """Let the scene end where the motion that the character plays does"""

    bl_idname = "coamd.extend_scene"
    bl_label = "Extend Scene to Motion"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Set its last frame."""
        try:
            last = anim.scene_end.beyond(context.scene, anim.targets.require(context))
            if last is None:
                raise InputError("The motion ends within the scene", "Choose a character whose motion is longer")
        except CoamdError as error:
            return report(self, error)
        anim.scene_end.extend(context.scene, last)
        return {"FINISHED"}


class COAMD_OT_new_seed(bpy.types.Operator):
    """Draw another seed"""

    bl_idname = "coamd.new_seed"
    bl_label = "New Seed"
    bl_options = {"INTERNAL", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Draw it."""
        context.scene.coamd.seed = random.randint(0, limits.LARGEST_SEED)
        return {"FINISHED"}


CLASSES = (
    COAMD_OT_generate,
    COAMD_OT_first_motion,
    COAMD_OT_cancel,
    COAMD_OT_use_prompt,
    COAMD_OT_ask_for,
    COAMD_OT_search_vocabulary,
    COAMD_OT_choose_action,
    COAMD_OT_show_take,
    COAMD_OT_remove_takes,
    COAMD_OT_play_motion,
    COAMD_OT_extend_scene,
    COAMD_OT_new_seed,
)
