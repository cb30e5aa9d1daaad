"""What is told of a motion: one label, none, or several actions."""

import numpy as np
import pytest

from runtime.recognize.telling import tell

CLIP = np.zeros((80, 22, 3), np.float32)
PARTS = [(0, 40, "walking", np.float32(0.6)), (40, 80, "waving", np.float32(0.5))]


class Recognizer:
    """Says what it is given, and notes whether it was asked for the parts."""

    def __init__(self, labels, parts):
        self.labels, self.parts, self.asked = labels, parts, 0

    def recognize(self, joints, labels, top):
        return [(label, np.float32(score)) for label, score in self.labels][:top]

    def segments(self, joints, labels):
        self.asked += 1
        return self.parts


def test_several_known_parts_take_the_place_of_unknown_and_are_told_unasked():
    told = tell(Recognizer([("unknown", 0.76), ("walking", 0.1)], PARTS), CLIP, None, 5)
    assert told.several and told.labels == [("several actions", pytest.approx(0.76)), ("walking", pytest.approx(0.1))]
    assert [part[:3] for part in told.segments] == [part[:3] for part in PARTS]
    assert told.as_json()["segments"][1] == {"start": 40, "stop": 80, "label": "waving", "score": pytest.approx(0.5)}


@pytest.mark.parametrize(
    "parts", [[(0, 80, "walking", 0.6)], [(0, 40, "unknown", 0.6), (40, 80, "walking", 0.6)], [(0, 80, "unknown", 0.9)]]
)
def test_one_known_part_is_not_several_actions(parts):
    told = tell(Recognizer([("unknown", 0.76)], parts), CLIP, None, 5)
    assert not told.several and told.labels[0][0] == "unknown" and told.segments == []
    assert "segments" not in told.as_json()


def test_a_motion_with_a_label_is_not_cut_unless_asked():
    recognizer = Recognizer([("walking", 0.5), ("unknown", 0.4)], PARTS)
    assert tell(recognizer, CLIP, None, 5).segments == [] and recognizer.asked == 0
    told = tell(recognizer, CLIP, None, 5, segments=True)
    assert not told.several and len(told.segments) == 2 and recognizer.asked == 1
