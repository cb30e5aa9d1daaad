"""Which example a clause is shown, how much of it, and that the rest is drawn around it."""

from dataclasses import replace

import pytest
import torch

from coamd_blender.errors import WeightsError
from runtime.generate import examples as examples_module
from runtime.generate.asked import lies_at_the_end, misfit, told_by
from runtime.generate.examples import FILE, Examples, ExamplesConfig, Likeliest, laid_into, vectors_of
from runtime.model.sampling import Known
from runtime.model.text_encoder import TextFeatures

WORDS = ("salutes", "bowls", "walks", "vaults")
ACTIONS = ("salute", "bowling")  # the third class, walking, has no example
OWNER = (0, 0, 0, 1, 1, 1)
TOLD = ("left", "right", "right  quickly", "once", "twice", "three times")
LENGTHS = (6, 8, 8, 5, 12, 30)


def vectors(texts):
    """One axis a known word, so that sentences without a word in common are at right angles."""
    rows = torch.tensor([[float(word in text) for word in WORDS] for text in texts])
    return torch.nn.functional.normalize(rows, dim=-1)


CAPTIONS = ("a person salutes", "", "a person walks {speed}")
SIDED = ("a person salutes with the {side} hand", "", "")


KNOWN = (2, 1, 1)  # sentences of each class
BEGINS = (0, 0, 0, 0, 0, 4)


def learnt(made_for="coder", **changed):
    settings = {"actions": ACTIONS, "owner": OWNER, "told": TOLD, "lengths": LENGTHS, "captions": CAPTIONS}
    settings |= {"sided": SIDED, "known": KNOWN, "begins": BEGINS} | changed
    lengths = settings["lengths"]
    numbers = torch.repeat_interleave(torch.arange(len(lengths)), torch.tensor(lengths)).float()
    places = torch.cat([torch.arange(length) for length in lengths]).float()
    classes = torch.eye(len(WORDS))[:3]
    tensors = {
        "weight": 10 * classes,
        "bias": torch.zeros(3),
        "phrases": torch.eye(2, len(WORDS) // 2),
        "tokens": torch.stack([numbers, places], dim=1),
        "basis": torch.eye(len(WORDS)),
        "sentences": classes[[0, 0, 1, 2]],
    }
    return Examples(ExamplesConfig(made_for=made_for, **settings), tensors)


def number_of(clause, count=10, seed=0, examples=None):
    found = (examples or learnt()).of(clause, vectors([clause])[0], count, seed)
    return None if found is None else int(found[0, 0])


def test_an_action_is_shown_an_example_of_its_own():
    assert number_of("he salutes") in (0, 1, 2) and number_of("she bowls") in (3, 4, 5)


def test_the_side_that_is_asked_for_decides():
    assert {number_of("salutes, the left hand up", seed=seed) for seed in range(6)} == {0}
    assert {number_of("salutes, the right hand up", seed=seed) for seed in range(6)} == {1, 2}


@pytest.mark.parametrize(("asked", "number"), [("once", 3), ("twice", 4), ("three times", 5), ("5 times", 5)])
def test_the_count_that_is_asked_for_decides_or_the_nearest_to_it(asked, number):
    assert {number_of(f"bowls {asked}", seed=seed) for seed in range(6)} == {number}


def test_the_speed_that_is_asked_for_decides_where_one_has_it():
    assert number_of("quickly salutes with the right hand") == 2
    assert number_of("slowly salutes with the left hand") == 0


@pytest.mark.parametrize(
    ("sentence", "sides", "speeds"),
    [
        ("spins clockwise", {"right"}, set()),
        ("turns anti-clockwise", {"left"}, set()),
        ("circles counterclockwise", {"left"}, set()),
        ("ambles along", set(), {"slow"}),
        ("rushes off to the left", {"left"}, {"fast"}),
        ("walks unhurriedly", set(), {"slow"}),
        ("uprights the bottle with both hands", {"both"}, set()),
        ("holds it right there with the left hand", {"left"}, set()),
        ("squats right down", set(), set()),
    ],
)
def test_sides_and_speeds_have_other_words(sentence, sides, speeds):
    assert told_by(sentence).sides == sides and told_by(sentence).speeds == speeds


def test_two_hands_are_no_count():
    assert told_by("bowls with two hands")[2] == frozenset() and told_by("two bowls")[2] == {"2"}


def test_actions_are_called_by_their_names():
    names, found = learnt().called()
    assert names == list(ACTIONS) and torch.allclose(found, torch.eye(2))


def test_a_clause_is_named_by_its_caption_or_by_the_action_that_is_shown_or_stays():
    def named(clause):
        return learnt().named(clause, vectors([clause])[0])

    assert named("a man walks") == "a person walks"
    assert named("three times she bowls") == "bowling"
    assert named("she vaults") == "she vaults"


def test_what_is_done_from_words_alone_is_shown_nothing():
    assert number_of("a man walks") is None


def test_what_is_near_to_nothing_is_shown_nothing():
    assert number_of("she vaults") is None


def test_an_action_that_is_not_sure_is_shown_nothing():
    assert number_of("he salutes, bowls or walks") is None


def test_the_nearest_sentences_count_beside_the_linear_classifier():
    examples = learnt()
    examples.tensors["weight"] = examples.tensors["weight"] * 0.0
    assert number_of("she bowls", examples=examples) in (3, 4, 5)
    examples = learnt()  # the one before remembers what it found
    examples.tensors["weight"] = examples.tensors["weight"] * 0.0
    examples.tensors["sentences"] = torch.eye(len(WORDS))[[3, 3, 3, 2]]  # nothing of what is known is like it
    assert number_of("she bowls", examples=examples) is None


def test_of_an_example_that_is_too_long_the_standing_before_it_is_left_out_first():
    found = learnt().of("bowls five times", vectors(["bowls"])[0], 10, 0)
    assert found[:, 0].unique().tolist() == [5] and found[:, 1].tolist() == list(range(4, 14))
    assert learnt().of("bowls five times", vectors(["bowls"])[0], 28, 0)[0, 1] == 2


def test_what_is_done_on_the_way_somewhere_is_shown_nothing():
    assert number_of("salutes while she walks") is None


def test_what_is_done_in_another_way_is_shown_its_example():
    assert number_of("salutes while she smiles") == number_of("salutes")
    assert number_of("salutes and turns while standing") == number_of("salutes"), "it stays where it is"


def test_what_misleads_most_counts_first():
    left, right, twice, fast = map(told_by, ("left", "right", "twice", "fast"))
    nothing = told_by("")
    assert misfit(left, left) == misfit(nothing, left) == misfit(left, nothing) == (0, 0, 0)
    assert misfit(left, right) > misfit(twice, told_by("five times")) > misfit(fast, nothing) > (0, 0, 0)


def test_the_leg_that_is_stood_on_is_told_apart_from_the_one_that_is_lifted():
    stork = told_by("left   on the right leg")
    assert stork.sides == {"left"} and stork.stands == {"right"}
    other = told_by("right   on the left leg")
    for asked in ("balances on her right leg", "lifts the left foot", "on the right foot, the left one up"):
        assert misfit(told_by(asked), stork) < misfit(told_by(asked), other)
    assert misfit(told_by("hops on the left leg"), told_by("left")) == (0, 0, 0)  # an example that tells no such leg
    assert misfit(told_by("hops on the left leg"), told_by("right"))[0]


@pytest.mark.parametrize(
    ("sentence", "face"),
    [
        ("a person is lying on their back and rolls over", "down"),
        ("rolls from the back onto the belly", "down"),
        ("turns over onto her back from her stomach", "up"),
        ("flips over from face down to face up", "up"),
        ("from prone to supine", "up"),
        ("a man lying face up rolls over to lie face down", "down"),
        ("turns from being on his back to being on his belly", "down"),
        ("rolls off his belly", "up"),
        ("rolls over until prone", "down"),
    ],
)
def test_how_a_lying_body_ends_is_read_from_single_words(sentence, face):
    assert lies_at_the_end(sentence) == {face}
    other = {"up": "down", "down": "up"}[face]
    assert misfit(told_by(sentence), told_by(f"face {face}")) < misfit(told_by(sentence), told_by(f"face {other}"))


def test_a_sentence_that_tells_no_face_fits_either():
    assert lies_at_the_end("the lying person rolls over to the left") == frozenset()
    assert misfit(told_by("rolls over"), told_by("face up")) == misfit(told_by("rolls over"), told_by("face down"))


def test_the_seed_chooses_among_examples_that_fit_as_well():
    examples = learnt(owner=(1,) * 6, told=("",) * 6, lengths=(4, 4, 4, 4, 40, 40))
    assert {number_of("bowls", 6, seed, examples) for seed in range(8)} == {0, 1, 2, 3}  # the last are far too long


@pytest.mark.parametrize("count", [4, 8, 20])
def test_an_example_is_shown_in_its_order_and_the_rest_is_to_be_drawn(count):
    known = learnt().shown(["salutes left", "walks"], vectors(["salutes", "walks"]), count, [3, 3])
    given = known.given.all(dim=-1)
    assert torch.equal(known.given.any(dim=-1), given) and not given[1].any()
    length = min(LENGTHS[0], count)
    assert given[0].sum() == length
    places = torch.nonzero(given[0])[:, 0]
    told = known.tokens[0, places, 1]
    assert torch.equal(told - told[0], (places - places[0]).float())  # in time as in the example


@pytest.mark.parametrize("seed", range(6))
def test_what_will_be_drawn_anew_is_left_free_and_the_example_is_cut_to_fit(seed):
    known = learnt().shown(["bowls three times", "salutes left"], vectors(["bowls", "salutes"]), 12, [seed, seed],
                           free=[(2, 3), (0, 5)])  # fmt: skip
    given = known.given[..., 0]
    assert given[0].tolist() == [False] * 2 + [True] * 7 + [False] * 3
    assert known.tokens[0, 2:9, 1].tolist() == [4, 5, 6, 7, 8, 9, 10], "from where the action begins"
    assert given[1].sum() == 6 and not given[1, 7:].any(), "it fits whole"


def test_between_clauses_what_words_bring_too_is_shown_whole_or_not_at_all():
    assert learnt().of("salutes left", vectors(["salutes"])[0], 5, 0, between=True) is None
    assert len(learnt().of("salutes left", vectors(["salutes"])[0], 5, 0)) == 5
    assert len(learnt().of("salutes left", vectors(["salutes"])[0], 6, 0, between=True)) == 6
    assert len(learnt().of("bowls three times", vectors(["bowls"])[0], 5, 0, between=True)) == 5, "it has no caption"


def test_nothing_to_show_is_told_as_nothing():
    assert learnt().shown(["walks"], vectors(["walks"]), 8, [0]) is None


def test_what_learnt_captions_bring_alone_is_shown_nothing_where_a_clause_is_like_one():
    examples, other = learnt(learnt=(0, 1)), vectors(["bowls"]) + 0.5 * vectors(["vaults"])
    other = torch.nn.functional.normalize(other, dim=-1)  # in other words than ours
    clauses = ["salutes", "rolls a ball", "rolls a ball", "bowls"]  # salutes have a caption of ours, bowls have none
    told = torch.cat([vectors(["salutes"]), other, other, vectors(["bowls"])])
    known = examples.shown(clauses, told, 8, [0] * 4, learnt=[True, True, False, True])
    assert known.given.any(dim=(1, 2)).tolist() == [True, False, True, True]
    assert learnt().shown(["rolls a ball"], other, 8, [0], learnt=[True]) is not None, "not noted of it"
    asked = [examples.may_need_none(clause, vector) for clause, vector in zip(clauses, told, strict=True)]
    assert asked == [None, 1, 1, None]


def test_what_a_style_taught_is_shown_nothing():
    clauses = ["salutes", "bowls"]
    known = learnt().shown(clauses, vectors(clauses), 8, [0, 0], taught=vectors(["salutes", "vaults"]))
    assert not known.given[0].any() and known.given[1].any()


@pytest.mark.parametrize(
    ("clause", "caption"),
    [
        ("the general salutes", "a person salutes"),
        ("salutes, his left hand up", "a person salutes with the left hand"),
        ("salutes with both hands", "a person salutes"),
        ("walks lazily along", "a person walks slowly"),
        ("walks", "a person walks"),
        ("walks to the left", "a person walks"),
        ("walks as slowly as he can", "a person walks slowly"),
        ("bowls", ""),
        ("walks while it rains", ""),
        ("vaults", ""),
    ],
)
def test_what_is_asked_for_is_told_in_a_caption_with_its_side_and_speed(clause, caption):
    assert learnt().caption_of(clause, vectors([clause])[0]) == caption
    assert caption in learnt().every_caption()


def test_what_is_not_sure_or_taught_by_a_style_is_told_in_no_caption():
    between = torch.nn.functional.normalize(torch.ones(len(WORDS)), dim=0)
    assert learnt().caption_of("salutes", between) == ""
    clauses = ["salutes", "walks"]
    assert learnt().told(clauses, vectors(clauses), taught=vectors(["walks"])) == ["a person salutes", ""]
    assert learnt(captions=(), sided=()).told(clauses, vectors(clauses)) == ["", ""]


def test_a_sentence_is_of_the_class_that_is_sure_and_has_a_name():
    told = vectors(["he salutes", "she bowls", "walks", "vaults"])
    assert [learnt().class_of(vector) for vector in told] == [0, 1, 2, None]
    assert learnt(captions=("", "", ""), sided=SIDED).class_of(told[2]) is None, "none of the actions, and no caption"


def test_a_clause_is_shown_the_same_whatever_else_is_asked_for():
    alone = learnt().shown(["salutes"], vectors(["salutes"]), 9, [5])
    among = learnt().shown(["bowls", "salutes"], vectors(["bowls", "salutes"]), 9, [1, 5])
    assert torch.equal(alone.tokens[0], among.tokens[1]) and torch.equal(alone.given[0], among.given[1])


def test_an_example_is_laid_into_what_is_known_and_room_is_left_to_lead_into_it():
    known = Known(torch.zeros(1, 10, 2), torch.zeros(1, 10, 2, dtype=torch.bool))
    known.given[:, :2] = True
    example = Known(torch.ones(1, 7, 2), torch.ones(1, 7, 2, dtype=torch.bool))
    example.given[:, 4] = False
    laid = laid_into(known, example, 2, (2, 1))
    assert laid.given[0, :, 0].tolist() == [True, True, False, False, True, True, False, True, False, False]
    assert laid.tokens[0, :, 0].tolist() == [0, 0, 0, 0, 1, 1, 0, 1, 0, 0]
    assert not known.tokens.any() and known.given[0, :, 0].sum() == 2  # what was known is not written over
    assert laid_into(known, None, 2, (2, 1)) is known


def test_a_sentence_is_its_meaning_beside_its_words_without_the_frame():
    tokens = torch.zeros(1, 5, 4)
    tokens[0, :, :2] = torch.tensor([[9.0, 9.0], [1.0, 0.0], [0.0, 1.0], [9.0, 0.0], [7.0, 0.0]])  # the last is padding
    valid = torch.tensor([[True, True, True, True, False]])
    found = vectors_of(TextFeatures(tokens, valid, torch.tensor([[0.0, 1.0]])))[0]
    assert found.norm() == pytest.approx(1) and found[0] == 0
    assert found[2] == pytest.approx(float(found[3])) and found[2] / found[1] == pytest.approx(0.7 / 2**0.5, abs=1e-3)


def test_it_is_the_same_when_read_back_and_another_autoencoder_is_refused(tmp_path):
    learnt().save(tmp_path)
    again = Examples.beside(tmp_path, "coder")
    assert again.config == learnt().config
    known, was = (each.shown(["bowls"], vectors(["bowls"]), 9, [5]) for each in (again, learnt()))
    assert torch.equal(known.tokens, was.tokens)
    with pytest.raises(WeightsError, match=r"another autoencoder.*train examples"):
        Examples.beside(tmp_path, "other coder")
    assert Examples.beside(tmp_path / "none", "coder") is None


@pytest.mark.parametrize(
    "change",
    [
        {"owner": (0, 0, 0, 1, 1, 9)},
        {"told": TOLD[:-1]},
        {"lengths": (*LENGTHS[:-1], 31)},
        {"captions": ("walks",)},
        {"known": (2, 2)},
        {"known": (2, 1, 2)},
        {"begins": (0,)},
        {"learnt": (2,)},
    ],
)
def test_a_file_that_does_not_fit_is_refused(tmp_path, change):
    examples = learnt()
    examples.config = replace(examples.config, **change)
    examples.save(tmp_path)
    with pytest.raises(WeightsError, match=f"{FILE} does not fit"):
        Examples.beside(tmp_path, "coder")


def test_what_sentences_ask_for_is_found_alike_in_a_row_at_once_and_when_it_is_remembered(monkeypatch):
    monkeypatch.setattr(examples_module, "MOST_JUDGED", 3)
    asked = vectors(["salutes", "bowls and walks", "vaults", "walks", "salutes and vaults"])
    alone = [learnt()._judge(each[None])[0] for each in asked]
    examples = learnt()
    for found in (examples._judge(asked), examples._judge(asked[:2]), examples._judge(asked)):
        for (chances, nearest), (expected, cosine) in zip(found, alone, strict=False):
            assert torch.allclose(chances, expected, atol=1e-6) and nearest == pytest.approx(cosine)
    assert len(examples._judged) <= len(asked)


def test_of_each_class_the_two_nearest_sentences_count_and_of_a_class_of_one_the_one():
    near = torch.tensor([[0.2, 0.9, 0.5, -0.3], [0.4, 0.4, -1.0, 0.1]])  # classes of two, one and one sentence
    expected = torch.tensor([[0.55, 0.5, -0.3], [0.4, -1.0, 0.1]])
    assert torch.allclose(torch.from_numpy(learnt()._nearest_of_classes(near.numpy())), expected)


SALUTE, WALK, HARDLY_WALK = (
    Likeliest(number, chance, 0.9, 0.0, 0.0) for number, chance in ((0, 1.0), (2, 1.0), (2, 0.6))
)


@pytest.mark.parametrize(
    ("whole", "clauses", "one"),
    [
        (SALUTE, [WALK, HARDLY_WALK], True),  # move by move: no clause by itself is what all of them are
        (SALUTE, [SALUTE, WALK], False),  # an action, and then surely another one
        (SALUTE, [SALUTE, HARDLY_WALK], True),  # an action, and then who knows
        (SALUTE._replace(chance=0.95), [WALK, WALK], False),
        (SALUTE._replace(chance=0.85), [SALUTE, HARDLY_WALK], True),
        (SALUTE._replace(near=0.65), [SALUTE, HARDLY_WALK], False),
        (WALK, [HARDLY_WALK, HARDLY_WALK], False),  # what has no example
    ],
)
def test_clauses_are_one_action_where_the_whole_surely_is_one_and_they_are_no_other(whole, clauses, one):
    assert learnt().is_one(whole, clauses) is one
