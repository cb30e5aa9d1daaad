"""Panels drawn onto a layout that checks every call against this Blender's own description of UILayout."""

from types import SimpleNamespace

import pytest

bpy = pytest.importorskip("bpy")

FUNCTIONS = bpy.types.UILayout.bl_rna.functions
ICONS = set(FUNCTIONS["label"].parameters["icon"].enum_items.keys())
ATTRIBUTES = set(bpy.types.UILayout.bl_rna.properties.keys())


class OperatorProperties:
    """What layout.operator returns: takes only properties that the operator has."""

    def __init__(self, known):
        object.__setattr__(self, "known", known)

    def __setattr__(self, name, value):
        assert name in self.known, name


class Layout:
    """A layout that draws nothing, writes down what it is told, and refuses what UILayout has not."""

    def __init__(self, said):
        object.__setattr__(self, "said", said)

    def __setattr__(self, name, value):
        assert name in ATTRIBUTES, name

    def __getattr__(self, function):
        assert function in FUNCTIONS, function

        def call(*values, **options):
            unknown = set(options) - set(FUNCTIONS[function].parameters.keys())
            assert not unknown, f"{function}: {unknown}"
            assert options.get("icon", "NONE") in ICONS, options["icon"]
            return self.answer(function, values, options)

        return call

    def answer(self, function, values, options):
        self.said.append(options.get("text", ""))
        if function == "operator":
            group, name = values[0].split(".")
            self.said.append(values[0])
            return OperatorProperties(set(getattr(getattr(bpy.ops, group), name).get_rna_type().properties.keys()))
        if function in {"prop", "prop_search"}:
            assert values[1] in values[0].bl_rna.properties, values[1]
            self.said.append(values[1])
        if function == "menu":
            assert hasattr(bpy.types, values[0])
            self.said.append(values[0])
        return Layout(self.said) if function in {"row", "column", "box", "split", "grid_flow", "column_flow"} else None


def drawn(name, width=260):
    """Everything the panel or menu ``name`` shows, as one text."""
    said = []
    context = SimpleNamespace(
        region=SimpleNamespace(width=width),
        scene=bpy.context.scene,
        view_layer=bpy.context.view_layer,
        window_manager=bpy.context.window_manager,
        preferences=bpy.context.preferences,
    )
    getattr(bpy.types, name).draw(SimpleNamespace(layout=Layout(said)), context)
    return " | ".join(said)


def preferences_drawn(settings):
    """Everything the preferences show."""
    from coamd_blender.setup import panel as setup_panel

    said = []
    setup_panel.draw_preferences(settings, SimpleNamespace(region=SimpleNamespace(width=600)), Layout(said))
    return " | ".join(said)


def test_without_an_armature_the_panel_offers_the_character(addon):
    assert "coamd.add_character" in drawn("COAMD_PT_main")


def test_an_armature_is_shown_with_its_coverage(rig):
    shown = drawn("COAMD_PT_main")
    assert "Hero" in shown and "22 of 22 joints" in shown and "coamd.generate" in shown


def test_without_a_runtime_the_panel_leads_to_the_preferences(rig, addon):
    addon.source, addon.python = "PYTHON", ""
    shown = drawn("COAMD_PT_main")
    assert "No Python interpreter is chosen" in shown and "coamd.open_preferences" in shown
    assert "coamd.generate" not in shown


def test_progress_replaces_the_button_and_the_takes_follow(rig):
    from coamd_blender.core import session
    from coamd_blender.generate import workflow

    settings = bpy.context.scene.coamd
    settings.prompt = "a slow walk with a sentence that is far longer than the field can show"
    current = session.current()
    current.start(workflow.generate(bpy.context), session.GENERATION)
    while current.status.fraction < 0.05:
        current.pump()
    shown = drawn("COAMD_PT_main")
    assert "coamd.cancel" in shown and "Sampling" in shown and "coamd.generate" not in shown
    current.cancel()
    assert "Cancelled" in drawn("COAMD_PT_main") and "coamd.generate" in drawn("COAMD_PT_main")
    while current.running:
        current.pump()
    settings.prompt = "a walk"
    bpy.ops.coamd.generate()
    assert "Made in" in drawn("COAMD_PT_main")
    assert bpy.types.COAMD_PT_takes.poll(bpy.context) and {"1  a walk", "2", "3", "4"} <= set(
        drawn("COAMD_PT_takes").split(" | ")
    )
    assert "Ready on cpu" in drawn("COAMD_PT_advanced") and "contact" in drawn("COAMD_PT_carry")
    assert "a walk" in drawn("COAMD_MT_prompts")


def test_an_error_is_shown_whole_with_a_copy_button(rig):
    with pytest.raises(RuntimeError):
        bpy.ops.coamd.generate()
    shown = drawn("COAMD_PT_main", width=1000)
    assert "The prompt is empty - Describe a motion" in shown and "coamd.copy" in shown


def test_every_page_of_the_preferences_draws(addon):
    from coamd_blender.setup import workflow as setup_workflow

    bpy.ops.coamd.test()
    assert "protocol 2" in preferences_drawn(addon)
    addon.source = "INSTALLED"
    shown = preferences_drawn(addon)
    assert "coamd.install" in shown and "Online access is off" in shown
    addon.source = "PYTHON"
    assert "torch" in preferences_drawn(addon)
    setup_workflow.close()


def test_the_menu_of_what_can_be_asked_for_leads_to_lines_that_fill_the_prompt(rig):
    settings = bpy.context.scene.coamd
    settings.prompt = ""
    assert "COAMD_MT_vocabulary" in drawn("COAMD_PT_main").split(" | ")
    assert "Walk" in drawn("COAMD_MT_vocabulary") and "coamd.search_vocabulary" in drawn("COAMD_MT_vocabulary")
    assert "walks backwards" in drawn("COAMD_MT_vocabulary_00").split(" | ")
    assert bpy.ops.coamd.ask_for(line="walks backwards") == {"FINISHED"}
    assert settings.prompt == "a person walks backwards"
    assert bpy.ops.coamd.search_vocabulary("EXEC_DEFAULT", line="jogs") == {"FINISHED"}
    assert settings.prompt == "a person jogs"


def test_of_a_prompt_of_several_actions_the_chosen_one_is_replaced(rig):
    settings = bpy.context.scene.coamd
    settings.prompt = "a man runs, then sits down"
    shown = drawn("COAMD_PT_sentence").split(" | ")
    assert "a man runs" in shown and "sits down" in shown
    bpy.ops.coamd.choose_action(index=1)
    bpy.ops.coamd.ask_for(line="bows")
    assert settings.prompt == "a man runs, then bows" and settings.action == 1
    bpy.ops.coamd.choose_action(index=2)
    bpy.ops.coamd.ask_for(line="jogs")
    assert settings.prompt == "a man runs, then bows, then jogs" and settings.action == 2
    settings.prompt = "a man waves"
    assert settings.action == 0, "what was typed anew has one action, which the menu replaces"
    bpy.ops.coamd.choose_action(index=1)
    bpy.ops.coamd.ask_for(line="bows")
    assert settings.prompt == "a man waves, then bows"


def test_the_lines_above_the_button_are_as_many_whatever_the_sentence_says(rig):
    settings, counts = bpy.context.scene.coamd, set()
    for settings.prompt in ("", "a walk", "he walks, then sits down, then waves, " + "very " * 60 + "slowly"):
        counts.add(drawn("COAMD_PT_main").split("coamd.generate")[0].count(" | "))
    assert len(counts) == 1
    assert "very very" in drawn("COAMD_PT_sentence")


def test_the_panel_names_character_action_and_frames(rig):
    scene = bpy.context.scene
    scene.render.fps, scene.coamd.seconds = 24, 2.0
    scene.frame_set(41)
    assert "A new Action | Frames 41 to 88" in drawn("COAMD_PT_main", width=1000)
    scene.coamd.length_in, scene.coamd.frames = "FRAMES", 30
    assert "A new Action | Frames 41 to 70" in drawn("COAMD_PT_main", width=1000)
    scene.coamd.length_in, scene.use_preview_range = "RANGE", True
    scene.frame_preview_end, scene.frame_preview_start = 33, 10
    assert "A new Action | Frames 10 to 33" in drawn("COAMD_PT_main", width=1000)
    assert "Before | Frames 10 to 33" in drawn("COAMD_PT_edit", width=1000)


def test_a_message_belongs_to_its_panel_and_goes_once_it_is_mended(rig):
    settings = bpy.context.scene.coamd
    with pytest.raises(RuntimeError):
        bpy.ops.coamd.generate()
    assert "The prompt is empty" in drawn("COAMD_PT_main", width=1000)
    assert "The prompt is empty" not in drawn("COAMD_PT_edit", width=1000)
    settings.prompt = "a walk"
    assert "The prompt is empty" not in drawn("COAMD_PT_main", width=1000)
    with pytest.raises(RuntimeError):
        bpy.ops.coamd.edit_range()
    assert "There is no preview range - " in drawn("COAMD_PT_edit", width=1000)
    assert "There is no preview range - " not in drawn("COAMD_PT_main", width=1000)
    bpy.context.scene.use_preview_range = True
    assert "There is no preview range - " not in drawn("COAMD_PT_edit", width=1000)
