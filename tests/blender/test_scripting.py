"""What scripts may rely on: the operators and their arguments, and the examples of docs/scripting.md, which run."""

import re
from pathlib import Path

import pytest

bpy = pytest.importorskip("bpy")

from test_addon_library import PYTHON  # noqa: E402

PAGE = Path(__file__).resolve().parents[2] / "docs" / "scripting.md"
LIBRARY_RUNTIME = Path(__file__).with_name("fake_library_runtime.py")
# Operators for scripts and the arguments they take; then those that only serve the panels.
OPERATORS = {
    "generate": {"wait"},
    "cancel": set(),
    "place_add": set(),
    "place_remove": {"index"},
    "place_move": {"index", "direction"},
    "show_take": {"index"},
    "remove_takes": {"which"},
    "edit_range": {"wait", "again"},
    "edit_accept": set(),
    "edit_reject": set(),
    "edit_push": set(),
    "edit_compare": set(),
    "mark_range": set(),
    "widen_range": set(),
    "play_motion": {"always"},
    "extend_scene": set(),
    "mirror_motion": {"wait"},
    "motion_in_place": {"wait"},
    "trim_motion": {"wait"},
    "retime_motion": {"wait"},
    "smooth_motion": {"wait"},
    "loop_motion": {"wait"},
    "blend_motions": {"wait"},
    "generate_track": {"wait"},
    "regenerate_block": {"how", "wait"},
    "in_between": {"wait"},
    "block_add": {"prompt", "frames", "insert"},
    "block_remove": set(),
    "block_duplicate": set(),
    "block_split": set(),
    "block_move": {"direction"},
    "blocks_of_action": set(),
    "blocks_of_result": set(),
    "recognize": {"which", "wait"},
    "name_actions": {"all"},
    "tag_assets": {"all"},
    "set_markers": {"all"},
    "search": {"wait"},
    "apply_clip": {"index", "wait"},
    "mark_clip": {"index", "wait"},
    "index_folder": {"directory", "licence", "source", "wait"},
    "stop": set(),
    "lesson_add": {"which"},
    "lesson_add_file": {"filepath"},
    "lesson_remove": set(),
    "lesson_propose": {"wait"},
    "teach": {"wait"},
    "teach_pause": {"name"},
    "teach_resume": {"name"},
    "teach_remove": {"name"},
    "teach_preview": {"name", "wait"},
    "style_add": {"name"},
    "style_remove": {"name"},
    "add_character": {"aside"},
    "look_at": {"wait"},
    "generate_all": {"wait"},
    "add_crowd": set(),
    "finger_shape": {"shape"},
    "edit_mapping": set(),
    "clear_mapping": set(),
    "forget_mapping": set(),
    "swap_sides": set(),
    "pick_bone": {"joint"},
    "use_mapping": {"preset"},
    "load_mapping": {"filepath"},
    "save_mapping": {"filepath"},
    "capture_rest": set(),
    "forget_rest": set(),
}
OF_PANELS = {
    "allow_online": set(),
    "choose_clips": {"directory"},
    "compare_takes": set(),
    "export_engine": {"wait"},
    "first_motion": set(),
    "live_edit": set(),
    "pie_menu": set(),
    "retarget_clips": {"wait"},
    "locomotion_set": {"wait"},
    "show_ghosts": set(),
    "block_drag": set(),
    "block_type": {"prompt"},
    "block_menu": set(),
    "copy": {"which"},
    "use_prompt": {"prompt"},
    "ask_for": {"line"},
    "search_vocabulary": {"line"},
    "choose_action": {"index"},
    "new_seed": set(),
    "set_range": set(),
    "open_preferences": set(),
    "install": {"repair"},
    "cancel_install": set(),
    "uninstall": set(),
    "test": set(),
    "unload": set(),
}


def arguments(name):
    """The arguments of an operator of ours that can be seen, by name, and the file, which Blender hides."""
    found = {prop.identifier: prop for prop in getattr(bpy.ops.coamd, name).get_rna_type().properties}
    return {
        name: prop for name, prop in found.items() if name == "filepath" or not (prop.is_hidden or name == "rna_type")
    }


def section(name):
    """The text of a section of the page."""
    return re.split(r"^## ", PAGE.read_text(encoding="utf-8").split(f"\n## {name}\n")[1], flags=re.M)[0]


def examples():
    """The code blocks of the section on Blender, by the headings over them."""
    return dict(re.findall(r"^### (.+?)\n.*?```python\n(.*?)```", section("In Blender"), flags=re.M | re.S))


def test_the_operators_and_their_arguments_are_these(addon):
    every = {**OPERATORS, **OF_PANELS}
    assert set(dir(bpy.ops.coamd)) == set(every)
    assert {name: set(arguments(name)) for name in every} == every


@pytest.mark.parametrize("name", [*OPERATORS, *OF_PANELS])
def test_an_operator_and_its_arguments_are_described(addon, name):
    assert len(getattr(bpy.ops.coamd, name).get_rna_type().description.split()) > 1
    for argument, prop in arguments(name).items():
        assert prop.name and prop.description and not prop.description.endswith("."), argument


@pytest.mark.parametrize("name", list(OPERATORS))
def test_the_page_names_every_operator_for_scripts_with_its_arguments(name):
    rows = [row for row in section("In Blender").splitlines() if row.startswith("|") and f"`{name}`" in row]
    assert len(rows) == 1 and all(f"`{argument}`" in rows[0] for argument in OPERATORS[name]), rows


def test_the_page_names_only_operators_and_properties_that_there_are(addon):
    text = section("In Blender")
    rows = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \|", text, flags=re.M)
    assert {name for row in rows for name in re.findall(r"\w+", row)} == set(OPERATORS)
    scene, manager = bpy.context.scene, bpy.context.window_manager
    groups = {"scene.coamd": scene.coamd, "scene.coamd_edit": scene.coamd_edit, "window_manager.coamd": manager.coamd}
    groups["scene.coamd_understanding"] = scene.coamd_understanding
    for place, group in groups.items():
        (row,) = [line for line in text.splitlines() if line.startswith(f"| `{place}` ")]
        for name in re.findall(r"`([a-z_.]+)`", row.split("|")[2]):
            if name not in {"guesses", "stretches"}:
                group.path_resolve(name)


def test_a_batch_of_prompts_leaves_an_action_a_prompt(rig):
    exec(compile(examples()["A batch of prompts onto one rig"], str(PAGE), "exec"), {})
    names = {"a person walks forward", "somebody jumps up high", "a man waves with the right hand"}
    assert {action.name for action in bpy.data.actions} == {"Before", *names}
    assert [take.seed for take in bpy.context.scene.coamd.takes] == [0, 1, 2]
    assert rig.animation_data.action.name == "a man waves with the right hand"


@pytest.mark.skipif(PYTHON is None, reason="there is no Python with torch")
def test_all_actions_of_a_file_are_tagged(rig, addon, capsys):
    from test_addon_library import arms_up, walking_off

    from coamd_blender.anim import write_action

    bpy.context.scene.render.fps = 20
    bpy.data.actions.remove(bpy.data.actions["Before"])
    for name, joints in (("One", arms_up()), ("Two", walking_off())):
        write_action.apply_motion(rig, joints, start_frame=1, name=name, contact="off")
    addon.command = f'"{PYTHON}" "{LIBRARY_RUNTIME}"'
    exec(compile(examples()["All Actions of a file tagged"], str(PAGE), "exec"), {})
    tags = {action.name: [tag.name for tag in action.asset_data.tags] for action in bpy.data.actions}
    assert tags == {"One": ["raise arms"], "Two": ["walk"]}
    assert rig.animation_data.action.name == "Two"
    assert "One: raise arms 70%" in capsys.readouterr().out
