"""Requests that need the recogniser or a library: recognize, sort, search, index, motion, known, store."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from ... import wire
from ...errors import InputError
from .. import limits
from ..checks import check_file, check_files, check_number, check_whole, is_texts
from .base import Arrays, Fields, TaskRequest, frozen

if TYPE_CHECKING:
    import numpy as np

# What recognition says where no label fits: at all, or all of a motion of several actions.
UNKNOWN, SEVERAL = "unknown", "several actions"
_LARGEST = 2**62  # of ids, sizes and times


@dataclass(frozen=True, eq=False)
class RecognizeRequest(TaskRequest):
    """Say what ``joints`` (frames, 22, 3) are: the ``top`` likeliest of ``labels`` (None: the bundled ones) and, with
    ``segments``, what happens when.

    Result: fields ``labels`` [{label, score}] and ``segments`` [{start, stop, label, score}]; the latter also unasked
    where the first label is SEVERAL.
    """

    task: ClassVar[str] = "recognize"
    joints: np.ndarray
    labels: tuple[str, ...] | None = None
    top: int = limits.DEFAULT_LABELS
    segments: bool = False

    def check(self) -> None:
        """Raise InputError for a motion or labels that cannot be used."""
        check_whole("The number of labels", self.top, 1, limits.MOST_RESULTS)
        if self.labels is not None and not is_texts(self.labels):
            raise InputError("The labels are not a list of texts", "Send a list, or leave it out")
        wire.array_checks.check_clip(self.joints)
        wire.array_checks.check_motion(self.joints)

    def check_answer(self, fields: Fields, arrays: Arrays) -> None:
        """Raise ProtocolError unless there are labels, and segments inside the motion where they were asked for."""
        guess = {"label": "a text", "score": "a number"}
        wire.answers.owe(bool(wire.answers.rows(fields, "labels", self.top, guess)), "has no label")
        if not self.segments:
            return
        whole = {"start": "a whole number", "stop": "a whole number"}
        for row in wire.answers.rows(fields, "segments", len(self.joints), guess | whole):
            inside = 0 <= row["start"] < row["stop"] <= len(self.joints)
            wire.answers.owe(inside, f"has a segment {row['start']} to {row['stop']} of {len(self.joints)} frames")

    def _fields(self) -> Fields:
        labels = None if self.labels is None else list(self.labels)
        return {"labels": labels, "top": self.top, "segments": self.segments}

    def _arrays(self) -> dict[str, np.ndarray | None]:
        return {"joints": self.joints}

    @classmethod
    def _of(cls, fields: Fields, arrays: Arrays) -> RecognizeRequest:
        top = fields.get("top", limits.DEFAULT_LABELS)
        return cls(arrays.get("joints"), frozen(fields.get("labels")), top, bool(fields.get("segments")))


@dataclass(frozen=True, eq=False)
class SortRequest(TaskRequest):
    """Say which of ``labels`` each of several motions of one source shows, by how they differ from one another.

    ``joints`` (frames, 22, 3) are those of all motions, one after the other, ``lengths`` frames each. Progress after
    each label, which is drawn, where a cancel is heard. Result: fields ``sorted``, of each motion [{label, score}], the
    ``top`` likeliest, and ``notes`` (lines for the user).
    """

    task: ClassVar[str] = "sort"
    joints: np.ndarray
    lengths: tuple[int, ...]
    labels: tuple[str, ...]
    top: int = limits.DEFAULT_LABELS

    def check(self) -> None:
        """Raise InputError for motions or labels that cannot be used."""
        check_whole("The number of labels", self.top, 1, limits.MOST_RESULTS)
        if not is_texts(self.labels):
            raise InputError("The labels are not a list of texts", "Send a list")
        if not isinstance(self.lengths, tuple) or any(type(length) is not int for length in self.lengths):
            raise InputError("The lengths of the motions are not whole numbers", "Send how many frames each has")
        if len(self.lengths) < limits.FEWEST_SORTED:
            raise InputError(
                f"{len(self.lengths)} motions are too few to be sorted by comparing them",
                f"Give {limits.FEWEST_SORTED} or more of one source, or recognize each by itself",
            )
        if len(self.lengths) > limits.MOST_SORTED:
            raise InputError(f"{len(self.lengths)} motions are more than {limits.MOST_SORTED}", "Sort them in parts")
        wire.array_checks.check_clip(self.joints)
        if sum(self.lengths) != len(self.joints):
            raise InputError(
                f"Motions of {sum(self.lengths)} frames in all and joints of {len(self.joints)} do not belong together",
                "Send the joints of all motions, one after the other",
            )
        if min(self.lengths) < limits.SHORTEST_FRAMES:
            raise InputError(
                f"A motion of {min(self.lengths)} frames is too short",
                f"Leave out what has fewer than {limits.SHORTEST_FRAMES} frames",
            )

    def motions(self) -> list[np.ndarray]:
        """Return the motions (frames, 22, 3), of any unit, one by one."""
        stops = list(itertools.accumulate(self.lengths))
        return [self.joints[stop - length : stop] for length, stop in zip(self.lengths, stops, strict=True)]

    def check_answer(self, fields: Fields, arrays: Arrays) -> None:
        """Raise ProtocolError unless each motion has a label, and what is noted is lines."""
        found = wire.answers.field(fields, "sorted", "a list")
        wire.answers.notes(fields)
        wire.answers.owe(len(found) == len(self.lengths), f"has sorted {len(found)} of {len(self.lengths)} motions")
        for row in found:
            guesses = wire.answers.rows({"labels": row}, "labels", self.top, {"label": "a text", "score": "a number"})
            wire.answers.owe(bool(guesses), "has no label")

    def _fields(self) -> Fields:
        return {"labels": list(self.labels), "lengths": list(self.lengths), "top": self.top}

    def _arrays(self) -> dict[str, np.ndarray | None]:
        return {"joints": self.joints}

    @classmethod
    def _of(cls, fields: Fields, arrays: Arrays) -> SortRequest:
        told = (frozen(fields.get(name)) for name in ("lengths", "labels"))
        return cls(arrays.get("joints"), *told, fields.get("top", limits.DEFAULT_LABELS))


@dataclass(frozen=True, eq=False)
class LibraryRequest(TaskRequest):
    """A request about the library in the folder ``library``."""

    library: str

    def check(self) -> None:
        """Raise InputError when no library is named."""
        check_file(self.library, "The library")


@dataclass(frozen=True, eq=False)
class SearchRequest(LibraryRequest):
    """Find the ``top`` clips of a library that are like one of ``text``, ``clip`` (a path, path#name or id) and
    ``joints`` (frames, 22, 3); of the latter two only ``frames`` (start, stop), moved by the words ``and_text``.

    ``poses``: that many moments of each window found come along. ``starter``: a library that is not there is begun
    with the clips that ship. Result: fields ``results`` and ``notes`` (lines for the user, such as that nothing is
    close), array ``poses`` float32 (results, poses, 22, 3).
    """

    task: ClassVar[str] = "search"
    text: str | None = None
    clip: str | int | None = None
    joints: np.ndarray | None = None
    frames: tuple[int, int] | None = None
    and_text: str | None = None
    weight: float = limits.DEFAULT_SHIFT
    top: int = limits.DEFAULT_RESULTS
    poses: int | None = None
    starter: bool = False

    def check(self) -> None:
        """Raise InputError unless one thing is looked for and all else fits it."""
        super().check()
        given = sum(value is not None for value in (self.text, self.clip, self.joints))
        if given != 1 or not isinstance(self.text, (str, type(None))):
            raise InputError("The request does not say what to search for", "Send one of text, clip and joints")
        if self.text is not None and not self.text.strip():
            raise InputError(
                "The text to search for is empty", "Describe a motion, such as: a person walks in a circle"
            )
        if self.text is not None and (self.frames is not None or self.and_text is not None):
            raise InputError("Frames and words to add belong to a clip", "Say all of it in the text")
        if self.clip is not None and type(self.clip) is not int and not isinstance(self.clip, str):
            raise InputError(f"{self.clip!r} is not a clip", "Send a path, path#name or id")
        if isinstance(self.clip, str):
            check_file(self.clip, "The clip")
        if self.joints is not None:
            wire.array_checks.check_clip(self.joints)
        if self.frames is not None:
            self._check_frames(self.frames)
        if self.and_text is not None and not self.and_text.strip():
            raise InputError("The words to add are empty", "Say what should differ, such as: backwards")
        check_number("The weight", self.weight, limits.LARGEST_SHIFT)
        check_whole("The number of results", self.top, 1, limits.MOST_RESULTS)
        if self.poses is not None:
            check_whole("The number of poses", self.poses, 1, limits.MOST_POSES)

    def check_answer(self, fields: Fields, arrays: Arrays) -> None:
        """Raise ProtocolError unless there are results, with their poses where those were asked for."""
        whole, text, number = "a whole number", "a text", "a number"
        kinds = {"id": whole, "clip": text, "path": text, "labels": "a list of texts", "licence": text, "source": text}
        kinds |= {"status": text, "score": number, "seconds": number, "frames": "a list"}
        found = wire.answers.rows(fields, "results", self.top, kinds)
        wire.answers.notes(fields)
        for row in found:
            frames = row["frames"]
            good = len(frames) == 2 and all(type(frame) is int for frame in frames)
            good = good and 0 <= frames[0] < frames[1] <= limits.LARGEST_SEED
            wire.answers.owe(good, f"has frames {frames!r:.40}, which are not a range")
        if self.poses is not None and found:
            wire.answers.joints(arrays, (len(found), self.poses), "poses")

    @staticmethod
    def _check_frames(frames: Any) -> None:
        if not isinstance(frames, tuple) or len(frames) != 2 or any(type(item) is not int for item in frames):
            told = list(frames) if isinstance(frames, tuple) else frames
            raise InputError(
                f"The frames {told!r} are not a range", "Send two whole numbers: the first, and one past the last"
            )

    def _fields(self) -> Fields:
        told: Fields = {"library": self.library, "starter": self.starter, "top": self.top}
        optional = {"poses": self.poses, "text": self.text, "clip": self.clip}
        optional["frames"] = None if self.frames is None else list(self.frames)
        optional["and_text"] = self.and_text
        optional["weight"] = self.weight if self.weight != limits.DEFAULT_SHIFT else None
        return told | {name: value for name, value in optional.items() if value is not None}

    def _arrays(self) -> dict[str, np.ndarray | None]:
        return {"joints": self.joints}

    @classmethod
    def _of(cls, fields: Fields, arrays: Arrays) -> SearchRequest:
        added, weight = fields.get("and_text"), fields.get("weight")
        return cls(
            fields.get("library"),
            fields.get("text"),
            fields.get("clip"),
            arrays.get("joints"),
            frozen(fields.get("frames")),
            None if added is None else str(added),
            limits.DEFAULT_SHIFT if weight is None else weight,
            fields.get("top", limits.DEFAULT_RESULTS),
            fields.get("poses"),
            bool(fields.get("starter")),
        )


@dataclass(frozen=True, eq=False)
class IndexRequest(LibraryRequest):
    """Read ``folders`` and all below them into a library. ``licence`` and ``source`` are noted with the clips;
    ``rebuild`` embeds all stored clips anew. Progress after each file, where a cancel is heard.

    Result: the fields that the verb index prints.
    """

    task: ClassVar[str] = "index"
    patience: ClassVar[float] = 1800.0  # a step is a file, or a clip that is embedded
    folders: tuple[str, ...] = ()
    licence: str = ""
    source: str = ""
    starter: bool = False
    rebuild: bool = False

    def check(self) -> None:
        """Raise InputError when there is nothing to read."""
        super().check()
        if not is_texts(self.folders) or not (self.folders or self.rebuild):
            raise InputError("The request does not name folders", "Send a list of paths")
        check_files(self.folders)

    def check_answer(self, fields: Fields, arrays: Arrays) -> None:
        """Raise ProtocolError unless it is told what became of the files."""
        for name in ("added", "updated", "unchanged", "broken", "vanished"):
            wire.answers.field(fields, name, "a whole number")
        wire.answers.field(fields, "problems", "a list of texts")

    def _fields(self) -> Fields:
        told: Fields = {"library": self.library, "licence": self.licence, "source": self.source}
        told |= {"folders": list(self.folders), "starter": self.starter}
        return told | ({"rebuild": True} if self.rebuild else {})

    @classmethod
    def _of(cls, fields: Fields, arrays: Arrays) -> IndexRequest:
        origin = (str(fields.get(name, "")) for name in ("licence", "source"))
        flags = (bool(fields.get(name)) for name in ("starter", "rebuild"))
        return cls(fields.get("library"), frozen(fields.get("folders", [])), *origin, *flags)


@dataclass(frozen=True, eq=False)
class MotionRequest(LibraryRequest):
    """Fetch clip ``id`` of a library. Result: its facts, and array ``joints`` float32 (frames, 22, 3)."""

    task: ClassVar[str] = "motion"
    patience: ClassVar[float] = 120.0  # longer than another program's lock on the library is waited for
    id: int = 0

    def check(self) -> None:
        """Raise InputError for what is not an id."""
        super().check()
        check_whole("The id", self.id, 0, _LARGEST)

    def check_answer(self, fields: Fields, arrays: Arrays) -> None:
        """Raise ProtocolError unless there is a motion."""
        wire.answers.field(fields, "fps", "a frame rate")
        wire.answers.joints(arrays, (None,))

    def _fields(self) -> Fields:
        return {"library": self.library, "id": self.id}

    @classmethod
    def _of(cls, fields: Fields, arrays: Arrays) -> MotionRequest:
        return cls(fields.get("library"), fields.get("id"))


@dataclass(frozen=True, eq=False)
class KnownRequest(LibraryRequest):
    """Ask which of ``paths`` a library knows; one that is not there, or not named, knows none.

    Result: field ``files`` {path: {size, mtime_ns, digest, status, problem}}.
    """

    task: ClassVar[str] = "known"
    patience: ClassVar[float] = 120.0  # longer than another program's lock on the library is waited for
    paths: tuple[str, ...] = ()

    def check(self) -> None:
        """Raise InputError unless files are named."""
        if not is_texts(self.paths):
            raise InputError("The request does not name files", "Send a list of paths")
        check_files(self.paths)

    def check_answer(self, fields: Fields, arrays: Arrays) -> None:
        """Raise ProtocolError unless it is told what is known of each file."""
        files = wire.answers.field(fields, "files", "an object")
        for name, facts in files.items():
            wire.answers.owe(isinstance(facts, dict), f"has facts of {name!r:.40} that are not an object")
            for key in ("digest", "problem"):
                wire.answers.field(facts, key, "a text")

    def _fields(self) -> Fields:
        return {"library": self.library, "paths": list(self.paths)}

    @classmethod
    def _of(cls, fields: Fields, arrays: Arrays) -> KnownRequest:
        return cls(fields.get("library") or "", frozen(fields.get("paths")))


@dataclass(frozen=True, eq=False)
class StoreRequest(LibraryRequest):
    """Put a file that the client has read into a library: its ``clips``, each a dictionary ``name``, ``labels`` (list
    of text, optional) and ``frames``, and their ``joints`` (all frames, 22, 3), one clip after the other; or a
    ``problem``, one line on why there are none. Result: field ``clips``, how many the library holds of it.
    """

    task: ClassVar[str] = "store"
    path: str = ""
    size: int = 0
    mtime_ns: int = 0
    digest: str = ""
    licence: str = ""
    source: str = ""
    clips: Sequence[dict[str, Any]] = ()
    problem: str = ""
    joints: np.ndarray | None = None

    def check(self) -> None:
        """Raise InputError for a file that is not named, and for clips that do not fit the joints."""
        super().check()
        if not isinstance(self.digest, str):
            raise InputError("The request does not name a file", "Send its path, size, mtime_ns and digest")
        check_file(self.path, "The file")
        check_whole("The size", self.size, 0, _LARGEST)
        check_whole("The time of change", self.mtime_ns, 0, _LARGEST)
        if not self.problem:
            self._check_clips()

    def check_answer(self, fields: Fields, arrays: Arrays) -> None:
        """Raise ProtocolError unless it is told how many clips were stored."""
        wire.answers.field(fields, "clips", "a whole number")

    def _check_clips(self) -> None:
        if not isinstance(self.clips, (list, tuple)) or not self.clips or self.joints is None:
            raise InputError("The request holds no clips", "Send clips and their joints, or a problem")
        wire.array_checks.check_clip(self.joints)
        start = 0
        for clip in self.clips:
            named = isinstance(clip, dict) and isinstance(clip.get("name"), str) and is_texts(clip.get("labels", []))
            if not named:
                raise InputError(f"{clip!r} is not a clip", "Send name, labels and frames of each")
            check_whole("The number of frames", clip.get("frames"), 1, 10**7)
            wire.array_checks.check_motion(self.joints[start : start + clip["frames"]])
            start += clip["frames"]
        if start != len(self.joints):
            raise InputError(f"The clips have {start} frames, the joints {len(self.joints)}", "Send as many of each")

    def _fields(self) -> Fields:
        told = {name: getattr(self, name) for name in ("library", "licence", "source", "path", "size", "mtime_ns")}
        return told | {"digest": self.digest, "clips": list(self.clips), "problem": self.problem}

    def _arrays(self) -> dict[str, np.ndarray | None]:
        return {"joints": self.joints}

    @classmethod
    def _of(cls, fields: Fields, arrays: Arrays) -> StoreRequest:
        facts = (fields.get(name) for name in ("library", "path", "size", "mtime_ns", "digest"))
        origin = (str(fields.get(name, "")) for name in ("licence", "source"))
        return cls(*facts, *origin, fields.get("clips"), str(fields.get("problem") or ""), arrays.get("joints"))
