"""Steps of play_shot.py that teach: three Actions, their words on another rig, and the style switched off."""

import bpy
import screen
from play_hand import (
    add_metarig,
    ask,
    at_the_top,
    check,
    find,
    generated,
    part,
    press,
    rig,
    sentence,
    shoot,
    to_view,
    unfold,
    until,
)

TAUGHT, ASKED, STYLE = "a person does the victory dance", "she is doing the victory dance", "victory"


def teach_three():
    """Three Actions of three characters, a sentence, a name, and Teach."""
    yield from sentence("a person jumps with both arms raised")
    yield from unfold("Several Characters")
    for _ in range(2):
        yield from press("Add CoAMD Character")
        yield 1.0
    yield from to_view()
    yield from screen.press("a")
    yield from generated("Generate for Selected Characters")
    yield from unfold("Teach")
    yield from press("Add All Selected")
    yield 1.0
    settings = bpy.context.scene.coamd_teach
    check("three Actions", len({row.action for row in settings.lessons}) == 3)
    place = yield from find("Add All Selected")
    for number in range(3):
        yield from screen.click((place[0] - 17, place[1] - 104 + 21 * number))
        yield from until(lambda number=number: settings.lesson_index == number, 30.0)
        yield from ask((place[0], place[1] + 25), TAUGHT)
    place = yield from find("Name")
    yield from ask((place[0] + 90, place[1]), STYLE)
    said = [row.sentence for row in settings.lessons]
    check("told", said == [TAUGHT] * 3 and settings.name == STYLE, sentences=said, style=settings.name)
    shoot("shot_teach_list.png")
    place = yield from find("Licence")
    yield from screen.click((place[0] + 40, place[1] + 29))
    work = part("teach.work")
    yield from until(lambda: (STYLE, "TAUGHT") in [(told.name, told.phase) for told in work.states()])
    at_the_top()
    yield 2.5


def other_rig():
    """The new words on another rig, Rigify's metarig, in the style."""
    yield from add_metarig()
    yield from unfold("Generate Motion")
    yield from to_view()
    yield from screen.press("shift+Left")
    for other in bpy.context.view_layer.objects:  # the others stand where it stands
        other.hide_set(other != rig())
    place = yield from find("Takes", header=True)
    yield from screen.click(place)  # folded up, the styles are in sight below
    yield from press_style()
    check("on", [(row.name, row.on) for row in bpy.context.scene.coamd.styles] == [(STYLE, True)])
    yield from sentence(ASKED)
    yield from generated("Generate")
    check("in the style", bpy.context.scene.coamd.takes[-1].styles == f"{STYLE} 1.00", rig=rig().name)
    at_the_top()


def press_style():
    """Click the style, in the panel of the styles: it is in the sentence, too."""
    title = yield from find("Styles", header=True)
    place = yield from screen.read(STYLE, screen.sidebar()._replace(upper=title[1]))
    yield from screen.click(place.middle)
    yield 1.0


def style_off():
    """The same words with the style switched off by its box."""
    yield from to_view()
    yield from screen.press("shift+Left")
    yield from press_style()
    check("off", not bpy.context.scene.coamd.styles[0].on)
    yield from generated("Generate")
    check("without the style", bpy.context.scene.coamd.takes[-1].styles == "", rig=rig().name)
    at_the_top()


TEACHING = (teach_three, other_rig, style_off)
