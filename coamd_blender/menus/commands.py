"""The add-on's commands by section, each under a name that says what it does without its panel."""

from __future__ import annotations

from typing import NamedTuple


class Command(NamedTuple):
    """An operator, the name it is found under, its icon, and values of its properties."""

    operator: str
    name: str
    icon: str = "NONE"
    values: tuple[tuple[str, str | int | bool], ...] = ()


def _shape(shape: str, name: str) -> Command:
    return Command("coamd.finger_shape", name, "NONE", (("shape", shape),))


SECTIONS: dict[str, tuple[Command, ...]] = {
    "Generate Motion": (
        Command("coamd.generate", "Generate Motion", "PLAY"),
        Command("coamd.cancel", "Cancel Generating", "X"),
        Command("coamd.search_vocabulary", "Search What Can Be Asked For", "VIEWZOOM"),
        Command("coamd.new_seed", "Draw a New Seed", "FILE_REFRESH"),
        Command("coamd.place_add", "Add Place to Pass", "ADD"),
        Command("coamd.play_motion", "Play Motion", "PLAY"),
        Command("coamd.compare_takes", "Compare Takes", "ARROW_LEFTRIGHT"),
        Command("coamd.show_ghosts", "Show Ghosts of Other Takes", "GHOST_ENABLED"),
        Command("coamd.extend_scene", "Extend Scene to Motion", "TRIA_RIGHT_BAR"),
        Command("coamd.remove_takes", "Delete Take", "TRASH", (("which", "CHOSEN"),)),
        Command("coamd.remove_takes", "Delete Other Draws of Take", "NONE", (("which", "OTHERS"),)),
    ),
    "Prompt Blocks": (
        Command("coamd.generate_track", "Generate Track of Blocks", "PLAY"),
        Command("coamd.regenerate_block", "Regenerate Block", "FILE_REFRESH", (("how", "NEW_SEED"),)),
        Command("coamd.regenerate_block", "Regenerate Block with Its Seed", "NONE", (("how", "SAME_SEED"),)),
        Command("coamd.regenerate_block", "Regenerate from Block On", "NONE", (("how", "ONWARD"),)),
        Command("coamd.in_between", "In-Between Blocks"),
        Command("coamd.block_add", "Add Block to Track", "ADD"),
        Command("coamd.block_split", "Split Block at Playhead"),
        Command("coamd.block_duplicate", "Duplicate Block", "DUPLICATE"),
        Command("coamd.block_remove", "Remove Block from Track", "REMOVE"),
        Command("coamd.blocks_of_action", "Blocks of the Action"),
        Command("coamd.blocks_of_result", "Blocks of What Was Recognized"),
    ),
    "Several Characters": (
        Command("coamd.generate_all", "Generate for Selected Characters", "COMMUNITY"),
        Command("coamd.add_crowd", "Add Crowd", "DUPLICATE"),
        Command("coamd.add_character", "Add CoAMD Character", "OUTLINER_OB_ARMATURE"),
    ),
    "Edit Motion": (
        Command("coamd.edit_range", "Edit Range of Motion", "ACTION_TWEAK"),
        Command("coamd.edit_range", "Try Edit Again", "FILE_REFRESH", (("again", True),)),
        Command("coamd.edit_accept", "Accept Edit", "CHECKMARK"),
        Command("coamd.edit_reject", "Reject Edit", "X"),
        Command("coamd.edit_compare", "Compare Edit Before and After", "UV_SYNC_SELECT"),
        Command("coamd.edit_push", "Push Edit to NLA", "NLA_PUSHDOWN"),
        Command("coamd.mark_range", "Mark Range of Edit around Playhead", "ARROW_LEFTRIGHT"),
        Command("coamd.widen_range", "Widen Range of Edit", "FULLSCREEN_ENTER"),
        Command("coamd.live_edit", "Live In-Between", "REC"),
    ),
    "Clip Tools": (
        Command("coamd.mirror_motion", "Mirror Motion", "MOD_MIRROR"),
        Command("coamd.motion_in_place", "Put Motion in Place", "ORIENTATION_GLOBAL"),
        Command("coamd.trim_motion", "Trim Motion to Range", "FULLSCREEN_EXIT"),
        Command("coamd.retime_motion", "Retime Motion", "TIME"),
        Command("coamd.smooth_motion", "Smooth Motion", "MOD_SMOOTH"),
        Command("coamd.loop_motion", "Make Motion Loop", "FILE_REFRESH"),
        Command("coamd.blend_motions", "Blend Motion into Action", "NLA"),
        Command("coamd.look_at", "Look at Target", "HIDE_OFF"),
    ),
    "Game Engines": (
        Command("coamd.export_engine", "Export Motion for Game Engine", "EXPORT"),
        Command("coamd.choose_clips", "Choose Folder of Clips to Retarget", "FILE_FOLDER"),
        Command("coamd.retarget_clips", "Retarget Folder of Clips", "IMPORT"),
        Command("coamd.locomotion_set", "Make Locomotion Set", "PRESET_NEW"),
    ),
    "Hands": (
        _shape("relaxed", "Hands: Relaxed"),
        _shape("fist", "Hands: Fist"),
        _shape("flat", "Hands: Flat"),
        _shape("pointing", "Hands: Pointing"),
        _shape("gripping", "Hands: Gripping"),
        _shape("spread", "Hands: Spread"),
    ),
    "Recognize Motion": (
        Command("coamd.recognize", "Recognize Motion", "VIEWZOOM"),
        Command("coamd.name_actions", "Name Action by Its Motion"),
        Command("coamd.tag_assets", "Tag Action as Asset by Its Motion"),
        Command("coamd.set_markers", "Set Markers at Parts of Motion"),
    ),
    "Clip Library": (
        Command("coamd.search", "Search Clip Library", "VIEWZOOM"),
        Command("coamd.apply_clip", "Apply Clip to Character", "IMPORT"),
        Command("coamd.mark_clip", "Keep Clip as Asset", "ASSET_MANAGER"),
        Command("coamd.index_folder", "Add Folder to Clip Library", "FILE_FOLDER"),
    ),
    "Bone Mapping": (
        Command("coamd.edit_mapping", "Edit Bone Mapping", "GREASEPENCIL"),
        Command("coamd.forget_mapping", "Detect Bone Mapping", "FILE_REFRESH"),
        Command("coamd.swap_sides", "Swap Left and Right in Bone Mapping", "MOD_MIRROR"),
        Command("coamd.clear_mapping", "Clear Bone Mapping", "X"),
        Command("coamd.save_mapping", "Save Bone Mapping", "EXPORT"),
        Command("coamd.load_mapping", "Load Bone Mapping", "IMPORT"),
        Command("coamd.capture_rest", "Use Current Pose as Rest for Motions", "ARMATURE_DATA"),
        Command("coamd.forget_rest", "Use Own Rest Pose for Motions"),
    ),
    "Teach a Style": (
        Command("coamd.lesson_add", "Add Action to Lessons"),
        Command("coamd.lesson_add_file", "Add Clip File to Lessons"),
        Command("coamd.lesson_propose", "Propose Sentences for Lessons"),
        Command("coamd.teach", "Teach Style"),
    ),
    "Runtime": (
        Command("coamd.open_preferences", "Set Up Runtime", "PREFERENCES"),
        Command("coamd.allow_online", "Allow Online Access", "INTERNET"),
        Command("coamd.install", "Install Runtime", "IMPORT"),
        Command("coamd.test", "Test Runtime", "CONSOLE"),
        Command("coamd.unload", "Unload Model from Memory", "MEMORY"),
        Command("coamd.uninstall", "Remove Runtime", "TRASH"),
        Command("coamd.stop", "Stop Request", "X"),
    ),
}
# Left, right, below, above, and the corners in Blender's order.
PIE: tuple[Command, ...] = (
    Command("coamd.compare_takes", "Compare Takes", "ARROW_LEFTRIGHT"),
    Command("coamd.generate", "Generate Motion", "PLAY"),
    Command("coamd.edit_range", "Edit Range of Motion", "ACTION_TWEAK"),
    Command("coamd.play_motion", "Play Motion", "PLAY"),
    Command("coamd.edit_accept", "Accept Edit", "CHECKMARK"),
    Command("coamd.edit_reject", "Reject Edit", "X"),
    Command("coamd.edit_compare", "Compare Edit Before and After", "UV_SYNC_SELECT"),
    Command("coamd.recognize", "Recognize Motion", "VIEWZOOM"),
)
