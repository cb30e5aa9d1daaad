"""The prompts, the run over them with a generator of known behaviour, and the caption-free zone around the tests."""

import ast
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import synthetic_motions as s

from coamd_blender.errors import DataError, InputError
from runtime.captions.phrases import table
from runtime.compose.compose import HELD_OUT_PAIRS
from runtime.evaluate import obedience
from runtime.evaluate.obedience import Prompt, judge_folder, load_prompts, run, tally
from runtime.evaluate.vocabulary import TESTS as VOCABULARY
from runtime.grammar.inflection import draw_voice, sentence

ROOT = Path(__file__).resolve().parents[2]
# Where captions and training items come from.
MADE = ("runtime.captions", "runtime.compose", "runtime.data")
# Names of the tests, and the actions of runtime/data/compose.py they stand for.
ACTIONS = {
    "walk": {"walk"},
    "run": {"run"},
    "walk_backwards": {"backwards"},
    "turn": {"turn"},
    "wave": {"wave"},
    "jump": {"jump"},
    "kick": {"kick"},
    "punch": {"punch"},
    "bow": {"bow"},
    "low": {"sit", "crouch"},
    "on_floor": {"lie"},
    "dance": {"dance"},
    "stand_still": {"stand"},
}


class Actor:
    """A stand-in generator: walks when asked to walk, stands for everything else; counts its batches."""

    def __init__(self):
        self.batches = 0

    def generate(self, prompts, frames, seeds, cfg=None, on_step=None):
        self.batches += 1
        walk = s.travelling(s.stepping(frames / 20, 0.9, 0.3), 1.2)
        stand = s.standing(frames / 20)
        return np.stack([walk if "walk" in prompt else stand for prompt in prompts]).astype(np.float32)


def words(text):
    return "".join(letter for letter in text.lower() if letter.isalnum() or letter == " ").split()


def strings(value):
    if isinstance(value, str):
        return [value]
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    return [text for child in children for text in strings(child)]


def test_there_are_enough_prompts_of_every_kind_and_none_twice():
    prompts = load_prompts()
    families = {prompt.family for prompt in prompts}
    assert len(prompts) >= 30
    assert families >= {"walk", "run", "walk_backwards", "turn_left", "turn_right", "left_hand", "right_hand", "jump"}
    assert families >= {"kick", "punch", "wave", "bow", "sit_crouch", "lie_crawl", "dance", "stand_still"}
    assert families >= {"fast", "slow", "two_actions", "unseen_pairs"}
    assert len({prompt.text for prompt in prompts}) == len(prompts)
    assert all(prompt.frames % 4 == 0 for prompt in prompts)


def test_the_prompts_in_other_words_ask_for_the_same_families():
    prompts = load_prompts(obedience.OTHER_WORDS)
    assert {prompt.family for prompt in prompts} == {prompt.family for prompt in load_prompts()}
    assert not {prompt.text for prompt in prompts} & {prompt.text for prompt in load_prompts()}
    assert len({prompt.text for prompt in prompts}) == len(prompts) == 60


def test_unseen_pairs_are_those_that_training_holds_out_and_no_others():
    for prompt in load_prompts():
        if len(prompt.tests) == 2:
            first, second = (ACTIONS[test["is"]] for test in prompt.tests)
            held_out = any((one, other) in HELD_OUT_PAIRS for one in first for other in second)
            assert held_out == (prompt.family == "unseen_pairs"), prompt.text
    pairs = {
        (one, other)
        for prompt in load_prompts()
        if prompt.family == "unseen_pairs"
        for one in ACTIONS[prompt.tests[0]["is"]]
        for other in ACTIONS[prompt.tests[1]["is"]]
    }
    assert set(HELD_OUT_PAIRS) <= pairs


def test_no_prompt_is_a_sentence_the_captions_can_say():
    both = [*load_prompts(), *load_prompts(obedience.OTHER_WORDS)]
    prompts = {" ".join(words(prompt.text)) for prompt in both}
    voices = {draw_voice(np.random.default_rng(seed)) for seed in range(2000)}
    for phrase in filter(str.strip, set(strings(table()))):
        spoken = {" ".join(words(sentence(phrase, *voice))) for voice in voices}
        assert not prompts & (spoken | {" ".join(words(phrase))}), phrase


def test_hardly_a_prompt_of_the_vocabulary_is_a_sentence_the_captions_can_say():
    # Whoever wrote them had seen no caption; plain sentences ("a man does jumping jacks") meet captions by chance.
    prompts = [" ".join(words(prompt.text)) for prompt in load_prompts(obedience.VOCABULARY)]
    voices = {draw_voice(np.random.default_rng(seed)) for seed in range(2000)}
    phrases = {phrase for phrase in strings(table()) if phrase.strip()}
    said = {" ".join(words(sentence(phrase, *voice))) for phrase in phrases for voice in voices} & set(prompts)
    assert len(said) <= 0.03 * len(prompts), said


def test_the_vocabulary_asks_each_of_71_families_four_times_and_ten_of_them_are_never_authored():
    prompts = load_prompts(obedience.VOCABULARY)
    asked = Counter(prompt.family for prompt in prompts)
    assert set(asked) == set(VOCABULARY) and set(asked.values()) == {4}
    assert all(prompt.tests[0]["is"] == prompt.family for prompt in prompts)
    assert all(isinstance(prompt.obeyed(s.standing(2)), bool) for prompt in prompts)
    apart = {prompt.family for prompt in prompts if prompt.group == "never authored"}
    assert len(apart) == 10 and sum(prompt.group == "never authored" for prompt in prompts) == 40
    (group,) = tally(prompts, [[prompt.family in apart] for prompt in prompts])["groups"]
    assert group == {"group": "never authored", "families": 10, "mean": 1.0}


def imports(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""
            yield from (f"{node.module}.{name.name}" for name in node.names)


def test_captions_and_tests_share_no_function():
    room = ROOT / "runtime" / "evaluate"
    for path in (room / "geometry.py", room / "obedience_tests.py", *room.joinpath("vocabulary").glob("*.py")):
        assert not [module for module in imports(path) if module.startswith(MADE)], path.name
    for room in MADE:
        for path in ROOT.joinpath(*room.split(".")).glob("*.py"):
            assert not [module for module in imports(path) if "evaluate" in module], path.name


def test_run_counts_what_the_generator_obeys_and_generates_once(tmp_path):
    prompts = [
        Prompt("walk", "walk ahead", 80, ({"is": "walk"},)),
        Prompt("stand", "stand there", 60, ({"is": "stand_still"},)),
        Prompt("kick", "kick", 60, ({"is": "kick"},)),
    ]
    actor = Actor()
    result = run(actor, "d" * 64, tmp_path, seeds=3, prompts=prompts)
    shares = {row["family"]: row["share"] for row in result["families"]}
    assert shares == {"walk": 1.0, "stand": 1.0, "kick": 0.0}
    assert (result["overall"]["passed"], result["overall"]["total"]) == (6, 9)
    assert actor.batches == 2  # one batch a length
    again = run(actor, "d" * 64, tmp_path, seeds=3, prompts=prompts)
    assert again == result and actor.batches == 2
    run(actor, "e" * 64, tmp_path, seeds=3, prompts=prompts)
    assert actor.batches == 4  # other weights
    assert "6 / 9" in obedience.table(result)


def test_clips_in_a_folder_are_judged_by_their_line(tmp_path):
    prompts = [Prompt("walk", "w", 60, ({"is": "walk"},)), Prompt("stand", "s", 60, ({"is": "stand_still"},))]
    stand, walk = s.standing(3), s.travelling(s.stepping(3, 0.9, 0.3), 1.2)
    for line, copy, joints in ((0, 0, walk), (0, 1, stand), (1, 0, stand), (7, 0, stand)):
        np.savez(tmp_path / f"clip_{line:03}_{copy:03}.npz", joints=joints, fps=20)
    result = judge_folder(tmp_path, prompts)
    assert [(row["passed"], row["total"]) for row in result["prompts"]] == [(1, 2), (1, 1)]
    with pytest.raises(DataError, match="STEM_LLL_KKK"):
        judge_folder(tmp_path / "nowhere", prompts)


def test_bad_prompts_are_refused():
    with pytest.raises(InputError, match="known test"):
        Prompt("x", "x", 60, ({"is": "somersault"},))
    with pytest.raises(InputError, match="judged"):
        Prompt("x", "x", 400, ({"is": "walk"},))


def test_a_prompt_without_clips_has_no_share():
    result = tally([Prompt("walk", "w", 60, ({"is": "walk"},))], [[]])
    assert result["overall"]["share"] is None and "-" in obedience.table(result)


def test_families_count_alike_in_the_mean_and_groups_have_rows_of_their_own():
    walk, stand = ({"is": "walk"},), ({"is": "stand_still"},)
    prompts = [
        Prompt("walk", "w", 60, walk),
        Prompt("walk", "w2", 60, walk, "moving"),
        Prompt("stand", "s", 60, stand),
        Prompt("wait", "q", 60, stand, "quiet"),
    ]
    result = tally(prompts, [[True], [True], [False], [True]])
    assert result["overall"]["share"] == 0.75 and result["mean"] == pytest.approx(2 / 3)
    assert result["groups"] == [
        {"group": "moving", "families": 1, "mean": 1.0},
        {"group": "quiet", "families": 1, "mean": 1.0},
    ]
    assert "mean over families" in obedience.table(result) and "1 families: quiet" in obedience.table(result)


class Eye:
    """A stand-in recogniser that finds the motions nearest to every text whose pelvis stands the highest at the end."""

    def motions(self, motions):
        heights = np.array([motion[-1, 0, 1] for motion in motions])
        return np.stack([heights, np.ones(len(motions))], axis=1)

    def names(self, texts):
        return np.tile([1.0, 0.0], (len(texts), 1))


def test_the_best_of_the_draws_is_chosen_within_each_lot_of_seeds():
    told = ["a", "b"]
    heights = [0.1, 0.3, 0.2, 0.0, 0.5, 0.1, 0.2, 0.4]
    motions = [s.standing(1) + np.array([0.0, height, 0.0]) for height in heights]
    assert obedience.best_draws(told, motions, 4, 2, Eye()) == [[1, 2], [0, 3]]
    assert obedience.best_draws(told, motions, 4, 4, Eye()) == [[1], [0]]
    with pytest.raises(InputError, match="best of 3"):
        obedience.best_draws(told, motions, 4, 3, Eye())


def test_the_best_draws_are_judged_beside_all_of_them(tmp_path):
    class Sometimes:
        """Stands still with seed 1, a little higher, and walks with every other."""

        def understood(self, prompt, frames):
            return prompt

        def generate(self, prompts, frames, seeds, cfg=None):
            walk = s.travelling(s.stepping(frames / 20, 0.9, 0.3), 1.2)
            return np.stack([s.standing(frames / 20) + np.array([0, 0.05, 0]) if seed == 1 else walk for seed in seeds])

    prompts = [Prompt("stand", "stand there", 60, ({"is": "stand_still"},))]
    result = run(Sometimes(), "d" * 64, tmp_path, 4, prompts, best_of=4, understanding=Eye)
    assert (result["overall"]["passed"], result["overall"]["total"]) == (1, 4)
    assert result["best"]["of"] == 4 and result["best"]["overall"] == {
        "family": "all",
        "passed": 1,
        "total": 1,
        "share": 1.0,
    }
    assert "the best of 4" in obedience.table(result) and "25 % 100 %" in obedience.table(result)


def test_a_file_of_prompts_that_is_not_there_is_told(tmp_path):
    with pytest.raises(InputError, match="is not there"):
        load_prompts(tmp_path / "none.toml")
