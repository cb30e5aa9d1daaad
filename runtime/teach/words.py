"""Which clip shows what: a CSV of file and sentence, as the user writes it or the recogniser proposes it."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from fnmatch import fnmatch
from pathlib import Path

from coamd_blender.errors import InputError
from coamd_blender.motion.files import read_text
from coamd_blender.wire.checks import tidy_prompt

_HOW = "Write lines such as: victory_*.bvh,a person does the victory dance"


def read_words(path: Path) -> list[tuple[str, str]]:
    """Return (file name or pattern, sentence) of every row of a CSV; a header of "file,sentence" is passed over.

    Raises InputError, which names the line, for a row without a sentence.
    """
    try:
        lines = csv.reader(io.StringIO(read_text(Path(path)), newline=""))
        rows = [(number, row) for number, row in enumerate(lines, start=1) if any(map(str.strip, row))]
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8 text", "Save it as UTF-8") from error
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}", "Check the path") from error
    except (csv.Error, ValueError) as error:
        raise InputError(f"{path} is not a CSV ({error})", _HOW) from error
    if rows and [cell.strip().lower() for cell in rows[0][1]] == ["file", "sentence"]:
        rows = rows[1:]
    told = []
    for number, row in rows:
        if len(row) < 2 or not row[0].strip() or not row[1].strip():
            raise InputError(f"Line {number} of {path} has no file or no sentence", _HOW)
        told.append((row[0].strip(), tidy_prompt(",".join(row[1:]))))
    if not told:
        raise InputError(f"{path} holds no sentence", _HOW)
    return told


def sentences_of(clips: Sequence[Path], words: Sequence[tuple[str, str]]) -> dict[Path, list[str]]:
    """Return the sentences of every clip that ``words`` tell of, in their order; clips they do not tell of are left
    out.

    Raises InputError for a row that no clip answers to.
    """
    found: dict[Path, list[str]] = {}
    for pattern, sentence in words:
        shown = [clip for clip in clips if fnmatch(clip.name, pattern)]
        if not shown:
            raise InputError(f"No clip is called {pattern}", "Correct the name in the file of words, or add the clip")
        for clip in shown:
            if sentence not in found.setdefault(clip, []):
                found[clip].append(sentence)
    return found
