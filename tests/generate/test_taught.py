"""What is shown of taught clips: to which sentences, which clip, how much of it."""

import pytest
import torch
from torch.nn.functional import normalize

from runtime.generate.taught import (
    ASKED,
    FEWEST,
    Nearness,
    Shown,
    Taught,
    carried_on,
    joined,
    manner_of,
    mixed,
    sides_of,
)

WORDS = ("waltzes", "spins", "goblin", "walks", "waves", "left", "right", "quickly")


def vectors(texts):
    """One axis a known word; a sentence of none of them is at right angles to all."""
    rows = torch.tensor([[float(word in text) for word in WORDS] + [0.01] for text in texts])
    return normalize(rows, dim=-1)


def clip(number, said, count=8):
    places = torch.arange(count).float()
    return Shown(torch.stack([torch.full_like(places, number), places], dim=1), (said,), number)


def taught(*clips, share=1.0):
    return Taught([(clips, share)], Nearness(None, None), vectors)


def shown(worn, clause, count=12, seed=0):
    return worn.shown([clause], worn.asked([clause]), count, [seed])


def test_the_sides_of_a_limb_and_of_where_it_goes_are_told_apart():
    assert sides_of("he swipes the right arm to the left") == ("right", "left")
    assert sides_of("swipe left with the right hand") == ("right", "left")
    assert sides_of("a leftward step") == ("", "left") and sides_of("waves") == ("", "")


def test_only_what_was_taught_is_asked_for():
    worn = taught(clip(1, "a person waltzes"))
    assert worn.asked(["she waltzes quickly", "a person spins", "waltzes"]) == ["waltzes", None, "waltzes"]
    assert shown(worn, "a person spins") is None


def test_what_is_known_as_well_is_not_taken_to_be_asked_for():
    class Learnt:
        vectors = normalize(torch.eye(9)[:1] + 0.5 * torch.eye(9)[1:2], dim=-1)  # "waltzes", with a little "spins"

    class Known:
        class config:
            known = (2, 2)

        tensors = {"sentences": torch.eye(9)[[0, 3, 4, 5]], "basis": torch.eye(9)}

    near, known = Nearness(Known, Learnt), vectors(["waltzes"])
    asked, rows = near.asked(vectors(["waltzes", "spins", "waltzes spins"]), vectors(["spins", "quickly"]))
    assert asked.tolist() == [False, True, True] and rows[1] == 0 and ASKED < 0
    assert not near.asked(known, vectors(["waves"]))[0].any()


def test_a_sentence_known_before_asks_only_for_what_is_of_its_class():
    class Learnt:
        vectors = normalize(torch.eye(9)[:1], dim=-1)

    class Known:
        class config:
            known = (2, 2)

        tensors = {"sentences": torch.eye(9)[[1, 3, 2, 4]], "basis": torch.eye(9)}
        classes = (1, 2, 3, 4)

        @classmethod
        def class_of(cls, vector):
            return cls.classes[int(vector.argmax()) - 1]

    class One(Known):
        classes = (7, 7, 7, 7)

    class Flat(Nearness):
        def _spread(self, narrow):
            return normalize(narrow, dim=-1)

    told, taught = normalize(torch.eye(9)[1] + 0.7 * torch.eye(9)[2], dim=-1)[None], torch.eye(9)[2][None]
    assert not Flat(Known, Learnt).asked(told, taught)[0].any(), "nearer to another sentence that was known"
    assert Flat(One, Learnt).asked(told, taught)[0].all(), "which is of the same class"
    strange = normalize(taught + torch.eye(9)[8], dim=-1)
    assert not Flat(One, Learnt).asked(told, strange)[0].any(), "what was taught was not known before"


def test_a_manner_is_what_all_actions_of_a_style_share():
    assert manner_of([("walks like our goblin",), ("waves like our goblin",)]) == ("goblin",)
    assert manner_of([("does the goblin jig", "jigs like a goblin")]) == (), "one action, however it is said"
    assert manner_of([("walks",), ("waves",)]) == ()


def test_what_was_taught_in_a_manner_is_not_shown_to_another_action_of_it():
    worn = taught(clip(1, "a person walks like our goblin"), clip(2, "a person spins like our goblin"))
    asked = worn.asked(["he walks as our goblin", "waves like our goblin", "he walks", "spins goblin"])
    assert asked == ["walks like our goblin", None, None, "spins like our goblin"]


def test_the_share_is_shown_where_the_clip_lies_and_never_too_little():
    for share, number in ((1.0, 8), (0.5, 4), (0.1, FEWEST)):
        known = shown(taught(clip(1, "waltzes"), share=share), "waltzes")
        places = known.given[0, :, 0].nonzero()[:, 0]
        assert len(places) == number and bool(known.given.all(dim=2)[0, places].all())
        own = known.tokens[0, places]
        assert (own[:, 0] == 1).all() and (own[:, 1] - places == own[0, 1] - places[0]).all()


def test_a_clip_too_long_is_shown_from_its_start_and_one_that_fits_is_taken_before_it():
    known = shown(taught(clip(1, "waltzes", 20)), "waltzes")
    assert known.tokens[0, :, 1].tolist() == list(range(12))
    both = taught(clip(1, "waltzes", 20), Shown(clip(2, "x", 10).tokens, ("waltzes",), 1))
    assert all(shown(both, "waltzes", seed=seed).tokens[0].amax() <= 9 for seed in range(8))


def test_the_tempo_that_fills_the_time_is_shown_and_where_none_nearly_does_any_is():
    slow, quick = clip(1, "waltzes", 11), Shown(clip(2, "x", 8).tokens, ("waltzes",), 1)
    for count, seen in ((12, {1}), (10, {2}), (8, {2}), (20, {1, 2}), (6, {2})):
        drawn = [shown(taught(slow, quick), "waltzes", count, seed) for seed in range(12)]
        assert {int(known.tokens[known.given].reshape(-1, 2)[0, 0]) for known in drawn} == seen, count


def test_of_several_clips_those_that_fill_the_time_are_shown():
    short, long = clip(1, "waltzes", 5), clip(2, "waltzes", 12)
    drawn = [shown(taught(short, long), "waltzes", 12, seed).tokens[0, 0, 0] for seed in range(8)]
    assert min(drawn) > 1.5, "begins as the long one"


def test_a_clip_becomes_no_other_that_lasts_much_longer_or_less_while_there_is_one():
    clips = [clip(0, "waltzes", 10), clip(1, "waltzes", 12), clip(100, "waltzes", 30), clip(100, "waltzes", 4)]
    clips = [Shown(each.tokens, each.said, number) for number, each in enumerate(clips)]
    drawn = [shown(taught(*clips), "waltzes", 12, seed).tokens[0, :, 0] for seed in range(8)]
    assert all(tokens.max() <= 1 for tokens in drawn)
    assert shown(taught(clips[0], clips[2]), "waltzes", 12).tokens.amax() > 50, "the only other"


def test_the_side_that_is_asked_for_decides():
    worn = taught(clip(1, "a person waves the left arm"), clip(2, "a person waves the right arm"))
    for seed in range(6):
        for side, number in (("left", 1), ("right", 2)):
            known = shown(worn, f"she waves her {side} hand", seed=seed)
            assert known.tokens[known.given].reshape(-1, 2)[:, 0].unique().tolist() == [number]


def test_a_mirror_image_is_shown_only_where_its_side_is_named():
    flipped = Shown(clip(2, "x").tokens, ("a person waves the left arm",), 1)
    worn = taught(clip(1, "a person waves the right arm"), flipped)
    for seed in range(6):
        for clause, number in (("she waves", 1), ("she waves the right arm", 1), ("she waves the left arm", 2)):
            known = shown(worn, clause, seed=seed)
            assert known.tokens[known.given].reshape(-1, 2)[:, 0].unique().tolist() == [number]


def test_an_action_and_its_mirror_image_are_no_manner():
    flipped = Shown(clip(2, "x").tokens, ("a person waltzes counterclockwise quickly",), 1)
    worn = taught(clip(1, "a person waltzes clockwise quickly"), flipped)
    assert worn.asked(["he waltzes", "quickly"])[0] == "waltzes clockwise quickly"


def test_a_clip_becomes_another_of_the_same_sentence():
    one, other = torch.tensor([[0.0], [4.0], [8.0]]), torch.tensor([[1.0], [1.0], [5.0], [9.0]])
    assert mixed(one, [other, other + 50], 0.5)[:, 0].tolist() == pytest.approx([0.0, 4.5, 9.0])
    assert mixed(one, [other], 0.3)[:, 0].tolist() == pytest.approx([0.2, 4.7, 9.0])
    assert mixed(one, [], 0.5) is one
    worn = taught(clip(1, "waltzes"), clip(2, "waltzes"))
    drawn = [shown(worn, "waltzes", 8, seed).tokens[0, :, 0] for seed in range(8)]
    assert all(1 <= tokens.min() < 1.3 and 1.7 < tokens.max() <= 2 for tokens in drawn)
    assert len({tuple(tokens.tolist()) for tokens in drawn}) == 8


def test_what_goes_on_becomes_another_at_once_where_both_are_alike():
    one = torch.tensor([[0.0], [10.0], [20.0], [30.0], [40.0], [50.0]])
    other = torch.tensor([[2.0], [12.0], [19.0], [20.5], [33.0], [42.0], [52.0]])
    assert joined(one, [other, other + 90], 0.4)[:, 0].tolist() == [0.0, 10.0, 20.5, 33.0, 42.0, 52.0]
    assert joined(one, [other, other + 90], 0.7)[:, 0].tolist() == [0.0, 10.0, 20.0, 30.0, 42.0, 52.0]
    assert joined(one, [], 0.5) is one
    clips = (Shown(one, ("a person walks like our goblin",), 1), Shown(other, ("a person walks like our goblin",), 2))
    worn = taught(*clips, Shown(one, ("a person waves like our goblin",), 3))
    own = {*one[:, 0].tolist(), *other[:, 0].tolist(), 0.0}
    for seed in range(8):
        assert {*shown(worn, "walks like our goblin", 7, seed).tokens[0, :, 0].tolist()} <= own, "never a mean"


def test_a_clause_is_shown_the_same_whatever_stands_beside_it():
    worn = taught(clip(1, "waltzes"), clip(2, "waltzes"), share=0.5)
    alone = shown(worn, "waltzes", seed=3)
    among = worn.shown(["spins", "waltzes"], [None, "waltzes"], 12, [1, 3])
    assert torch.equal(among.tokens[1], alone.tokens[0]) and not among.given[0].any()


def test_a_manner_is_shown_to_other_words_for_the_same_action():
    class Learnt:
        vectors = normalize(torch.eye(9)[:1], dim=-1)

    class Known:
        class config:
            known = (9,)

        tensors = {"sentences": torch.eye(9), "basis": torch.eye(9)}

        @staticmethod
        def class_of(vector):
            return 0 if vector[WORDS.index("walks")] > 0.5 else 1 if vector[WORDS.index("spins")] > 0.5 else None

    clips = (clip(1, "a person walks like our goblin"), clip(2, "a person waves like our goblin"))
    worn = Taught([(clips, 1.0)], Nearness(Known, Learnt), vectors)
    asked = worn.asked(["he walks quickly like our goblin", "spins like our goblin", "waltzes like our goblin"])
    assert asked == ["walks like our goblin", None, None], "0.71 is no synonym's cosine, but the class is one"


def cycle(count, period=6):
    """A point that goes round, a step of about one."""
    angles = torch.arange(count) * 2 * torch.pi / period
    return torch.stack([angles.cos(), angles.sin()], dim=1)


def test_what_goes_on_as_it_ends_is_carried_on_to_the_end_of_the_time():
    assert torch.allclose(carried_on(cycle(14), 40), cycle(40), atol=1e-5)
    assert carried_on(cycle(14), 14).shape == (14, 2) and carried_on(cycle(14), 9).shape == (14, 2)


def test_what_comes_to_rest_or_ends_elsewhere_is_not_carried_on():
    resting = torch.cat([cycle(14), cycle(14)[-1:].expand(6, 2)])
    leaving = cycle(14) + torch.arange(14)[:, None]
    for tokens in (resting, leaving, torch.zeros(8, 2)[:2]):
        assert carried_on(tokens, 40) is tokens


def test_only_a_manners_clip_is_carried_on():
    walk = Shown(cycle(14), ("a person walks like our goblin",), 1)
    manner = taught(walk, clip(2, "a person waves like our goblin"))
    action = taught(Shown(cycle(14), ("a person waltzes",), 1))
    assert shown(manner, "walks like our goblin", 30).given.all(), "all of the time"
    assert int(shown(action, "waltzes", 30).given[0, :, 0].sum()) == 14
