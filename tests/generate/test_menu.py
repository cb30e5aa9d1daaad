"""What can be asked for: the table of the menu, and how a line of it is put into a prompt."""

import tomllib

import pytest
from fakes import ROOT

from coamd_blender.errors import InputError
from coamd_blender.generate.vocabulary import (
    MOST_CATEGORIES,
    MOST_LINES,
    actions,
    categories,
    put,
    sentence,
)
from runtime.generate.generator import WEIGHTS
from runtime.generate.vocabulary import learnt
from runtime.model.text_encoder import TextEncoder

TAUGHT = tomllib.loads((ROOT / "runtime" / "captions" / "menu.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("table", [TAUGHT, categories()], ids=["what is taught", "the menu"])
def test_a_table_fits_its_menus_and_says_nothing_twice(table):
    assert 12 <= len(table) <= MOST_CATEGORIES
    assert all(1 <= len(lines) <= MOST_LINES for lines in table.values())
    every = [line for lines in table.values() for line in lines]
    assert len(every) > 200 and len(set(every)) == len(every)
    assert all(line == " ".join(line.lower().split()) and line.split()[0].endswith("s") for line in every)


def test_the_menu_has_the_taught_lines_that_the_bundled_weights_know_and_no_others():
    vocabulary, encoder = learnt(WEIGHTS), TextEncoder.load(WEIGHTS).eval()
    told = [(category, line, action) for category, lines in TAUGHT.items() for line in lines
            for action in actions(sentence(line))]  # fmt: skip
    distances = vocabulary.distances([action for *_, action in told], encoder)
    far = {line for (_, line, _), distance in zip(told, distances, strict=True) if distance > vocabulary.config.far}
    known = {category: tuple(line for line in lines if line not in far) for category, lines in TAUGHT.items()}
    assert categories() == {category: lines for category, lines in known.items() if lines}, (
        "run: .venv/bin/python docs/make_vocabulary.py menu"
    )


@pytest.mark.parametrize(
    ("prompt", "place", "result"),
    [
        ("", 0, "a person bows"),
        ("she runs", 0, "a person bows"),
        ("she runs", 1, "she runs, then bows"),
        ("she runs", 7, "she runs, then bows"),
        ("a man runs, then crouches down, and finally waves", 1, "a man runs, then bows, then waves"),
        ("a man runs, then crouches down, and finally waves", 0, "a person bows, then crouches down, then waves"),
        ("sits down after walking", 0, "a person bows, then sits down"),
    ],
)
def test_a_line_takes_the_place_of_the_chosen_action_or_follows_the_last(prompt, place, result):
    assert put(prompt, "bows", place) == result
    assert actions(result)[min(place, len(actions(prompt)))].endswith("bows"), "it is told apart again"


def test_a_fifth_action_is_refused_and_a_fourth_can_be_replaced():
    four = "she runs, then sits down, then waves, then bows"
    with pytest.raises(InputError, match="at most 4 actions"):
        put(four, "claps", 4)
    assert put(four, "claps", 3).endswith("then waves, then claps")
