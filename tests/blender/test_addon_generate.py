"""Prompt to keyframes through the operators, with a fake runtime."""

import time

import pytest

bpy = pytest.importorskip("bpy")


def settle(session, until, seconds=300.0):
    """Pump as Blender's timer would, until ``until()``."""
    end = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < end, f"still {session.status}"
        session.pump()
        time.sleep(0.005)


def ask(prompt="a person walks", seconds=2.0, variants=1, seed=7):
    """Fill in the panel."""
    settings = bpy.context.scene.coamd
    settings.prompt, settings.seconds, settings.variants = prompt, seconds, variants
    settings.random_seed, settings.seed = False, seed
    return settings


def begin():
    """Start the generation as the operator does, without waiting for it."""
    from coamd_blender.core import session
    from coamd_blender.generate import workflow

    session.current().start(workflow.generate(bpy.context), session.GENERATION)


def asked():
    """The request that the panel makes."""
    from coamd_blender.generate import workflow

    return next(workflow.generate(bpy.context)).request


def previewing():
    from coamd_blender.core import timer

    return timer.animated()


def key_frames(action):
    """All frames that have a key, over every curve of the Action, on old and new Blender."""
    curves = getattr(action, "fcurves", None)
    if curves is None:
        curves = [
            curve
            for layer in action.layers
            for strip in layer.strips
            for bag in strip.channelbags
            for curve in bag.fcurves
        ]
    return {point.co.x for curve in curves for point in curve.keyframe_points}


def pose(armature, frame):
    """Matrices of all pose bones at ``frame``, evaluated."""
    bpy.context.scene.frame_set(frame)
    evaluated = armature.evaluated_get(bpy.context.evaluated_depsgraph_get())
    return [[round(value, 5) for row in bone.matrix for value in row] for bone in evaluated.pose.bones]


def test_generate_writes_a_new_action_at_the_current_frame_and_scene_rate(rig):
    bpy.context.scene.render.fps, bpy.context.scene.render.fps_base = 30, 1.0
    bpy.context.scene.frame_set(41)
    ask(seconds=2.0)
    assert bpy.ops.coamd.generate() == {"FINISHED"}
    action = rig.animation_data.action
    frames = key_frames(action)
    assert action.name != "Before" and "Before" in bpy.data.actions
    assert min(frames) == 41
    assert max(frames) == 100
    assert pose(rig, 41) != pose(rig, 71), "the Action is assigned, but nothing moves: its slot is missing"


def test_guidance_is_asked_for_only_when_switched_on(rig):
    ask()
    settings = bpy.context.scene.coamd
    settings.recognizer_guidance, settings.guidance = 1.5, 4.0
    assert (asked().guidance, asked().cfg) == (None, None)
    settings.use_recognizer = settings.use_guidance = True
    assert (asked().guidance, asked().cfg) == (1.5, 4.0)


def test_previous_action_is_kept_and_undo_brings_it_back(rig):
    ask()
    bpy.ops.ed.undo_push(message="before")
    bpy.ops.coamd.generate()
    assert bpy.data.objects["Hero"].animation_data.action.name != "Before"
    assert bpy.data.actions["Before"].use_fake_user
    bpy.ops.ed.undo()
    assert bpy.data.objects["Hero"].animation_data.action.name == "Before"
    assert [action.name for action in bpy.data.actions] == ["Before"]
    assert len(bpy.context.scene.coamd.takes) == 0


def test_variants_are_one_undo_step_and_can_be_switched(rig):
    ask(variants=3)
    bpy.ops.ed.undo_push(message="before")
    bpy.ops.coamd.generate()
    settings = bpy.context.scene.coamd
    assert [take.seed for take in settings.takes] == [7, 8, 9]
    assert settings.take_index == 0 and rig.animation_data.action == settings.takes[0].action
    first = pose(rig, 12)
    bpy.ops.coamd.show_take(index=2)
    assert rig.animation_data.action == settings.takes[2].action
    assert pose(rig, 12) != first
    bpy.ops.coamd.remove_takes(which="OTHERS")
    assert [take.seed for take in settings.takes] == [9]
    assert rig.animation_data.action == settings.takes[0].action
    bpy.ops.coamd.remove_takes(which="CHOSEN")
    assert not settings.takes and [action.name for action in bpy.data.actions] == ["Before"]


def test_an_action_keyed_by_hand_survives_a_click_on_a_take_saving_and_reopening(rig, tmp_path):
    bpy.context.scene.coamd.prompt, bpy.context.scene.coamd.variants = "waves", 1
    bpy.ops.coamd.generate()
    mine = bpy.data.actions.new("By hand")
    rig.animation_data.action = mine
    rig.keyframe_insert("location", frame=7)
    bpy.ops.coamd.show_take(index=0)
    assert mine.use_fake_user and not bpy.context.scene.coamd.takes[0].action.use_fake_user
    path = str(tmp_path / "saved.blend")
    bpy.ops.wm.save_as_mainfile(filepath=path)
    bpy.ops.wm.open_mainfile(filepath=path)
    assert {"By hand", "Before"} < {action.name for action in bpy.data.actions}


def test_one_press_draws_four_and_the_one_that_fits_best_plays(rig, monkeypatch):
    from coamd_blender.generate import draws

    settings = ask()
    settings.property_unset("variants")
    request = asked()
    assert request.seeds == (7, 8, 9, 10) and request.ranked
    monkeypatch.setattr(draws, "best_first", lambda scores, count: [2, 0, 3, 1])
    bpy.ops.coamd.generate()
    assert [(take.seed, take.rank) for take in settings.takes] == [(9, 0), (7, 1), (10, 2), (8, 3)]
    assert rig.animation_data.action == settings.takes[0].action and settings.take_index == 0
    assert not any(take.action.use_fake_user for take in settings.takes), "the list of takes keeps them"
    told = [(take.action["coamd_prompt"], take.action["coamd_seed"]) for take in settings.takes]
    assert told == [("a person walks", seed) for seed in (9, 7, 10, 8)]


def test_the_highest_score_comes_first_and_without_scores_the_order_stays():
    from coamd_blender.generate import draws

    assert draws.best_first([0.1, 0.7, -0.2, 0.3], 4) == [1, 3, 0, 2]
    assert draws.best_first(None, 3) == [0, 1, 2]


def test_takes_made_at_once_stay_together_whatever_is_removed(rig):
    from coamd_blender.generate import takes

    settings = bpy.context.scene.coamd
    for prompt, count in (("walks", 3), ("walks", 1), ("walks", 2), ("runs", 2)):
        for rank in range(count):
            takes.add(settings, prompt, rank, bpy.data.actions.new("Take"), rig, rank)
    assert takes.draws(settings) == [[0, 1, 2], [3], [4, 5], [6, 7]]
    settings.takes.remove(0)
    assert takes.draws(settings) == [[0, 1], [2], [3, 4], [5, 6]]


def test_undo_of_several_variants_takes_one_step(rig):
    ask(variants=3)
    bpy.ops.ed.undo_push(message="before")
    bpy.ops.coamd.generate()
    bpy.ops.ed.undo()
    assert [action.name for action in bpy.data.actions] == ["Before"]


def test_cancel_in_mid_job_leaves_everything_as_it_was(rig):
    from coamd_blender.core import session

    ask("a slow walk")
    before = pose(rig, 10)
    current = session.current()
    begin()
    settle(current, lambda: current.status.fraction > 0.05)
    assert not bpy.ops.coamd.generate.poll() and bpy.ops.coamd.cancel.poll()
    job = current.doing(session.GENERATION).job
    bpy.ops.coamd.cancel()
    assert not current.running and not previewing()
    assert current.error is None and current.notice == "Cancelled"
    settle(current, lambda: not current.pump())
    assert job.ended and job.step < job.total == 60, "the runtime went on to the end"
    assert rig.animation_data.action.name == "Before" and len(bpy.data.actions) == 1
    assert pose(rig, 10) == before and not bpy.context.scene.coamd.takes
    ask("a walk")
    assert bpy.ops.coamd.generate() == {"FINISHED"}


def test_cancel_counts_even_when_the_result_has_arrived_unseen(rig):
    from coamd_blender.core import session

    ask()
    current = session.current()
    begin()
    settle(current, lambda: current.status.fraction > 0)
    time.sleep(0.5)
    bpy.ops.coamd.cancel()
    settle(current, lambda: not current.running)
    assert current.notice == "Cancelled" and [action.name for action in bpy.data.actions] == ["Before"]


def test_preview_is_shown_while_it_runs_and_writes_nothing(rig):
    from coamd_blender.core import session

    ask("a slow walk")
    current = session.current()
    blocks = len(bpy.data.objects), len(bpy.data.actions), len(bpy.data.meshes), len(bpy.data.curves)
    begin()
    settle(current, lambda: previewing())
    assert blocks == (len(bpy.data.objects), len(bpy.data.actions), len(bpy.data.meshes), len(bpy.data.curves))
    current.cancel()
    settle(current, lambda: not current.running)
    assert not previewing()


def test_runtime_that_dies_gives_one_clear_line_and_the_next_job_works(rig):
    ask("die in the middle")
    with pytest.raises(RuntimeError, match="runtime") as caught:
        bpy.ops.coamd.generate()
    assert len(str(caught.value).strip().splitlines()) == 1
    assert rig.animation_data.action.name == "Before"
    ask("a person walks")
    assert bpy.ops.coamd.generate() == {"FINISHED"}


def test_error_of_the_runtime_is_shown_as_it_is(rig):
    from coamd_blender.core import session

    ask("fail please")
    with pytest.raises(RuntimeError, match="This prompt cannot be made - Choose another one"):
        bpy.ops.coamd.generate()
    assert str(session.current().error) == "This prompt cannot be made - Choose another one"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"prompt": "  "}, "prompt is empty"),
        ({"seconds": 0.0}, "0 seconds is outside 0.5 to 600"),
        ({"seconds": 5000.0}, "5000 seconds is outside 0.5 to 600"),
        ({"variants": 0}, "draws 0 is not a whole number from 1 to 8"),
        ({"variants": 9}, "draws 9 is not a whole number from 1 to 8"),
        ({"variants": 2, "seed": 2**31 - 1}, "seed 2147483648 is not a whole number"),
    ],
)
def test_bad_settings_are_refused_in_one_line(rig, change, words):
    ask(**change)
    with pytest.raises(RuntimeError, match=words) as caught:
        bpy.ops.coamd.generate()
    assert len(str(caught.value).strip().splitlines()) == 1
    assert len(bpy.data.actions) == 1


@pytest.mark.parametrize("seconds, longer", [(0.5, 0.1), (9.8, 0.0)])
def test_shortest_and_longest_are_asked_for(rig, seconds, longer):
    """Blender's properties are single precision; 9.8 must not arrive as 9.80000019, which the runtime refuses. The
    model draws four frames at once, so that 0.5 s are cut from 0.6."""
    ask(seconds=seconds)
    assert asked().seconds == (seconds if not longer else pytest.approx(seconds + longer))
    assert bpy.ops.coamd.generate() == {"FINISHED"}


def test_armature_without_bones_and_no_armature_are_refused(addon):
    ask()
    with pytest.raises(RuntimeError, match="No armature is selected"):
        bpy.ops.coamd.generate()
    empty = bpy.data.objects.new("Empty", bpy.data.armatures.new("Empty"))
    bpy.context.collection.objects.link(empty)
    bpy.context.view_layer.objects.active = empty
    with pytest.raises(RuntimeError, match="no bones"):
        bpy.ops.coamd.generate()


def test_no_interpreter_is_said_with_its_remedy(rig, addon, tmp_path):
    ask()
    addon.source = "PYTHON"
    addon.python = str(tmp_path / "nowhere" / "python")
    with pytest.raises(RuntimeError, match=r"no Python interpreter at .*preferences"):
        bpy.ops.coamd.generate()
    addon.source = "INSTALLED"
    with pytest.raises(RuntimeError, match="not installed"):
        bpy.ops.coamd.generate()
    addon.source, addon.command = "COMMAND", str(tmp_path / "no-such-program")
    with pytest.raises(RuntimeError, match="no-such-program"):
        bpy.ops.coamd.generate()


def test_armature_deleted_meanwhile_is_said(rig):
    from coamd_blender.core import session

    ask()
    current = session.current()
    begin()
    bpy.data.objects.remove(rig)
    settle(current, lambda: not current.running)
    assert "Hero was deleted" in str(current.error)


def test_armature_deleted_between_two_pieces_of_writing_leaves_no_torn_action(rig, monkeypatch):
    from coamd_blender.anim import stepwise
    from coamd_blender.core import session

    monkeypatch.setattr(stepwise, "WRITE_KEYS", 1)
    ask()
    current = session.current()
    begin()
    settle(current, lambda: current.writing and len(bpy.data.actions) == 2)
    current.pump()
    assert rig.animation_data.action.name == "Before", "handed over before all keys are written"
    bpy.data.objects.remove(rig)
    settle(current, lambda: not current.running)
    assert "Hero was deleted" in str(current.error)
    assert [action.name for action in bpy.data.actions] == ["Before"]


def test_a_motion_asked_for_right_after_cancel_is_made(rig):
    from coamd_blender.core import session

    ask("a slow walk")
    current = session.current()
    begin()
    settle(current, lambda: current.status.fraction > 0.05)
    current.cancel()
    ask("a walk")
    begin()
    settle(current, lambda: not current.running)
    assert current.error is None and rig.animation_data.action.name.startswith("CoAMD a walk")


def test_motion_lands_on_the_armature_of_the_start_even_when_renamed_and_another_is_active(rig):
    from coamd_blender.core import session

    ask()
    current = session.current()
    begin()
    rig.name = "Renamed"
    other = bpy.data.objects.new("Other", None)
    bpy.context.collection.objects.link(other)
    bpy.context.view_layer.objects.active = other
    settle(current, lambda: not current.running)
    assert current.error is None and bpy.data.objects["Renamed"].animation_data.action.name != "Before"


def test_opening_another_file_stops_the_job(rig):
    from coamd_blender.core import session

    ask("a slow walk")
    current = session.current()
    begin()
    settle(current, lambda: current.status.fraction > 0.05)
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    assert not current.running and not previewing()
    for _ in range(50):
        current.pump()
        time.sleep(0.005)
    assert not bpy.data.actions


def test_prompts_are_remembered_once_newest_first(rig, addon):
    for prompt in ("a walk", "a jump", "a walk"):
        ask(prompt)
        bpy.ops.coamd.generate()
    assert [entry.name for entry in addon.recent] == ["a walk", "a jump"]


def test_added_character_can_be_animated(addon):
    bpy.context.scene.cursor.location = (1.0, 2.0, 0.0)
    assert bpy.ops.coamd.add_character() == {"FINISHED"}
    character = bpy.context.view_layer.objects.active
    assert character.type == "ARMATURE" and tuple(character.location) == (1.0, 2.0, 0.0)
    ask()
    assert bpy.ops.coamd.generate() == {"FINISHED"}
    assert pose(character, 1) != pose(character, 20)


def test_unloading_is_answered(rig):
    from coamd_blender.core import session

    ask()
    bpy.ops.coamd.generate()
    current = session.current()
    assert current.runtime == "Ready on cpu"
    bpy.ops.coamd.unload()
    settle(current, lambda: not current.loaded)
    assert current.alive


def test_test_button_reports_the_runtime(addon):
    from coamd_blender.setup import workflow as setup_workflow

    assert bpy.ops.coamd.test() == {"FINISHED"}
    assert "protocol 2" in setup_workflow.test().report


def test_install_is_refused_without_online_access(addon):
    assert not bpy.app.online_access
    assert not bpy.ops.coamd.install.poll()


def test_a_request_is_answered_once_and_its_failure_is_the_sessions_error(rig):
    from coamd_blender import errors
    from coamd_blender.core import session
    from coamd_blender.wire.requests import GenerateRequest

    current, answered = session.current(), []

    def question(prompt, refuse=False):
        answer = yield GenerateRequest.variants(prompt, 1.0, 3)
        if refuse:
            raise errors.InputError("Nothing fits", "Choose other words")
        answered.append(answer)
        return "Answered"

    current.start(question("a person walks"))
    assert current.asking and not current.running
    with pytest.raises(errors.InputError, match="An earlier request is being answered"):
        current.start(question("a person walks"))
    current.wait()
    assert [answer.arrays["joints"].shape for answer in answered] == [(1, 20, 22, 3)] and not current.asking
    assert current.notice == "Answered"

    current.start(question("fail"))
    assert current.notice == ""
    with pytest.raises(errors.CoamdError):
        current.wait()

    current.start(question("a person walks", refuse=True))
    with pytest.raises(errors.InputError, match="Nothing fits"):
        current.wait()

    with pytest.raises(errors.InputError, match="prompt is empty"):
        current.start(question(" "))
    assert not current.asking

    current.start(question("slow"))
    current.cancel()
    settle(current, lambda: not current.asking)
    assert len(answered) == 1
