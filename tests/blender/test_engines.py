"""Files for game engines, read back: the joints, the root bone's way and heading, and what each engine's rules ask."""

import json

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from mathutils import Matrix  # noqa: E402
from rigs import evaluated_heads, metarig, mixamo, new_scene, walking  # noqa: E402

import coamd_blender  # noqa: E402
from coamd_blender.anim import actions, importing, write_action  # noqa: E402
from coamd_blender.engines import root_motion, rules  # noqa: E402
from coamd_blender.engines.job import EngineJob, export  # noqa: E402
from coamd_blender.errors import CoamdError, InputError, RigError  # noqa: E402
from coamd_blender.motion import skeleton  # noqa: E402

BONES = ["Hips", "Head", "LeftHand", "RightHand", "LeftFoot", "RightToeBase"]
TURN = 1.2  # radians to the left, in all
FRAMES = 41


@pytest.fixture(autouse=True)
def registered():
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    coamd_blender.register()
    yield
    coamd_blender.unregister()


def turning():
    """A walk that turns to the left while it goes, from the origin, facing +Z at first."""
    joints = skeleton.with_bone_lengths(walking(FRAMES + 9)[:FRAMES])  # which ends in another pose than it began in
    joints -= joints[0, 0] * (1, 0, 1)
    angles = TURN * np.linspace(0, 1, FRAMES) ** 2
    c, s, o, i = np.cos(angles), np.sin(angles), 0 * angles, 1 + 0 * angles
    return joints @ np.stack([c, o, -s, o, i, o, s, o, c], axis=-1).reshape(-1, 3, 3)


def expected():
    """Where the bones are when the character stands over the origin facing +Z, at 30 frames a second."""
    new_scene(30)
    rig = mixamo("")
    action = write_action.apply_motion(rig, turning(), source_fps=20, start_frame=1, contact="off")
    return evaluated_heads(rig, BONES, range(1, int(action.frame_range[1]) + 1))


def character(mesh=False, fps=30):
    """The same somewhere else, turned, and twice as large by its object's scale."""
    new_scene(fps)
    rig = mixamo("")
    if mesh:
        bpy.ops.mesh.primitive_cube_add(size=1, location=(0, 0, 0.5))
        cube = bpy.context.object
        cube.name = "Body"
        cube.vertex_groups.new(name="Hips").add(range(8), 1.0, "REPLACE")
        cube.modifiers.new("Armature", "ARMATURE").object = rig
        cube.parent = rig
    rig.data.transform(Matrix.Scale(0.5, 4))
    if mesh:
        cube.data.transform(Matrix.Scale(0.5, 4))
        cube.location = (0, 0, 0.25)
    rig.location, rig.rotation_euler, rig.scale = (3.0, -1.0, 0.2), (0, 0, 0.9), (2, 2, 2)
    bpy.context.view_layer.update()
    write_action.apply_motion(rig, turning(), source_fps=20, start_frame=1, contact="off", name="turning walk")
    return rig


def exported(rig, engine, folder, **options):
    """Export the Action in use; return what the list of clips tells of it."""
    action = rig.animation_data.action
    rows = export(rig, {action.name: action}, EngineJob(engine, folder, "Hero", **options), lambda line: None)
    assert [row.what for row in rows] == ["done"], rows
    (told,) = json.loads((folder / "Hero.clips.json").read_text())["clips"]
    return told


def opened(path):
    """The armature of a file, its Action in use, in metres."""
    importing.open_file(path)
    armature = next(each for each in bpy.context.scene.objects if each.type == "ARMATURE")
    if armature.animation_data.action is None:
        armature.animation_data.action = bpy.data.actions[0]
    return armature


def played(armature, bones, count):
    first = round(armature.animation_data.action.frame_range[0])
    return evaluated_heads(armature, bones, range(first, first + count))


@pytest.mark.parametrize("engine", ["unreal", "unity", "godot"])
def test_joints_come_back_from_the_origin_and_the_root_bone_goes_and_turns_with_the_body(engine, tmp_path):
    wanted = expected()
    told = exported(character(), engine, tmp_path)
    assert told["frames"] == len(wanted) and told["fps"] == 30 and not told["loop"]
    armature = opened(tmp_path / told["file"])
    scene = bpy.context.scene
    assert scene.render.fps / scene.render.fps_base == 30
    assert armature.animation_data.action.frame_range[1] - armature.animation_data.action.frame_range[0] == 60
    found = played(armature, BONES, len(wanted))
    assert np.abs(found - wanted).max() < 5e-3
    root = played(armature, ["root"], len(wanted))[:, 0]
    assert np.abs(root[0]).max() < 1e-4 and np.ptp(root[:, 1]) < 1e-4
    assert np.abs((root[-1] - wanted[-1, 0])[[0, 2]]).max() < 0.02
    assert np.linalg.norm(told["ahead_metres"] - root[-1, 2]) < 1e-3 and told["left_metres"] == pytest.approx(
        root[-1, 0], abs=1e-3
    )
    assert told["left_degrees"] == pytest.approx(np.degrees(TURN), abs=12.0)  # it twists as it walks
    assert turn_of(armature, "root") == pytest.approx(told["left_degrees"], abs=0.5)


def turn_of(armature, bone):
    """Degrees about the world's up by which a bone is turned at the current frame against the first."""
    scene, action = bpy.context.scene, armature.animation_data.action
    turns = []
    for frame in action.frame_range:
        scene.frame_set(round(frame))
        posed = armature.evaluated_get(bpy.context.evaluated_depsgraph_get())
        turns.append(posed.matrix_world.to_3x3().normalized() @ posed.pose.bones[bone].matrix.to_3x3().normalized())
    turn = np.array(turns[1] @ turns[0].inverted())
    return np.degrees(np.arctan2(turn[1, 0], turn[0, 0]))


def test_roblox_gets_the_joints_of_r15_in_their_place_with_the_turns_of_the_body(tmp_path):
    told = exported(character(), "roblox", tmp_path)
    armature = opened(tmp_path / told["file"])
    names = [name for name, *_ in rules.R15]
    assert sorted(armature.data.bones.keys()) == sorted(names)
    for name, parent, *_ in rules.R15:
        above = armature.data.bones[name].parent
        assert (above.name if above else None) == parent
    places = played(armature, names, told["frames"])
    assert np.abs(places[:, 0]).max() < 1e-4  # Root
    hips = places[:, names.index("LowerTorso")]
    assert np.abs(hips[:, [0, 2]]).max() < 0.08 and told["ahead_metres"] == 0.0
    wanted = expected()
    down = places[:, names.index("LeftFoot")] - places[:, names.index("LeftLowerLeg")]
    rigged = wanted[:, BONES.index("LeftFoot"), 1] - wanted[:, BONES.index("Hips"), 1]
    found = places[:, names.index("LeftFoot"), 1] - hips[:, 1]
    assert np.abs(found - rigged).max() < 5e-3
    assert np.ptp(np.linalg.norm(down, axis=-1)) < 1e-4


def fbx(path):
    """Global settings, the armature's node, and takes of an FBX file, as Blender's parser has them."""
    from io_scene_fbx import parse_fbx

    tree, _ = parse_fbx.parse(str(path))

    def child(node, name):
        return next(each for each in node.elems if each is not None and each.id == name)

    def properties(node):
        return {each.props[0]: each.props[4:] for each in child(node, b"Properties70").elems if each is not None}

    settings = {name: values[0] for name, values in properties(child(tree, b"GlobalSettings")).items() if values}
    objects = [each for each in child(tree, b"Objects").elems if each is not None]
    nodes = {each.props[1].split(b"\x00")[0].decode(): each for each in objects if each.id == b"Model"}
    stacks = [each.props[1].split(b"\x00")[0].decode() for each in objects if each.id == b"AnimationStack"]
    return settings, {name: properties(node) for name, node in nodes.items()}, stacks


@pytest.mark.parametrize("engine", ["unreal", "unity", "roblox"])
def test_fbx_is_in_centimetres_without_scale_and_named_as_the_engine_asks(engine, tmp_path):
    pytest.importorskip("io_scene_fbx")
    told = exported(character(), engine, tmp_path)
    settings, nodes, stacks = fbx(tmp_path / told["file"])
    assert settings[b"UnitScaleFactor"] == 1.0
    axes = [settings[name] for name in (b"UpAxis", b"UpAxisSign", b"FrontAxis", b"FrontAxisSign", b"CoordAxis")]
    assert axes == ([2, 1, 1, -1, 0] if engine == "unreal" else [1, 1, 2, 1, 0])
    node = "Armature" if engine == "unreal" else "Hero"
    assert stacks == ["turning_walk"]
    assert np.allclose(nodes[node].get(b"Lcl Scaling", (1, 1, 1)), 1.0)
    if engine == "unreal":  # nothing is left to turn or scale when the node is dropped
        assert np.allclose(nodes[node].get(b"Lcl Rotation", (0, 0, 0)), 0.0, atol=1e-4)
    assert told["file"] == {"unity": "Hero@turning_walk.fbx"}.get(engine, "turning_walk.fbx")
    assert np.linalg.norm(nodes["Head"][b"Lcl Translation"]) > (50 if engine == "roblox" else 5)
    assert not [name for name in nodes if name.endswith("_end")]


def test_the_characters_file_has_its_mesh_and_one_file_has_all_clips(tmp_path):
    rig = character(mesh=True)
    first = rig.animation_data.action
    second = write_action.apply_motion(rig, turning()[:21], source_fps=20, start_frame=5, name="turning walk")
    clips = {"turning walk": first, "turning-walk": second}
    rows = export(rig, clips, EngineJob("unity", tmp_path / "a", "Hero"), lambda line: None)
    assert [row.what for row in rows] == ["done"] * 2
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == [
        "Hero.clips.json",
        "Hero.fbx",
        "Hero@turning_walk.fbx",
        "Hero@turning_walk_2.fbx",
    ]
    importing.open_file(tmp_path / "a" / "Hero.fbx")
    body = next(each for each in bpy.context.scene.objects if each.type == "MESH")
    corners = np.array([body.matrix_world @ vertex.co for vertex in body.data.vertices])
    assert np.allclose(sorted(set(corners[:, 2].round(3))), [0, 1], atol=2e-3)
    assert not bpy.data.actions or not any(len(action.name) for action in bpy.data.actions if "walk" in action.name)
    rig = character(mesh=True)
    first = rig.animation_data.action
    second = write_action.apply_motion(rig, turning()[:21], source_fps=20, start_frame=5, name="other")
    clips = {"turning walk": first, "other": second}
    export(rig, clips, EngineJob("godot", tmp_path / "b", "Hero", one_file=True), lambda line: None)
    assert sorted(path.name for path in (tmp_path / "b").iterdir()) == ["Hero.clips.json", "Hero.glb"]
    importing.open_file(tmp_path / "b" / "Hero.glb")
    lengths = {action.name.split("_")[0]: np.ptp(action.frame_range) for action in bpy.data.actions}
    assert sorted(lengths.values()) == [30, 60], lengths


def test_a_clip_that_ends_as_it_begins_is_marked_as_a_loop(tmp_path):
    new_scene(20)
    rig = mixamo("")
    write_action.apply_motion(rig, walking(41), start_frame=1, contact="off", name="walk")
    told = exported(rig, "godot", tmp_path)
    assert told["loop"] and told["name"] == "walk-loop" and told["file"] == "walk-loop.glb"
    assert told["ahead_metres"] == pytest.approx(0.15 * 4 * np.pi, rel=0.02)


def test_a_clip_that_is_said_to_be_a_loop_is_closed_where_it_is_not_quite(tmp_path):
    new_scene(20)
    rig = mixamo("")
    joints = walking(41)
    joints[-6:, :, 1] += 0.03  # what holding a foot may do to one end
    action = write_action.apply_motion(rig, joints, start_frame=1, contact="off", name="walk")
    assert not exported(rig, "godot", tmp_path / "a")["loop"]
    actions.mark_loop(action)
    told = exported(rig, "godot", tmp_path / "b")
    assert told["loop"] and told["file"] == "walk-loop.glb"
    first, *_, last = played(opened(tmp_path / "b" / "walk-loop.glb"), ["Hips", "LeftFoot", "Head"], told["frames"])
    assert np.ptp(last - first, axis=0).max() < 1e-4 and abs(last[0, 1] - first[0, 1]) < 1e-4


def test_what_comes_out_of_a_stand_and_goes_back_to_it_is_no_loop():
    along = np.linspace(0, 2 * np.pi, 61)
    poses = np.tile(np.eye(4), (61, 3, 1, 1))
    for lifts, loops in ((1 - np.cos(along), False), (np.sin(along), True), (0 * along, True)):
        poses[:, 1, 1, 3] = 0.2 * lifts
        assert root_motion.is_closed(poses) and root_motion.is_loop(poses) == loops


def test_in_place_the_root_stays_and_the_body_over_it(tmp_path):
    told = exported(character(), "godot", tmp_path, in_place=True)
    armature = opened(tmp_path / told["file"])
    places = played(armature, ["root", "Hips"], told["frames"])
    assert np.ptp(places[:, 0], axis=0).max() < 1e-4 and np.abs(places[:, 1][:, [0, 2]]).max() < 0.08
    assert told["ahead_metres"] == 0.0


def test_a_generated_control_rig_is_exported_as_the_bones_that_deform(tmp_path):
    new_scene(30)
    rig = metarig("generated")
    write_action.apply_motion(rig, turning(), source_fps=20, start_frame=1, contact="off", name="walk")
    frames = [1, 30, 61]
    wanted = evaluated_heads(rig, ["DEF-hand.L", "DEF-foot.R", "DEF-spine.004"], frames)
    told = exported(rig, "godot", tmp_path)
    armature = opened(tmp_path / told["file"])
    bones = armature.data.bones
    assert all(bone.name == "root" or bone.name.startswith("DEF-") for bone in bones)
    assert [bone.name for bone in bones if bone.parent is None] == ["root"]
    assert bones["DEF-forearm.L"].parent_recursive[-1].name == "root"
    assert "DEF-shoulder.L" in [above.name for above in bones["DEF-upper_arm.L"].parent_recursive]
    first = armature.animation_data.action.frame_range[0]
    found = evaluated_heads(armature, ["DEF-hand.L", "DEF-foot.R", "DEF-spine.004"], [f - 1 + first for f in frames])
    gap = np.linalg.norm(found[:, :, None] - found[:, None], axis=-1) - np.linalg.norm(
        wanted[:, :, None] - wanted[:, None], axis=-1
    )
    assert np.abs(gap).max() < 5e-3


def test_what_cannot_be_exported_is_told_with_the_remedy(tmp_path):
    rig = character()
    action = rig.animation_data.action
    cases = (
        ({"a": action}, EngineJob("quake", tmp_path, "Hero"), InputError, "unreal, unity"),
        ({"a": action}, EngineJob("unreal", tmp_path, "Hero", one_file=True), InputError, "--one-file"),
        ({}, EngineJob("unity", tmp_path, "Hero"), InputError, "Give it one"),
    )
    for clips, job, kind, remedy in cases:
        with pytest.raises(kind) as caught:
            export(rig, clips, job, lambda line: None)
        assert remedy in caught.value.hint
    (tmp_path / "file").write_text("")
    with pytest.raises(CoamdError, match="is not a folder"):
        export(rig, {"a": action}, EngineJob("unity", tmp_path / "file", "Hero"), lambda line: None)
    bpy.ops.object.mode_set(mode="EDIT")
    for name in [bone.name for bone in rig.data.edit_bones if "Hand" in bone.name]:
        rig.data.edit_bones.remove(rig.data.edit_bones[name])
    bpy.ops.object.mode_set(mode="OBJECT")
    with pytest.raises(RigError, match="LeftHand"):
        export(rig, {"a": action}, EngineJob("roblox", tmp_path, "Hero"), lambda line: None)
