"""Sentences in many words find the action they tell of."""

import csv
from pathlib import Path

import pytest

from runtime import captions as room
from runtime.captions.actions import action_of


@pytest.mark.parametrize(
    ("text", "action", "family"),
    [
        ("A person does three jumping jacks", "jumping jack", "jumping_jack"),
        ("a woman claps her hands", "clap", "clap"),
        ("someone kneels down on one knee", "kneel", "kneel"),
        ("a man picks something up from the floor", "pick up", "pick_up"),
        ("a person steps to the left", "sidestep", "sidestep"),
        ("a person throws a ball", "throw", "throw"),
        ("someone throws a left hook", "hook punch", "punch"),
        ("a man does a high roundhouse kick", "spin kick", "kick"),
        ("a person walks forward", "walk", "walk"),
        ("a person walks backwards", "backwards", "backwards"),
        ("the man runs with a rifle", "aim", "aim"),
        ("someone shrugs", "shrug", "gesture"),
        ("a person yawns", "yawn", "yawn"),
        ("a person moves", "other", "other"),
    ],
)
def test_actions(text, action, family):
    found = action_of(text)
    assert (found.name, found.family) == (action, family)


def test_doing_it_again_makes_two_of_a_kick_and_one_of_a_walk():
    assert action_of("a person kicks").again and not action_of("a person walks forward").again


def test_most_segments_name_an_action():
    rows = csv.DictReader((Path(room.__file__).parent / "segments.csv").open(encoding="utf-8", newline=""))
    names = [action_of(row["sentences"].split("|")[0]).name for row in rows]
    assert names.count("other") < 0.06 * len(names)
    assert len(set(names)) > 150
