"""What is said of a length is what is written: so many seconds are so many frames, whatever the frame rate."""

import numpy as np
import pytest
from test_addon_edit import asked
from test_addon_generate import ask, key_frames

bpy = pytest.importorskip("bpy")

import rigs  # noqa: E402

RATES = (24, 25, 30, 60)


def at_rate(fps, first=1, **changes):
    """The panel filled in for one draw of 3 s from frame ``first`` on, in a scene of ``fps`` frames a second."""
    scene = bpy.context.scene
    scene.render.fps, scene.render.fps_base = fps, 1.0
    scene.frame_set(first)
    settings = ask(seconds=3.0)
    for name, value in changes.items():
        setattr(settings, name, value)
    return settings


def ends(action):
    """First and last frame with a key."""
    frames = key_frames(action)
    return min(frames), max(frames)


def heads(armature, frame):
    """Heads (bones, 3) of the pose bones at ``frame``, in the armature's space."""
    bpy.context.scene.frame_set(frame)
    return np.array([bone.head for bone in armature.pose.bones])


@pytest.mark.parametrize("fps", RATES)
@pytest.mark.parametrize("first", [1, 41])
def test_seconds_are_the_frames_that_the_panel_and_the_block_say(rig, fps, first):
    from test_addon_panels import drawn

    from coamd_blender.blocks import record

    at_rate(fps, first)
    last = first + 3 * fps - 1
    assert f"Frames {first} to {last}" in drawn("COAMD_PT_main")
    assert bpy.ops.coamd.generate() == {"FINISHED"}
    action = rig.animation_data.action
    assert ends(action) == (first, last)
    (block,) = record.made_of(action)
    assert (block.start, block.end) == (first, last)


@pytest.mark.parametrize("fps", RATES)
@pytest.mark.parametrize("seconds", [0.5, 1.37, 9.8, 12.0])
def test_odd_and_long_seconds_are_too(walker, fps, seconds):
    at_rate(fps, seconds=seconds, begin="FRESH")
    assert bpy.ops.coamd.generate() == {"FINISHED"}
    assert ends(walker[0].animation_data.action) == (1, round(seconds * fps))


@pytest.mark.parametrize("fps", RATES)
def test_seconds_and_as_many_frames_are_the_same_motion(rig, fps):
    from coamd_blender.generate import workflow

    at_rate(fps)
    in_seconds = next(workflow.generate(bpy.context)).request
    at_rate(fps, length_in="FRAMES", frames=3 * fps)
    assert next(workflow.generate(bpy.context)).request == in_seconds


@pytest.mark.parametrize("fps", RATES)
def test_the_longest_of_the_window_is_asked_of_the_window(rig, fps):
    from coamd_blender.generate import workflow

    at_rate(fps, seconds=9.8)
    assert next(workflow.generate(bpy.context)).request.seconds == 9.8


@pytest.mark.parametrize("fps", RATES)
def test_a_motion_that_goes_on_lasts_its_seconds(walker, fps):
    armature, _ = walker
    at_rate(fps, 60)
    assert bpy.ops.coamd.generate() == {"FINISHED"}
    assert ends(armature.animation_data.action) == (1, 60 + 3 * fps)


@pytest.mark.parametrize("fps", RATES)
def test_each_of_several_characters_moves_for_the_seconds(addon, fps):
    from coamd_blender.blocks import record

    pair = [rigs.mixamo(), rigs.mixamo()]
    for armature in pair:
        armature.select_set(True)
    at_rate(fps)
    assert bpy.ops.coamd.generate_all() == {"FINISHED"}
    for armature in pair:
        assert ends(armature.animation_data.action) == (1, 3 * fps)
        (block,) = record.made_of(armature.animation_data.action)
        assert (block.start, block.end) == (1, 3 * fps)


@pytest.mark.parametrize("fps", RATES)
def test_a_loop_lasts_its_seconds_and_ends_in_the_pose_it_began_with(walker, monkeypatch, fps):
    from coamd_blender.core.workflow import Ask
    from coamd_blender.generate import draws

    def closed(request_of):
        """The stand-in closes no loop: the frames that it is asked to make anew end in the first."""

        def finished(wished, seed, joints, rate, placement):
            task = request_of(wished, seed, joints, rate, placement)
            request = next(task)
            assert not isinstance(request, Ask)
            made = request.joints.copy()
            (part,) = request.ranges
            made[part.stop] = made[0]
            answer = yield request
            answer.arrays["joints"] = made
            try:
                task.send(answer)
            except StopIteration as done:
                return done.value

        return finished

    armature, _ = walker
    armature.animation_data.action = None
    monkeypatch.setattr(draws, "_finished", closed(draws._finished))
    at_rate(fps, loop=True, in_place=True)
    assert bpy.ops.coamd.generate() == {"FINISHED"}
    assert ends(armature.animation_data.action) == (1, 3 * fps)
    assert heads(armature, 3 * fps) == pytest.approx(heads(armature, 1), abs=1e-4)
    assert [request["task"] for request in asked()] == ["generate", "edit"]


@pytest.mark.parametrize("fps", RATES)
@pytest.mark.parametrize("loop", ["none", "keep"])
@pytest.mark.parametrize("blocks", [("a person walks",), ("a person walks", "a person waves")])
def test_blocks_of_a_track_are_made_to_the_frame(walker, fps, loop, blocks):
    armature, _ = walker
    armature.animation_data.action = None
    at_rate(fps)
    for prompt in blocks:
        assert bpy.ops.coamd.block_add(prompt=prompt, frames=3 * fps) == {"FINISHED"}
    armature.coamd_track.loop = loop
    assert bpy.ops.coamd.generate_track() == {"FINISHED"}
    assert ends(armature.animation_data.action) == (1, 3 * fps * len(blocks))
