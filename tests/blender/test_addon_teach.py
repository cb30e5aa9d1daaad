"""Teaching through the operators, with a process that stands in for the one that learns."""

import csv
import os
import sys
import time
from pathlib import Path

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

FAKE = Path(__file__).with_name("fake_teaching.py")


@pytest.fixture
def home(addon, tmp_path, monkeypatch):
    """A folder for styles, and the fake in place of the runtime's command."""
    from coamd_blender.setup import preferences
    from coamd_blender.teach import work

    monkeypatch.setattr(preferences, "user_folder", lambda: tmp_path)
    addon.source, addon.python = "PYTHON", sys.executable
    real = work.command
    monkeypatch.setattr(work, "command", lambda told: [sys.executable, str(FAKE), *words_of(real(told))])
    yield tmp_path / "styles"
    for told in work.states():
        if work.is_running(told.folder):
            work.pause(told)
            wait_for(lambda told=told: not work.is_running(told.folder))


def words_of(command):
    """What follows the verb."""
    return command[command.index("teach") + 1 :]


def wait_for(done, seconds=120.0):
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end
        time.sleep(0.01)


def phase(name):
    from coamd_blender.teach import work

    return work.named(name).phase


def add_walk(sentence="a person walks like our goblin", name="goblin"):
    assert bpy.ops.coamd.lesson_add(which="ACTIVE") == {"FINISHED"}
    settings = bpy.context.scene.coamd_teach
    settings.lessons[-1].sentence, settings.name, settings.licence = sentence, name, "mine"
    return settings


@pytest.fixture
def taught_walk(walker, home):
    """The walker's Action in the list, named."""
    add_walk()
    return home


def test_the_clips_lie_beside_their_sentences_as_the_runtime_reads_them(taught_walk, tmp_path):
    clip = tmp_path / "a clip [1].npz"
    np.savez(clip, joints=np.zeros((40, 22, 3), np.float32), fps=20)
    assert bpy.ops.coamd.lesson_add_file(filepath=str(clip)) == {"FINISHED"}
    bpy.context.scene.coamd_teach.lessons[1].sentence = "he bows, deeply"
    assert bpy.ops.coamd.teach(wait=True) == {"FINISHED"}
    folder = taught_walk / "goblin.teaching"
    assert sorted(path.name for path in (folder / "clips").iterdir()) == ["00_Walk.npz", "01_a_clip_1.npz"]
    with np.load(folder / "clips" / "00_Walk.npz") as read:
        joints = read["joints"]
        assert read["fps"] == 20 and joints.dtype == np.float32 and joints.shape[1:] == (22, 3)
        assert len(joints) == pytest.approx(59 / 24 * 20, abs=1.5) and np.ptp(joints[:, 0, 2]) > 0.5, "it walks"
    with (folder / "words.csv").open(encoding="utf-8", newline="") as file:
        assert list(csv.reader(file))[1:] == [
            ["00_Walk.npz", "a person walks like our goblin"],
            ["01_a_clip_1.npz", "he bows, deeply"],
        ]
    wait_for(lambda: phase("goblin") == "TAUGHT")
    assert (taught_walk / "goblin.safetensors").is_file()


def test_paused_it_is_found_by_another_blender_and_goes_on_where_it_was(walker, home):
    from coamd_blender.teach import work

    add_walk(name="slow")
    assert bpy.ops.coamd.teach(wait=True) == {"FINISHED"}
    wait_for(lambda: work.named("slow").fraction > 0.7)
    told = work.named("slow")
    assert told.phase == "TEACHING" and told.text == "Step 150 of 200, 3 min left"
    assert told.notes == ("held out, to see what is learnt: 00_Walk.npz",)
    with pytest.raises(RuntimeError, match="being taught - Pause it first"):
        bpy.ops.coamd.teach_remove(name="slow")
    with pytest.raises(RuntimeError, match="being taught already"):
        bpy.ops.coamd.teach_resume(name="slow")
    process = work._processes.pop(told.folder)  # as in a Blender that did not start it
    assert phase("slow") == "TEACHING"
    assert bpy.ops.coamd.teach_pause(name="slow") == {"FINISHED"}
    assert process.wait(60) == 0, "it ended by itself"
    assert work.named("slow").text == "Paused at step 150 of 200" and phase("slow") == "PAUSED"
    with pytest.raises(RuntimeError, match="is not being taught"):
        bpy.ops.coamd.teach_pause(name="slow")
    assert bpy.ops.coamd.teach_resume(name="slow") == {"FINISHED"}
    wait_for(lambda: "resumed at step 150" in work.named("slow").notes)
    assert phase("slow") == "TEACHING"


def test_a_process_that_is_gone_is_not_taken_for_another_of_its_number(walker, home):
    from coamd_blender.teach import work

    add_walk(name="slow")
    bpy.ops.coamd.teach(wait=True)
    wait_for(lambda: work.named("slow").fraction > 0.7)
    told = work.named("slow")
    work._processes.pop(told.folder).kill()
    wait_for(lambda: not work.is_running(told.folder))
    (told.folder / "process").write_text(str(os.getpid()))
    assert phase("slow") == "PAUSED"
    with pytest.raises(RuntimeError, match="is not being taught"):
        bpy.ops.coamd.teach_pause(name="slow")


def test_what_cannot_be_taught_is_told_and_a_failure_stays_in_the_panel(walker, home):
    from coamd_blender.teach import lessons, work

    settings = bpy.context.scene.coamd_teach
    with pytest.raises(RuntimeError, match="The style has no name"):
        bpy.ops.coamd.teach(wait=True)
    settings.name = "goblin"
    with pytest.raises(RuntimeError, match="nothing to teach"):
        bpy.ops.coamd.teach(wait=True)
    add_walk(sentence="", name="bad")
    told = lessons.advice(settings)
    assert "1 without a sentence" in told[0] and "takes will be much alike" in told[1] and len(told) == 2
    settings.kind = "MANNER"
    assert len(lessons.advice(settings)) == 2, "shown alone"
    settings.steps = 100
    assert "None is held out" in lessons.advice(settings)[2]
    settings.steps = 0
    with pytest.raises(RuntimeError, match="Walk has no sentence"):
        bpy.ops.coamd.teach(wait=True)
    with pytest.raises(RuntimeError, match=r"not a clip that can be taught - Choose \.bvh"):
        bpy.ops.coamd.lesson_add_file(filepath="/x/hero.fbx")
    settings.lessons[0].sentence = "a person walks"
    bpy.ops.coamd.teach(wait=True)
    wait_for(lambda: phase("bad") == "FAILED")
    assert work.named("bad").text == "There is no clip to teach - Give clips of a person"
    with pytest.raises(RuntimeError, match="a style 'bad' already"):
        bpy.ops.coamd.teach(wait=True)
    assert bpy.ops.coamd.teach_remove(name="bad") == {"FINISHED"}
    assert work.states() == [] and list(home.iterdir()) == []


def test_a_manner_alone_is_trained_and_for_as_long_as_it_is_told_also_after_a_pause(walker, home):
    from coamd_blender.teach import work

    for kind, steps, name, trained in (("ACTION", 90, "jig", 0), ("MANNER", 0, "elf", 0), ("MANNER", 90, "goblin", 90)):
        settings = add_walk(name=name)
        settings.kind, settings.steps = kind, steps
        bpy.ops.coamd.teach(wait=True)
        words = work.command(work.named(name))
        assert words[words.index("--steps") + 1] == str(trained) and words[words.index("--kind") + 1] == kind.lower()
    (work.named("jig").folder / "job.json").write_text('{"name": "jig", "licence": ""}')  # of an earlier version
    assert work.named("jig").kind == "MANNER" and work.named("jig").steps == 600


def test_clips_that_do_not_go_together_are_told_when_it_is_taught_too(walker, home):
    from coamd_blender.teach import work

    add_walk()
    bpy.ops.coamd.teach(wait=True)
    wait_for(lambda: phase("goblin") == "TAUGHT")
    line = "a.bvh and b.bvh are unlike, and one sentence tells both: give them a sentence each"
    with (work.named("goblin").folder / "log.txt").open("a") as log:
        log.write(f"{line}\n")
    assert line in work.named("goblin").notes and work.is_warning(line)


def test_a_clip_too_short_leaves_nothing_behind(walker, home):
    import rigs

    from coamd_blender.anim import write_action

    write_action.apply_motion(walker[0], rigs.walking(10), source_fps=20, start_frame=1, name="Blink")
    add_walk()
    with pytest.raises(RuntimeError, match=r"Blink lasts 0\.\d s - Teach clips of 0.8 s on"):
        bpy.ops.coamd.teach(wait=True)
    assert list(home.iterdir()) == []


def test_a_command_of_the_users_own_cannot_teach(walker, home, addon):
    add_walk()
    addon.source = "COMMAND"
    with pytest.raises(RuntimeError, match=r"Teaching needs the runtime on this machine.* - Install the runtime"):
        bpy.ops.coamd.teach(wait=True)


def test_styles_go_into_the_request_with_their_strengths_and_off_is_off(taught_walk):
    from coamd_blender.generate import styles, workflow

    bpy.ops.coamd.teach(wait=True)
    wait_for(lambda: phase("goblin") == "TAUGHT")
    scene = bpy.context.scene
    scene.coamd.prompt = "a person walks"

    def asked():
        return next(workflow.generate(bpy.context)).request

    assert asked().styles == () and styles.told(scene.coamd) == ""
    assert bpy.ops.coamd.style_add(name="goblin") == {"FINISHED"}
    scene.coamd.styles[0].strength = 0.5
    assert asked().styles == ((str(taught_walk / "goblin.safetensors"), 0.5),)
    assert styles.told(scene.coamd) == "goblin 0.50"
    scene.coamd.styles[0].on = False
    assert asked().styles == ()
    bpy.ops.coamd.style_add(name="goblin")
    assert len(scene.coamd.styles) == 1 and asked().styles
    bpy.ops.coamd.style_remove(name="goblin")
    assert asked().styles == ()
    with pytest.raises(RuntimeError, match="no style 'orc' - Teach it first"):
        bpy.ops.coamd.style_add(name="orc")


def test_a_take_tells_its_styles_and_a_preview_wears_the_style_so_far(rig, addon, home):
    from coamd_blender.teach import work

    for frame in range(1, 40):
        rig.location.x = frame / 10
        rig.keyframe_insert("location", frame=frame)
    add_walk(name="slow")
    bpy.ops.coamd.teach(wait=True)
    wait_for(lambda: work.named("slow").fraction > 0.7)
    addon.source, addon.command = "COMMAND", f'"{sys.executable}" "{Path(__file__).with_name("fake_runtime.py")}"'
    settings = bpy.context.scene.coamd
    settings.variants = 1
    assert bpy.ops.coamd.teach_preview(name="slow", wait=True) == {"FINISHED"}
    assert settings.prompt == "a person walks like our goblin" and settings.takes[-1].styles == "slow 1.00"
    assert Path(settings.styles["slow"].path) == home / "slow.teaching" / "so_far.safetensors"


def test_sentences_are_proposed_where_there_are_none():
    from coamd_blender.teach.workflow import sentence_of

    assert sentence_of("Victory_Dance.001", "unknown") == "a person does the victory dance 001"
    assert sentence_of("Take", "walking slowly") == "a person is walking slowly"


def test_a_file_that_is_no_style_is_left_out(home, addon):
    from coamd_blender.errors import WeightsError
    from coamd_blender.teach import styles

    for number, data in enumerate((b"", b"x" * 40, (1 << 40).to_bytes(8, "little"), b"\x02" + b"\0" * 7 + b"{}")):
        path = styles.folder() / f"{number}.safetensors"
        path.write_bytes(data)
        with pytest.raises(WeightsError, match="is not a style - Teach it again"):
            styles.read(path)
    assert styles.found() == []
