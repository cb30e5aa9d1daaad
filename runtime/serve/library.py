"""The server's tasks around the recogniser: recognize, search, index, motion. No maths, and no heavy imports.

recognize  array ``joints`` (frames, 22, 3), fields ``labels`` (list of text, or None for the bundled ones), ``top``,
           ``segments`` (bool); result: fields ``labels`` [{label, score}], ``segments`` [{start, stop, label, score}]
search     field ``library`` and one of: field ``text``, field ``clip`` (a path, path#name or id), array ``joints``;
           fields ``frames`` [start, stop] and ``and_text``, ``weight`` for a clip or joints, ``top``;
           ``starter`` (bool): a library that is not there is begun with the clips that ship; ``poses`` (number):
           result: field ``results``, as the verb search prints them, and array ``poses`` float32
           (results, poses, 22, 3), that many moments of each window that was found
index      fields ``library``, ``folders`` (list of text), ``licence``, ``source``, ``rebuild`` (bool); progress after
           each file, and a cancel is heard there; result: the fields that the verb index prints
motion     fields ``library``, ``id``; result: array ``joints`` float32 (frames, 22, 3) and the clip's facts
known      fields ``library``, ``paths``; result: field ``files`` {path: {size, mtime_ns, digest, status, problem}} of
           those that the library knows
store      a file that the client has read: fields ``library``, ``path``, ``size``, ``mtime_ns``, ``digest``,
           ``licence``, ``source``, ``clips`` [{name, labels, frames}], array ``joints`` (all frames, 22, 3), one clip
           after the other; or field ``problem``, a line on why it has none; result: field ``clips``, how many now

All methods are called from one thread, as the server promises.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from coamd_blender.errors import InputError
from coamd_blender.motion.skeleton import JOINT_COUNT
from runtime.library.database import FACTS, complaint
from runtime.serve.server import Arrays, Fields, Report

MOST_RESULTS = 1000
MOST_POSES = 64


class UnderstandingTasks:
    """The tasks of a server that need :class:`runtime.understand.Recognizer`, loaded when the first of them comes."""

    names = ("recognize", "search", "index", "motion", "known", "store")

    def __init__(self, device: str = "auto", weights: Path | None = None):
        self._device, self._weights = device, weights
        self._recognizer: Any = None
        self._libraries: dict[str, tuple[Any, Any]] = {}  # folder: Library and Searcher

    def load(self) -> None:
        """Load the recogniser unless it is loaded. Raises WeightsError and InputError."""
        if self._recognizer is None:
            from runtime.recognize import Recognizer

            self._recognizer = Recognizer.load(self._weights, self._device)

    def recognizer(self) -> Any:
        """The recogniser, loaded unless it is. Raises WeightsError and InputError."""
        self.load()
        return self._recognizer

    def unload(self) -> None:
        """Drop the recogniser and close the libraries."""
        self._recognizer = None
        for library, _ in self._libraries.values():
            library.close()
        self._libraries.clear()

    def run(self, task: str, fields: Fields, arrays: Arrays, report: Report) -> tuple[Fields, Arrays]:
        """Do one request. Raises CoamdError for what cannot be used, Cancelled from ``report``."""
        try:
            return self._do(task, fields, arrays, report)
        except sqlite3.Error as error:
            if told := complaint(error, Path(str(fields.get("library")))):
                raise told from error
            raise

    def _do(self, task: str, fields: Fields, arrays: Arrays, report: Report) -> tuple[Fields, Arrays]:
        if task == "motion":  # Apply need not wait for the recogniser
            return self._motion(fields)
        if task == "known":
            return self._known(fields)
        report("loading", 0, 0, None)
        self.load()
        if task == "recognize":
            return self._recognize(fields, arrays)
        if task == "store":
            return self._store(fields, arrays)
        return self._search(fields, arrays, report) if task == "search" else self._index(fields, report)

    def _recognize(self, fields: Fields, arrays: Arrays) -> tuple[Fields, Arrays]:
        labels, top = fields.get("labels"), _whole(fields, "top", 5, 1, MOST_RESULTS)
        if labels is not None and not _texts(labels):
            raise InputError("The labels are no list of texts", "Send a list, or leave it out")
        if "joints" not in arrays:
            raise InputError("The request has no joints", "Send joints (frames, 22, 3)")
        found = self._recognizer.recognize(arrays["joints"], labels, top)
        told: Fields = {"labels": [{"label": label, "score": float(score)} for label, score in found]}
        if fields.get("segments"):
            told["segments"] = [
                {"start": int(start), "stop": int(stop), "label": label, "score": float(score)}
                for start, stop, label, score in self._recognizer.segments(arrays["joints"], labels)
            ]
        return told, {}

    def _search(self, fields: Fields, arrays: Arrays, report: Report) -> tuple[Fields, Arrays]:
        library, searcher = self._library(fields, report)
        library.embed_waiting(self._recognizer)
        wanted = self._query(fields, arrays, library, searcher)
        hits = searcher.search(wanted.vector, _whole(fields, "top", 10, 1, MOST_RESULTS))
        found: Arrays = {}
        if fields.get("poses") is not None:
            found["poses"] = _poses(library, hits, _whole(fields, "poses", None, 1, MOST_POSES))
        return {"results": [hit.as_json() for hit in hits]}, found

    def _query(self, fields: Fields, arrays: Arrays, library: Any, searcher: Any) -> Any:
        from runtime.library import query

        text, clip, frames = fields.get("text"), fields.get("clip"), _frames(fields.get("frames"))
        given = [text is not None, clip is not None, "joints" in arrays]
        if sum(given) != 1 or (text is not None and not isinstance(text, str)):
            raise InputError("The request does not say what to search for", "Send one of text, clip and joints")
        if given[0]:
            wanted = query.of_text(text, self._recognizer)
        elif given[2]:
            wanted = query.of_motion(arrays["joints"], self._recognizer, frames)
        elif type(clip) is int:
            wanted = query.of_stored(library.clip(clip), library, self._recognizer, frames)
        else:
            wanted = query.of_clip(str(clip), library, self._recognizer, frames)
        if fields.get("and_text") is not None:
            words, weight = str(fields["and_text"]), fields.get("weight", query.SHIFT)
            if not isinstance(weight, (int, float)) or not 0 <= weight <= 10:
                raise InputError(f"The weight {weight!r} is no number from 0 to 10", "Leave it out, or send one")
            wanted = query.shifted(wanted, words, searcher, self._recognizer, weight)
        return wanted

    def _index(self, fields: Fields, report: Report) -> tuple[Fields, Arrays]:
        from runtime.library.index import IndexReport, index_folders

        folders = fields.get("folders", [])
        if not _texts(folders) or not (folders or fields.get("rebuild")):
            raise InputError("The request names no folders", "Send a list of paths")
        library, searcher = self._library(fields, report, create=bool(folders))
        if fields.get("rebuild"):
            library.rebuild(self._recognizer, lambda done, total: report("embedding", done, total, None))
        told = IndexReport()
        if folders:
            told = index_folders(
                library,
                folders,
                self._recognizer,
                lambda done, total, _: report("indexing", done, total, None),
                str(fields.get("licence", "")),
                str(fields.get("source", "")),
            )
        searcher.prepare(lambda done, total: report("preparing the search", done, total, None))
        return {**asdict(told), "total": library.counts()}, {}

    def _known(self, fields: Fields) -> tuple[Fields, Arrays]:
        paths = fields.get("paths")
        if not _texts(paths):
            raise InputError("The request names no files", "Send a list of paths")
        if not Path(str(fields.get("library") or ""), FACTS).is_file():
            return {"files": {}}, {}
        library, _ = self._library(fields)
        told = {}
        for facts in filter(None, map(library.file, paths)):
            told[facts.path] = {key: getattr(facts, key) for key in ("size", "mtime_ns", "digest", "status", "problem")}
        return {"files": told}, {}

    def _store(self, fields: Fields, arrays: Arrays) -> tuple[Fields, Arrays]:
        from runtime.library.records import FileFacts

        path, digest = fields.get("path"), fields.get("digest")
        problem = str(fields.get("problem") or "")
        if not (isinstance(path, str) and path and isinstance(digest, str)):
            raise InputError("The request names no file", "Send its path, size, mtime_ns and digest")
        sizes = [_whole(fields, name, None, 0, 2**62) for name in ("size", "mtime_ns")]
        clips = [] if problem else _clips(fields.get("clips"), arrays.get("joints"))
        library, searcher = self._library(fields, create=True)
        state = library.begin_embeddings(self._recognizer)
        origin = (str(fields.get("licence", "")), str(fields.get("source", "")))
        facts = FileFacts(path, *sizes, digest, "broken" if problem else "here", problem, *origin)
        library.put_file(facts, None if problem else clips, state)
        library.embed_waiting(self._recognizer)
        searcher.prepare()
        return {"clips": len(clips)}, {}

    def _motion(self, fields: Fields) -> tuple[Fields, Arrays]:
        library, _ = self._library(fields)
        clip = library.clip(_whole(fields, "id", None, 0, 2**62))
        return {**asdict(clip), "labels": list(clip.labels)}, {"joints": library.joints(clip.id)}

    def _library(self, fields: Fields, report: Report | None = None, create: bool = False) -> tuple[Any, Any]:
        from runtime.library.search import Searcher
        from runtime.library.store import Library

        folder = fields.get("library")
        if not isinstance(folder, str) or not folder:
            raise InputError("The request names no library", "Send its folder")
        if folder in self._libraries and not Path(folder, FACTS).is_file():  # deleted since
            self._libraries.pop(folder)[0].close()
        if report is not None and fields.get("starter") and not Path(folder, FACTS).is_file():
            self._begin(folder, report)
        if folder not in self._libraries:
            library = Library.create(folder) if create else Library.open(folder)
            self._libraries[folder] = library, Searcher(library)
        return self._libraries[folder]

    def _begin(self, folder: str, report: Report) -> None:
        """Begin a library with the clips that ship. It is made beside its place, so that it is there whole or not."""
        from runtime.library.starter import begin

        begin(Path(folder), self._recognizer, lambda done, total: report("preparing the library", done, total, None))


def _poses(library: Any, hits: Sequence[Any], count: int) -> np.ndarray:
    """Return ``count`` moments of each hit's window: float32 (hits, count, 22, 3)."""
    poses = np.zeros((len(hits), count, JOINT_COUNT, 3), np.float32)
    for row, hit in enumerate(hits):
        moments = np.linspace(hit.start, hit.stop - 1, count).round().astype(int)
        poses[row] = library.joints(hit.clip.id)[moments]
    return poses


def _clips(told: Any, joints: np.ndarray | None) -> list[Any]:
    """Return the clips of a store request. Raises InputError when they do not fit the joints."""
    from runtime.library.records import ReadClip
    from runtime.recognize import check_motion

    if not isinstance(told, list) or not told or joints is None:
        raise InputError("The request holds no clips", "Send clips and their joints, or a problem")
    clips, start = [], 0
    for clip in told:
        if not isinstance(clip, dict) or not isinstance(clip.get("name"), str) or not _texts(clip.get("labels", [])):
            raise InputError(f"{clip!r} is no clip", "Send name, labels and frames of each")
        frames = _whole(clip, "frames", None, 1, 10**7)
        part = check_motion(joints[start : start + frames]).astype(np.float32)
        clips.append(ReadClip(clip["name"], part, tuple(clip.get("labels", []))))
        start += frames
    if start != len(joints):
        raise InputError(f"The clips have {start} frames, the joints {len(joints)}", "Send as many of each")
    return clips


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _whole(fields: Fields, name: str, default: int | None, least: int, most: int) -> int:
    value = fields.get(name, default)
    if type(value) is not int or not least <= value <= most:
        raise InputError(f"The field {name} is {value!r}", f"Send a whole number from {least} to {most}")
    return value


def _frames(value: Any) -> tuple[int, int] | None:
    if value is None:
        return None
    if not isinstance(value, list) or len(value) != 2 or any(type(item) is not int for item in value):
        raise InputError(
            f"The frames {value!r} are no range", "Send two whole numbers: the first, and one past the last"
        )
    return value[0], value[1]
