"""The panels Generate Motion, Takes and Advanced of the CoAMD tab. Draws; changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import bpy

from .. import anim, core, generate, setup
from ..core.drawing import (
    Sidebar,
    draw_end,
    draw_labelled,
    draw_outcome,
    draw_progress,
    draw_subject,
    draw_text,
    has_numpy,
    told,
    translated,
)
from ..errors import InputError
from ..guides.drawing import draw_hold, draw_places
from ..setup import preferences
from ..setup.panel import draw_missing_runtime
from .vocabulary import MOST_CATEGORIES

if TYPE_CHECKING:
    from .properties import COAMD_PG_settings

EXAMPLES = (
    "a person walks forward and waves with the right hand",
    "someone runs in a circle to the left",
    "a man jumps up high, then bows",
    "a tired person walks slowly and stops",
    "a person kicks with the left leg",
    "somebody dances happily",
)
SHOWN_TAKES = 10  # lines; those made at once share one
PICTURES_ACROSS, PICTURE_SCALE = 2, 5.5
OTHER_DRAW = 0.12  # of the width of a line: the button of a draw that was not the best


class COAMD_MT_prompts(bpy.types.Menu):
    """Recent prompts, then examples"""

    bl_idname = "COAMD_MT_prompts"
    bl_label = "Prompts"

    def draw(self, context: bpy.types.Context) -> None:
        """Draw one entry a sentence."""
        settings = preferences.get(context)
        recent = [entry.name for entry in settings.recent] if settings is not None else []
        for heading, prompts in (("Recent", recent), ("Examples", EXAMPLES)):
            if prompts:
                self.layout.label(text=heading)
            for prompt in prompts:
                self.layout.operator("coamd.use_prompt", text=prompt).prompt = prompt
            self.layout.separator()


class COAMD_MT_vocabulary(bpy.types.Menu):
    """Actions that can be asked for, by category; type to search"""

    bl_idname = "COAMD_MT_vocabulary"
    bl_label = "What can I ask for?"
    bl_options = {"SEARCH_ON_KEY_PRESS"}

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the search, then one menu a category."""
        self.layout.operator_context = "INVOKE_DEFAULT"
        self.layout.operator("coamd.search_vocabulary", text="Search...", icon="VIEWZOOM")
        self.layout.separator()
        for number, category in enumerate(generate.vocabulary.categories()):
            self.layout.menu(CATEGORY_MENUS[number].bl_idname, text=category)


def _category_menu(number: int) -> type[bpy.types.Menu]:
    """Return the menu of category ``number``, with one entry a line."""

    def draw(self: bpy.types.Menu, context: bpy.types.Context) -> None:
        for line in list(generate.vocabulary.categories().values())[number]:
            self.layout.operator("coamd.ask_for", text=line).line = line

    name = f"COAMD_MT_vocabulary_{number:02d}"
    told = {"bl_idname": name, "bl_label": "Actions", "bl_options": {"SEARCH_ON_KEY_PRESS"}, "draw": draw}
    return type(name, (bpy.types.Menu,), told)


# Their number is fixed, so that registering reads nothing from the disk.
CATEGORY_MENUS = tuple(_category_menu(number) for number in range(MOST_CATEGORIES))


class COAMD_PT_main(Sidebar, bpy.types.Panel):
    """Prompt to keyframes"""

    bl_idname = "COAMD_PT_main"
    bl_label = "Generate Motion"

    def draw(self, context: bpy.types.Context) -> None:
        """Draw target, settings, then the button or the progress."""
        layout, width = self.layout, context.region.width
        if not has_numpy():
            draw_text(layout, "This Blender has no numpy. Install the package python3-numpy.", width, "ERROR")
            return
        current = core.session.current()
        _draw_target(layout, context, width)
        _draw_settings(layout, context)
        problem = setup.runtime.problem(preferences.get(context))
        if current.running:
            eta = current.status.eta
            remaining = "" if eta is None else f"   {max(1, round(eta))} s left"
            draw_progress(layout, current.status, "coamd.cancel", 1.6, remaining)
        elif problem is not None:
            draw_missing_runtime(layout, problem, width)
        else:
            row = layout.row()
            row.scale_y = 1.6
            row.operator("coamd.generate", icon="PLAY")
        draw_outcome(layout, current, context, core.messages.GENERATE, width)
        draw_end(layout, context, width)


def _draw_target(layout: bpy.types.UILayout, context: bpy.types.Context, width: float) -> None:
    targets, box = anim.targets, layout.box()
    target = targets.find(context)
    if target is None and len(targets.candidates(context)) > 1:
        draw_text(box, str(targets.rivals(context)), width, "ERROR")
        return
    if target is None:
        box.label(text="No armature selected", icon="INFO")
        box.operator("coamd.add_character", icon="OUTLINER_OB_ARMATURE")
        return
    coverage = targets.shown_coverage(target)
    if coverage.error is not None:
        box.label(text=target.name, icon="ARMATURE_DATA")
        draw_text(box, str(coverage.error), width, "ERROR")
        return
    detail = f"{coverage.mapped} of {coverage.total} joints: {coverage.preset}"
    draw_subject(box, target.name, *_touched(context, target), detail)
    if coverage.missing:
        draw_text(box, "Not found: " + ", ".join(coverage.missing), width, "INFO")
    for note in coverage.notes:
        draw_text(box, note, width, "INFO")


def _touched(context: bpy.types.Context, target: bpy.types.Object) -> tuple[str, str]:
    """Return which Action and which frames Generate makes."""
    join = generate.request.join_frame(context, target)
    first, last = generate.request.span(context.scene, join)
    if join is None:
        return "A new Action", f"Frames {first} to {last}"
    return f"{target.animation_data.action.name}, in a copy", f"Goes on: frames {first} to {last}"


def _draw_settings(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """Draw sentence, beginning, length, loop, path, draws and seed; as many lines whatever they say."""
    settings = context.scene.coamd
    column = layout.column()
    row = column.row(align=True)
    row.scale_y = 1.3
    row.prop(settings, "prompt", text="")
    row.menu("COAMD_MT_prompts", text="", icon="DOWNARROW_HLT")
    row = column.row(align=True)
    row.menu("COAMD_MT_vocabulary")
    column = layout.column(align=True)
    column.row(align=True).prop(settings, "begin", expand=True)
    column.row(align=True).prop(settings, "length_in", expand=True)
    _draw_length(column, context.scene)
    row = column.row(align=True)
    if settings.begin != "FRESH" and _goes_on(context):
        row.active, row.alignment = False, "CENTER"
        row.label(text="Loop, In Place: Fresh Start only")
    else:
        row.prop(settings, "loop", toggle=True)
        row.prop(settings, "in_place", toggle=True)
    draw_labelled(layout, settings, "path")
    column = layout.column(align=True)
    column.prop(settings, "variants")
    row = column.row(align=True)
    seed = row.row(align=True)
    seed.enabled = not settings.random_seed
    seed.prop(settings, "seed")
    row.prop(settings, "random_seed", text="", icon="FILE_REFRESH")


def _goes_on(context: bpy.types.Context) -> bool:
    target = anim.targets.find(context)
    return target is not None and generate.request.join_frame(context, target) is not None


def _draw_length(column: bpy.types.UILayout, scene: bpy.types.Scene) -> None:
    """Draw the field of the unit that is chosen, or the range."""
    settings = scene.coamd
    if settings.length_in == "RANGE":
        first, last = generate.request.marked(scene)
        row = column.row(align=True)
        row.alignment = "CENTER"
        row.label(text=f"{'Preview range' if scene.use_preview_range else 'Scene'}, {first} to {last}")
    else:
        column.prop(settings, "frames" if settings.length_in == "FRAMES" else "seconds")


class COAMD_PT_sentence(Sidebar, bpy.types.Panel):
    """The whole sentence, and the actions that it tells: the chosen one is replaced from the menu"""

    bl_idname = "COAMD_PT_sentence"
    bl_label = "Sentence"
    bl_parent_id = "COAMD_PT_main"

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the text, then one button an action."""
        settings = context.scene.coamd
        draw_text(self.layout, settings.prompt or "Nothing is asked for yet", context.region.width)
        _draw_actions(self.layout, settings)


def _draw_actions(layout: bpy.types.UILayout, settings: COAMD_PG_settings) -> None:
    """Draw, of a prompt that tells several actions, which of them the menu replaces, and a button for one more."""
    told = generate.vocabulary.actions(settings.prompt)
    column = layout.column(align=True)
    if not told:
        return
    more = column.operator(
        "coamd.choose_action", text="Add Action from Menu", icon="ADD", depress=settings.action >= len(told)
    )
    more.index = len(told)
    if len(told) == 1:
        more.index = 0 if settings.action else 1  # a switch, as the only action has no button of its own
        return
    for index, action in enumerate(told):
        chosen = index == settings.action
        icon = "RADIOBUT_ON" if chosen else "RADIOBUT_OFF"
        column.operator("coamd.choose_action", text=action, icon=icon, depress=chosen).index = index


class COAMD_PT_guides(Sidebar, bpy.types.Panel):
    """What the motion begins in, goes through, passes and holds on to"""

    bl_idname = "COAMD_PT_guides"
    bl_label = "Poses, Places and Holds"
    bl_parent_id = "COAMD_PT_main"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the settings, then in a line what they come to, or why nothing can be made of them."""
        layout, settings = self.layout, context.scene.coamd.guides
        armature = anim.targets.find(context)
        join = None if armature is None else generate.request.join_frame(context, armature)
        if join is None:
            layout.prop(settings, "start_in_pose")
        else:
            row = layout.row()
            row.active = False
            row.label(text="Start in This Pose: Fresh Start only", icon="CHECKBOX_DEHLT")
        layout.prop(settings, "keep_poses")
        draw_places(layout, settings)
        draw_hold(layout, settings)
        if armature is not None:
            _draw_led(layout, context, armature, join)


def _draw_led(
    layout: bpy.types.UILayout, context: bpy.types.Context, armature: bpy.types.Object, join: int | None
) -> None:
    """Draw what leads the motion, or what cannot be."""
    guided, width = generate.guided, context.region.width
    try:
        poses = guided.check(context, armature, generate.request.span(context.scene, join), join)
    except InputError as error:
        draw_text(layout, told(error), width, "ERROR")
        return
    line, far = guided.told(context, poses, join), guided.far_hold(context, armature)
    if line:
        draw_text(layout, line, width, "CON_FOLLOWPATH")
    if far:
        draw_text(layout, far, width, "INFO")


class COAMD_PT_takes(Sidebar, bpy.types.Panel):
    """The motions made so far; choosing one plays it"""

    bl_idname = "COAMD_PT_takes"
    bl_label = "Takes"
    bl_parent_id = "COAMD_PT_main"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Return whether there are some."""
        return bool(context.scene.coamd.takes)

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the newest takes first, those made at once side by side, and what to throw away."""
        settings = context.scene.coamd
        _draw_play(self.layout, preferences.get(context))
        column = self.layout.column(align=True)
        for group in reversed(generate.takes.draws(settings)[-SHOWN_TAKES:]):
            line = column.split(factor=1.0 - min(0.5, OTHER_DRAW * (len(group) - 1)), align=True)
            _draw_take(line.row(align=True), settings, group[0], settings.takes[group[0]].prompt)
            if len(group) > 1:
                others = line.row(align=True)
                for index in group[1:]:
                    _draw_take(others.row(align=True), settings, index)
        _draw_pictures(self.layout, settings)
        row = self.layout.row(align=True)
        row.operator("coamd.compare_takes", icon="ARROW_LEFTRIGHT")
        row.operator("coamd.show_ghosts", text="", icon="GHOST_ENABLED", depress=generate.ghosts.shown())
        if generate.browsing.comparing():
            column = self.layout.column(align=True)
            column.scale_y = 0.85
            for line in translated(generate.browsing.HELP).split("    "):
                column.label(text=line, icon="BLANK1", translate=False)
        _draw_facts(self.layout, settings, context.region.width)
        row = self.layout.row(align=True)
        row.operator("coamd.loop_motion", icon="FILE_REFRESH")
        row.operator("coamd.motion_in_place", icon="ORIENTATION_GLOBAL")
        self.layout.prop(context.scene.coamd_clips, "keep_root")
        column = self.layout.column(align=True)
        column.operator("coamd.remove_takes", text="Delete Take", icon="TRASH").which = "CHOSEN"
        row = column.row(align=True)
        count = len(generate.takes.other_draws(settings))
        row.enabled = count > 0
        text = f"{translated('Delete Other Draws')}: {count}" if count else "Delete Other Draws"
        row.operator("coamd.remove_takes", text=text).which = "OTHERS"


def _draw_take(row: bpy.types.UILayout, settings: COAMD_PG_settings, index: int, prompt: str = "") -> None:
    """Draw the button of a take: its number and, of the best of those made at once, the prompt."""
    take = settings.takes[index]
    row.enabled = whole = take.action is not None and take.armature is not None
    text = f"{index + 1}  {prompt if whole else '(deleted)'}" if prompt else str(index + 1)
    row.operator("coamd.show_take", text=text, depress=index == settings.take_index).index = index


def _draw_pictures(layout: bpy.types.UILayout, settings: COAMD_PG_settings) -> None:
    """Draw what the takes made at once with the chosen one look like, the best first."""
    group = next((group for group in generate.takes.draws(settings) if settings.take_index in group), [])
    icons = {index: generate.pictures.icon_of(settings.takes[index].action) for index in group}
    if not any(icons.values()):
        return
    grid = layout.grid_flow(row_major=True, columns=min(len(group), PICTURES_ACROSS), even_columns=True, align=True)
    for index, icon in icons.items():
        column = grid.column(align=True)
        column.template_icon(icon_value=icon, scale=PICTURE_SCALE)  # room for one that is not there yet
        _draw_take(column.row(align=True), settings, index)


def _draw_play(layout: bpy.types.UILayout, settings: bpy.types.AddonPreferences | None) -> None:
    """Draw the button that plays the motion or, until that is decided, what is to happen whenever one is made."""
    if settings is None or settings.afterwards != "ASK":
        layout.operator("coamd.play_motion", icon="PLAY")
        return
    column = layout.column(align=True)
    column.label(text="Whenever a motion is made:")
    row = column.row(align=True)
    for choice, text in (("PLAY", "Play"), ("FIT", "Fit"), ("LEAVE", "Neither")):
        row.operator("coamd.play_motion", text=text).always = choice


def _draw_facts(layout: bpy.types.UILayout, settings: COAMD_PG_settings, width: float) -> None:
    """Draw what the chosen take was made from, as its Action tells."""
    take = settings.takes[settings.take_index] if 0 <= settings.take_index < len(settings.takes) else None
    if take is None or take.action is None:
        return
    weights, licence = (take.action.get(name, "") for name in ("coamd_weights", "coamd_licence"))
    facts = [f"Seed {take.seed}", *([f"{weights}, {licence}"] if weights else [])]
    column = layout.column()
    column.active = False
    draw_text(column, "; ".join(facts), width)


class COAMD_PT_advanced(Sidebar, bpy.types.Panel):
    """How the motion meets the words, the rig and the machine"""

    bl_idname = "COAMD_PT_advanced"
    bl_label = "Advanced"
    bl_parent_id = "COAMD_PT_main"
    bl_order = 2  # below the panels of rig_mapping
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """Draw settings, then the runtime's state."""
        layout, settings = self.layout, context.scene.coamd
        layout.use_property_split = True
        layout.use_property_decorate = False
        _draw_switched(layout, settings, "Text Weight", "use_guidance", "guidance")
        _draw_switched(layout, settings, "Recognizer", "use_recognizer", "recognizer_guidance")
        stored = preferences.get(context)
        if stored is not None:
            layout.prop(stored, "quality")
            layout.prop(stored, "show_preview")
        row = layout.row()
        row.use_property_split = False
        row.label(text=core.session.current().runtime, icon="MEMORY")
        row.operator("coamd.unload", text="Unload")
        layout.operator("coamd.open_preferences", text="Runtime Settings", icon="PREFERENCES")


def _draw_switched(
    layout: bpy.types.UILayout, settings: COAMD_PG_settings, heading: str, switch: str, name: str
) -> None:
    """Draw a check box, and beside it the value that it makes count."""
    row = layout.column(heading=heading).row(align=True)
    row.prop(settings, switch, text="")
    value = row.row()
    value.enabled = getattr(settings, switch)
    value.prop(settings, name, text="")


CLASSES = (
    COAMD_MT_prompts,
    *CATEGORY_MENUS,
    COAMD_MT_vocabulary,
    COAMD_PT_main,
    COAMD_PT_sentence,
    COAMD_PT_guides,
    COAMD_PT_takes,
    COAMD_PT_advanced,
)
