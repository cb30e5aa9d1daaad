"""What may truthfully be said of a clip, and the windows of a long trial in which it is true.

Words come from ``phrases`` (hand-written), facts from ``describe`` (measured). A label holds for its whole
clip; of a window only what is measured there, or what the entry says holds for any part.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field

import numpy as np

from coamd_blender.motion.skeleton import FPS, FRAME_MULTIPLE, MAX_FRAMES
from runtime.captions import describe
from runtime.captions.actions import action_of
from runtime.captions.phrases import LOW_STANCES, Entry, captions_from, find_entry, label_of, written
from runtime.grammar.inflection import count_word, mirrored, times_word
from runtime.grammar.sentences import told

__all__ = ["Spoken", "Window", "caption_clip", "caption_window", "entry_of", "mirrored", "speak", "windows"]

SHORTEST = 40  # frames: no long trial is cut into windows shorter than this
LOCOMOTION = frozenset({"walk", "run", "backwards", "sidestep", "turn", "idle"})
_IN_PLACE = 0.4  # weight of gaits made on the spot, beside the same loops with their travel
_POSTURAL = frozenset({"sit", "stand_up", "crouch", "kneel", "lie", "get_up", "crawl", "fall"})
_EVENTFUL = {"jump": "jump", "kick": "kick", "soccer": "kick", "punch": "punch", "wave": "wave"}


@dataclass(frozen=True)
class Spoken:
    """What may be said of a stretch of motion: its family, verb phrases, and phrases without a subject."""

    family: str
    phrases: tuple[str, ...]
    bare: tuple[str, ...] = ()


@dataclass(frozen=True)
class Window:
    """Frames [start, end) of a clip with captions that are true of them.

    ``weight`` makes all windows of a clip weigh the square root of its seconds together. ``core`` is the
    stretch (relative to ``start``) that must not be cut when the window is joined to another; None when any
    40 frames of it will do. ``count`` is how often the family's event happens, 0 when it is not counted.
    """

    start: int
    end: int
    captions: tuple[str, ...]
    family: str
    weight: float
    spoken: Spoken = field(repr=False)
    core: tuple[int, int] | None = None
    count: int = 0


def entry_of(clip: dict) -> Entry:
    """Return the clip's hand-written entry, or one that can only repeat what its label says."""
    found = find_entry(clip["set"], label_of(clip))
    return found or _labelled(clip["label"])


def _labelled(label: str) -> Entry:
    """Return the entry of a label in plain words ("stands, then starts to skip"): it holds for the whole clip alone."""
    does = "does " if label.startswith(("a ", "an ", "two ")) else ""
    sentence = told(f"a person {does}{label}")
    if not sentence.phrase:
        return Entry("other", (), (), (label,), ())
    family = action_of(label).family
    return Entry(family, (sentence.phrase,), (), (), (family,) if family in _EVENTFUL else ())


def _seed(text: str) -> int:
    return zlib.crc32(text.encode())


def _locomotion(joints: np.ndarray, in_place: bool, family: str) -> tuple[str, list[str]]:
    """Return family and phrases for standing, walking, running, turning; empty phrases when nothing fits."""
    move, turn = describe.travel(joints), describe.net_turn(joints)
    kind, side = describe.gait(joints), "left" if turn > 0 else "right"
    how_far = describe.turn_class(turn)
    if kind == "stand":
        if in_place and family in ("walk", "run"):
            return family, written(f"{family}_place")
        if describe.is_still(joints):
            return "idle", written("still")
        if how_far in ("quarter", "half", "full"):
            return "turn", written(f"turn_{how_far}", side=side)
        return ("idle", written("step_stand")) if how_far == "none" and move.path < 0.5 else (family, [])
    return _going(joints, kind, move, how_far, side)


def _moving_frames(joints: np.ndarray) -> np.ndarray:
    ground = describe.smooth(joints[:, 0], 7) * [1, 0, 1]
    return np.linalg.norm(describe.velocity(ground), axis=1) > describe.STAND_SPEED


def _going(joints: np.ndarray, kind: str, move: describe.Travel, how_far: str, side: str) -> tuple[str, list[str]]:
    ahead, across = move.forward / max(move.path, 1e-6), move.left / max(move.path, 1e-6)
    moving = _moving_frames(joints)
    stops, starts = not moving[-6:].any(), not moving[:6].any()
    if ahead > 0.7 and describe.walks_circle(joints):
        return kind, written(f"{kind}_full", side=side)
    if how_far in ("quarter", "half", "full") and ahead > 0.5:
        told = "half" if how_far == "full" else how_far
        return "turn" if kind == "walk" else kind, written(f"{kind}_{told}", side=side)
    if abs(across) > 0.75 and how_far in ("none", "slight"):
        if describe.twist(joints) > 0.45:
            return kind, []
        return "sidestep", written(f"{kind}_side", side="left" if across > 0 else "right")
    if abs(ahead) < 0.8 or how_far in ("quarter", "half", "full"):
        return kind, []
    if ahead > 0 and (starts or stops):
        name = {(True, True): "start_stop", (True, False): "start", (False, True): "stop"}[starts, stops]
        return kind, written(f"{kind}_{name}")
    if moving.mean() < 0.9:
        return kind, []
    return _straight(joints, kind, move, how_far, side, ahead > 0)


def _straight(
    joints: np.ndarray, kind: str, move: describe.Travel, how_far: str, side: str, forwards: bool
) -> tuple[str, list[str]]:
    speed = describe.speed_class(move.speed, kind)
    course = "forward" if forwards else "backward"
    if how_far == "slight" and forwards:
        return kind, written(f"{kind}_slight", side=side)
    phrases = written(f"{kind}_{course}" + ("" if speed == "normal" else f"_{speed}"))
    steps = len(describe.steps(joints))
    if forwards and 2 <= steps <= 8 and kind == "walk":
        phrases = phrases + written("walk_steps_forward", count=count_word(steps))
    return (kind if forwards else "backwards"), phrases


def _counted(name: str, events: list[describe.Event]) -> list[str]:
    """Return phrases for one or several kicks, punches or jumps, with their side and true count."""
    sides = {event.side for event in events}
    side = sides.pop() if len(sides) == 1 else ""
    if len(events) > 1:
        words = {"count": count_word(len(events)), "times": times_word(len(events))}
        phrases = written(f"{name}_many", **words) if len(events) <= 5 else []
        if side and len(events) <= 5:
            phrases += written(f"{name}_many_side", side=side, **words)
        if not side and name == "punch":
            phrases += written("punch_both")
        return phrases + (written(f"{name}_keep") if len(events) > 2 else [])
    event = events[0]
    if name == "jump":
        return written(f"jump_{event.direction}")
    return written("punch", side=side) if name == "punch" else written(f"kick_{event.direction}", side=side)


def events_in(joints: np.ndarray, kind: str) -> list[describe.Event]:
    """Return the events of ``kind`` (jump, kick, soccer, punch, wave) in ``joints`` (frames, 22, 3), metres.

    Of soccer it is the highest kick alone.
    """
    found = {
        "jump": describe.jumps,
        "kick": describe.kicks,
        "soccer": describe.kicks,
        "punch": describe.punches,
        "wave": describe.waves,
    }[kind](joints)
    if kind == "soccer":
        return sorted(found, key=lambda event: event.size)[-1:]
    return found


def _event_phrases(joints: np.ndarray, entry: Entry) -> tuple[str, list[str], int]:
    """Return family, phrases and count of what the entry's detectors find; several kinds at once are not told."""
    found = {kind: events_in(joints, kind) for kind in entry.events if kind in _EVENTFUL}
    found = {kind: events for kind, events in found.items() if events}
    if len(found) != 1:
        return entry.family, [], 0
    kind, events = next(iter(found.items()))
    if kind == "soccer":
        return "kick", written("kick_ball", side=events[0].side), 1
    if kind == "wave":
        sides = {event.side for event in events}
        phrases = written("wave_both") if len(sides) == 2 else written("wave", side=sides.pop())
        return "wave", phrases, 0
    if kind == "jump" and describe.travel(joints).speed > 1.5:
        return "jump", [], len(events)
    phrases = _counted(_EVENTFUL[kind], events)
    if kind == "punch" and describe.low_stance(joints):
        phrases = [f"{text} {LOW_STANCES[index % len(LOW_STANCES)]}" for index, text in enumerate(phrases)]
    return _EVENTFUL[kind], phrases, len(events)


def _posture_phrases(joints: np.ndarray, entry: Entry) -> tuple[str, list[str]]:
    """Return family and phrases from the postures at the ends and in the middle of the window."""
    names = describe.postures(joints)
    first, last, most = (_mode(names[:5]), _mode(names[-5:]), describe.posture(joints))
    share = float((names == most).mean())
    low = joints[names != "stand", 0, 1]
    floor = "_floor" if len(low) and np.median(low) < 0.35 else ""
    if entry.family in ("sit", "stand_up"):
        return _sitting(first, last, names, floor)
    if entry.family in ("lie", "get_up", "fall"):
        if first == last == "lie" and share > 0.9:
            return "lie", written("lying")
        if first == "stand" and last == "lie" and entry.family == "lie":
            return "lie", written("lie_down")
        return ("get_up", written("get_up")) if first == "lie" and last == "stand" else (entry.family, [])
    if entry.family == "crawl":
        return "crawl", _crawling(joints)
    if entry.family == "kneel" and share > 0.9 and most == "kneel":
        return "kneel", written("kneeling")
    return _crouching(joints, names, first, last) if entry.family == "crouch" else (entry.family, [])


def _mode(names: np.ndarray) -> str:
    values, counts = np.unique(names.astype(str), return_counts=True)
    return str(values[np.argmax(counts)])


def _sitting(first: str, last: str, names: np.ndarray, floor: str) -> tuple[str, list[str]]:
    up = {"stand"}
    seated = float(np.isin(names, ["sit", "crouch", "kneel", "lie"]).mean())
    if first in up and last in up and seated > 0.2:
        return "sit", written("sit_stand")
    if first in up and last not in up:
        return "sit", written(f"sit_down{floor}")
    if first not in up and last in up:
        return "stand_up", written("stand_up")
    return ("sit", written("sitting" + floor)) if seated > 0.9 else ("sit", [])


def _crawling(joints: np.ndarray) -> list[str]:
    move, low = describe.travel(joints), np.median(joints[:, 0, 1]) < 0.28
    course = "place" if abs(move.forward) < 0.3 else "forward" if move.forward > 0 else "backward"
    return written(f"{'belly' if low else 'crawl'}_{course}") if course != "backward" or not low else []


def squats(joints: np.ndarray) -> list[tuple[int, int]]:
    """Return the stretches [start, end) in which the pelvis of ``joints`` (frames, 22, 3) dips below 0.72 metres.

    Those that the window begins or ends in are left out.
    """
    height = joints[:, 0, 1]
    low = describe.runs_of(height < 0.72)
    return [(start, end) for start, end in low if start > 0 and end < len(height)]


def _crouching(joints: np.ndarray, names: np.ndarray, first: str, last: str) -> tuple[str, list[str]]:
    move = describe.travel(joints)
    if move.speed > 0.3:
        bent = float(np.median(joints[:, 0, 1])) < 0.88
        return ("crouch", written("sneak")) if bent and move.forward > 0.7 * move.path else ("crouch", [])
    dips = squats(joints)
    if first == last == "stand" and dips:
        many = {"count": count_word(len(dips)), "times": times_word(len(dips))}
        return "crouch", written("crouch_rise") if len(dips) == 1 else written("crouch_many", **many)
    if first == "stand" and last == "crouch":
        return "crouch", written("crouch_down")
    if first == "crouch" and last == "stand":
        return "crouch", written("rise")
    return ("crouch", written("crouching")) if (names != "stand").mean() > 0.9 else ("crouch", [])


def _agrees(joints: np.ndarray, entry: Entry, in_place: bool) -> bool:
    """Tell whether a window that is only part of a walk, run or idle still shows what the label says."""
    kind = describe.gait(joints)
    if entry.family in ("walk", "run"):
        return in_place or kind == entry.family
    return kind == "stand" if entry.family == "idle" else True


def speak(joints: np.ndarray, entry: Entry, whole: bool = True, in_place: bool = False) -> tuple[Spoken, int]:
    """Return what may be said of ``joints`` (frames, 22, 3), metres, and how often its event happens (0: not counted).

    ``whole`` says that the window is the entire clip its label speaks of; ``in_place`` that a gait was made on the
    spot.
    """
    family, phrases, count = entry.family, [], 0
    if entry.events and any(kind in _EVENTFUL for kind in entry.events):
        family, phrases, count = _event_phrases(joints, entry)
    if not phrases and entry.family in LOCOMOTION:
        family, phrases = _locomotion(joints, in_place, entry.family)
    if not phrases and entry.family in _POSTURAL:
        family, phrases = _posture_phrases(joints, entry)
    if entry.family == "dance" and not phrases:
        phrases = written("dance")
    if entry.family == "bow":
        found = describe.bows(joints)
        phrases = written("bow") + (written("bow_deep") if found and found[0].size > 50 else [])
    if not count and not whole and entry.part and family in ("kick", "punch"):
        family = "martial"
    told = list(entry.say) if whole or entry.part is None else list(entry.part)
    steady = whole or entry.part is None
    bare = entry.bare if steady else ()
    if entry.family in LOCOMOTION and not _agrees(joints, entry, in_place):
        told, bare = [], ()
    if in_place and entry.family in ("walk", "run", "crouch", "crawl", "push"):
        told, bare = [f"{text} {'in place' if len(text) % 2 else 'on the spot'}" for text in told], ()
    if count > 1 and not whole:
        told, bare = [], ()
    return Spoken(family, tuple(dict.fromkeys([*phrases, *told])), tuple(bare)), count


def caption_window(spoken: Spoken, seed: int, count: int = 9) -> list[str]:
    """Return up to ``count`` distinct captions for what may be said, the same for the same seed."""
    return captions_from(list(spoken.phrases), list(spoken.bare), np.random.default_rng(seed), count)


def caption_clip(clip: dict, joints: np.ndarray) -> list[str]:
    """Return up to 12 captions true of a whole clip with ``joints`` (frames, 22, 3), metres.

    They tell its label and what is measured, the same for the same id.
    """
    spoken, _ = speak(joints, entry_of(clip), True, bool(clip["in_place"]))
    return caption_window(spoken, _seed(clip["id"]), 12)


def _event_spans(joints: np.ndarray, entry: Entry) -> list[tuple[int, int, tuple[int, int]]]:
    """Return spans (start, end, core) around one to three neighbouring events, with calm before and after."""
    spans = []
    for kind in entry.events:
        if kind not in _EVENTFUL:
            continue
        events = events_in(joints, kind)
        bounds = [(event.start, event.end) for event in events]
        for group in (1, 2, 3):
            for index in range(len(bounds) - group + 1):
                before = bounds[index - 1][1] if index else 0
                after = bounds[index + group][0] if index + group < len(bounds) else len(joints)
                first, last = bounds[index][0], bounds[index + group - 1][1]
                start, end = (
                    max((before + first) // 2 if index else 0, first - 24),
                    min((last + after + 1) // 2, last + 28),
                )
                if 16 <= end - start <= MAX_FRAMES:
                    spans.append((start, end, (first - start, last - start)))
    return spans


def _squat_spans(joints: np.ndarray, entry: Entry) -> list[tuple[int, int, tuple[int, int]]]:
    low = joints[:, 0, 1] < 0.75
    spans = []
    for start, end in describe.runs_of(low, 4):
        if entry.family in ("sit", "crouch") and end - start >= 6:
            first, last = max(0, start - 30), min(len(joints), end + 30)
            if last - first <= MAX_FRAMES:
                spans.append((first, last, (start - first, end - first)))
            spans += [(first, start + 40, (start - first, start + 40 - first))] if end - start > 60 else []
    return spans


def _steady_spans(frames: int, lengths: tuple[int, ...]) -> list[tuple[int, int, None]]:
    spans = []
    for length in lengths:
        if length < frames:
            count = max(1, round((frames - length) / (length * 0.6)) + 1)
            starts = np.linspace(0, frames - length, min(count, 40)).astype(int)
            spans += [(int(start), int(start) + length, None) for start in dict.fromkeys(starts)]
    return spans


_AIRBORNE = frozenset({"jump", "run", "walk", "acrobatics", "fly", "climb", "hit", "aim", "sidestep", "dodge"})


def grounded(joints: np.ndarray) -> np.ndarray:
    """Let the lowest of ``joints`` (frames, 22, 3), metres, touch the floor in every frame: the same shape.

    The shift is smoothed; for motion that never leaves the floor.
    """
    low = joints[:, :, 1].min(axis=1)
    shift = describe.smooth(low, 3)
    return joints - np.stack([0 * shift, shift, 0 * shift], axis=-1)[:, None]


def usable(clip: dict, joints: np.ndarray) -> tuple[np.ndarray, int]:
    """Return the part (n, 22, 3) of a clip that can be shown, and the frame of the clip it starts at.

    Of the clip's ``joints`` (frames, 22, 3), metres, calibration poses (arms out sideways) at the ends are left out.
    Characters of the animation packs have other proportions than ours and end up over the floor when they sit or lie:
    they are let down.
    """
    family = entry_of(clip).family
    start, end = 0, len(joints)
    for first, last in describe.runs_of(describe.t_pose(joints)):
        if first <= 2 and last - first >= 3:
            start = last + 6
        elif last >= len(joints) - 2 and last - first >= 3:
            end = first - 6
    joints = joints[start : max(start, end)]
    if clip["set"] == "cc0_glb" and family not in _AIRBORNE and len(joints):
        joints = grounded(joints)
    return joints, start


def _shows(joints: np.ndarray, family: str) -> bool:
    """Tell whether a window is fit to be shown: what lies, lies; what stands, stands on the floor."""
    names = describe.postures(joints)
    if family == "sit":
        return bool((names[-8:] != "stand").any() or (names[:8] != "stand").any() or (names != "stand").mean() > 0.2)
    if family in ("lie", "get_up"):
        return bool((names == "lie").mean() > 0.1)
    if family == "crawl":
        return bool(np.isin(names, ["lie", "fours"]).mean() > 0.6)
    if family not in ("kick", "acrobatics", "weapon", "aim") and describe.top_speed(joints) > 15:
        return False
    floor = np.median(joints[:, :, 1].min(axis=1))
    return bool(floor < 0.14 or family in ("jump", "climb", "fly", "run", "acrobatics"))


def windows(clip: dict, joints: np.ndarray) -> list[Window]:
    """Return the windows of a clip that something true can be said of, 40 to 196 frames, multiples of 4.

    ``joints`` (frames, 22, 3), metres, are the clip's. A clip that is shorter stays whole (at least 8 frames); one
    label per window, or what is measured in it.
    """
    entry, frames = entry_of(clip), len(joints)
    special = "special" in clip.get("flags", ()) and entry.family == "walk"
    if entry.family == "drop" or frames < 8 or special:
        return []
    spans: list[tuple[int, int, tuple[int, int] | None]] = []
    if frames <= MAX_FRAMES:
        core = None if entry.family in LOCOMOTION | {"dance", "work"} and entry.part != () else (0, frames)
        spans.append((0, frames, core))
    spans += _event_spans(joints, entry) if frames > 50 else []
    spans += _squat_spans(joints, entry) if frames > MAX_FRAMES else []
    if frames > MAX_FRAMES:
        spans += _steady_spans(frames, (60, 92, 128, 160, 196))
    elif entry.family in LOCOMOTION and frames >= 52 and not clip["in_place"]:
        spans += _steady_spans(frames, (40, 60, 92, 128))
    return _told(clip, joints, entry, spans)


def _told(clip: dict, joints: np.ndarray, entry: Entry, spans: list) -> list[Window]:
    kept = []
    for start, end, core in spans:
        end = start + (end - start) // FRAME_MULTIPLE * FRAME_MULTIPLE
        whole = end - start >= len(joints) - FRAME_MULTIPLE and len(joints) <= MAX_FRAMES
        spoken, count = speak(joints[start:end], entry, whole, bool(clip["in_place"]))
        if spoken.phrases and _shows(joints[start:end], spoken.family):
            kept.append((start, end, core if core is None else (core[0], min(core[1], end - start)), spoken, count))
    share = np.sqrt(len(joints) / FPS) / max(len(kept), 1) * (_IN_PLACE if clip["in_place"] else 1.0)
    found = []
    for start, end, core, spoken, count in kept:
        captions = caption_window(spoken, _seed(f"{clip['id']}:{start}:{end}"))
        found.append(Window(start, end, tuple(captions), spoken.family, float(share), spoken, core, count))
    return found
