"""Every command by a name in the menu, and the interface in other languages as Blender gives it."""

import bpy
import pytest

FILLED = {"zh_HANS": "生成动作", "ja_JP": "モーションを生成", "de_DE": "Bewegung erzeugen", "es": "Generar movimiento"}
# Parts of panels that need what their button gives them, or that are steps of another command.
NOT_ALONE = {"use_prompt", "ask_for", "choose_action", "show_take", "copy",
             "set_range", "pick_bone", "use_mapping", "lesson_remove", "teach_pause", "teach_resume", "teach_remove",
             "teach_preview", "style_add", "style_remove", "cancel_install", "pie_menu", "first_motion",
             "place_move", "place_remove", "block_move", "block_drag", "block_type", "block_menu"}  # fmt: skip


def commands():
    """(operator, values, name) of every command of the menu."""
    from coamd_blender.menus.commands import PIE, SECTIONS

    return [(one.operator, dict(one.values), one.name) for part in (*SECTIONS.values(), PIE) for one in part]


def test_every_operator_stands_in_the_menu_under_a_name_that_is_its_own(addon):
    from coamd_blender import registration

    found = {operator.removeprefix("coamd.") for operator, _, _ in commands()}
    operators = {cls.bl_idname.removeprefix("coamd.") for cls in registration.CLASSES if hasattr(cls, "execute")}
    assert operators - found - NOT_ALONE == set()
    by_name = {}
    for operator, values, name in commands():
        assert by_name.setdefault(name, (operator, values)) == (operator, values), name
        assert " " in name, f"{name} says too little where it stands alone"


def test_commands_have_the_properties_that_are_set(addon):
    for operator, values, _ in commands():
        group, name = operator.split(".")
        known = getattr(getattr(bpy.ops, group), name).get_rna_type().properties
        assert set(values) <= set(known.keys()), operator


def test_the_menu_is_in_object_and_pose_menus_and_gone_with_the_add_on(addon):
    from coamd_blender.menus import menus

    for name in ("VIEW3D_MT_object", "VIEW3D_MT_pose"):
        assert menus._draw_entry in getattr(bpy.types, name).draw._draw_funcs


def test_no_key_is_taken(addon):
    from coamd_blender.menus import keys

    assert all(item.type == "NONE" for _, item in keys._made)


@pytest.mark.parametrize("language", FILLED)
def test_the_interface_speaks_the_language(addon, language):
    if language not in bpy.app.translations.locales:
        pytest.skip("this build of Blender has no languages")
    view = bpy.context.preferences.view
    before, view.language = view.language, language
    try:
        for context in ("*", "Operator"):
            assert bpy.app.translations.pgettext("Generate Motion", context) == FILLED[language]
    finally:
        view.language = before
