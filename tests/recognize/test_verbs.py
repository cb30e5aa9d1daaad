"""Forms of English verbs, against what a dictionary says."""

import pytest

from runtime.recognize.labels import given
from runtime.recognize.verbs import is_bare, progressive, third_person

FORMS = """
walk walking walks; run running runs; wave waving waves; jump jumping jumps; sit sitting sits; lie lying lies;
hop hopping hops; clap clapping claps; bow bowing bows; throw throwing throws; box boxing boxes; kick kicking kicks;
punch punching punches; push pushing pushes; carry carrying carries; play playing plays; dance dancing dances;
crouch crouching crouches; look looking looks; begin beginning begins; open opening opens; swim swimming swims;
go going goes; kneel kneeling kneels; lean leaning leans; nod nodding nods; shrug shrugging shrugs; toss tossing tosses;
see seeing sees; quit quitting quits; stretch stretching stretches; skip skipping skips; visit visiting visits;
"""


@pytest.mark.parametrize("forms", [line.split() for line in FORMS.replace("\n", " ").split(";") if line.strip()])
def test_forms_are_those_of_the_dictionary(forms):
    verb, ing, person = forms
    assert (progressive(verb), third_person(verb)) == (ing, person)
    assert is_bare(verb) and not is_bare(ing)


def test_bare_verbs_are_said_as_captions_say_them_and_other_labels_stay():
    walk, wave, phrase, walking, walks, lifted = given(["walk", "Wave", "sit down", "walking", "walks", "lifted"])
    assert walk.texts == ("walk", "walking", "a person walks")
    assert wave.name == "Wave" and wave.texts == ("Wave", "waving", "a person waves")
    assert [label.texts for label in (phrase, walking, walks, lifted)] == [
        ("sit down",), ("walking",), ("walks",), ("lifted",)
    ]  # fmt: skip
