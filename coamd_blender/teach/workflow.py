"""Teach: read the Actions, write them beside their sentences, begin the process; propose sentences; preview."""

from __future__ import annotations

import shutil

import bpy

from .. import generate
from ..core.workflow import Step, Workflow
from ..errors import InputError
from ..wire.requests import RecognizeRequest
from ..wire.requests.understanding import SEVERAL, UNKNOWN
from . import lessons, styles, work
from .properties import MANNER


def teach(context: bpy.types.Context) -> Workflow:
    """Write what the list ``scene.coamd_teach`` holds into a folder of its own and begin to teach it.

    Raises CoamdError before anything is started.
    """
    settings = context.scene.coamd_teach
    name = lessons.check(settings)
    work.python()
    out = styles.folder() / f"{bpy.path.clean_name(name)}{work.teaching.SUFFIX}"
    folder = work.teaching.folder_of(out)
    if folder.exists() or out.exists():
        raise InputError(f"There is a style {name!r} already", "Choose another name, or remove it")
    licence, count, kind = " ".join(settings.licence.split()), len(settings.lessons), settings.kind
    steps = settings.steps if kind == MANNER else 0
    making = folder.with_name(f"{folder.name}.making")
    shutil.rmtree(making, ignore_errors=True)
    (making / work.CLIPS).mkdir(parents=True)
    try:
        words = []
        for number in range(count):
            yield Step("Reading clips", number, count)
            row = _row(number, count)
            entry, sentence = row.name, " ".join(row.sentence.split())
            subject = lessons.subject_of(row)
            if subject is None:
                file = lessons.copy_file(row, number, making / work.CLIPS)
            else:
                reading = yield from subject.read()
                file = lessons.file_name(number, entry, ".npz")
                lessons.write_joints(making / work.CLIPS / file, entry, reading.joints)
            words.append((file, sentence))
        lessons.write_words(making / work.WORDS, words)
        work.note(making, name, licence, kind, steps)
        making.rename(folder)
    finally:
        shutil.rmtree(making, ignore_errors=True)
    work.start(work.state(folder))
    return f"Teaching {name}; it goes on when Blender ends"


def propose(context: bpy.types.Context) -> Workflow:
    """Fill in the sentences that are empty: by the recogniser's answer, or by the entry's name where it has none."""
    settings = context.scene.coamd_teach
    count = len(settings.lessons)
    empty = [number for number, row in enumerate(settings.lessons) if not row.sentence.strip()]
    if not empty:
        raise InputError("Every entry has a sentence", "Clear those that are to be proposed")
    for number in empty:
        row = _row(number, count)
        name, subject, label = row.name, lessons.subject_of(row), UNKNOWN
        if subject is not None:
            reading = yield from subject.read()
            answer = yield RecognizeRequest(reading.joints, None, 1)
            label = answer.fields["labels"][0]["label"]
        _row(number, count).sentence = sentence_of(name, label)
    return f"Proposed {len(empty)} sentences; correct what the style is to be asked for by"


def sentence_of(name: str, label: str) -> str:
    """Return the sentence proposed for an entry called ``name`` that the recogniser finds to be ``label``."""
    if label in (UNKNOWN, SEVERAL):
        return f"a person does the {' '.join(name.replace('_', ' ').replace('.', ' ').lower().split())}"
    return f"a person is {label}"


def _row(number: int, count: int) -> bpy.types.PropertyGroup:
    """Return an entry of the list. Raises InputError when the list was changed meanwhile."""
    rows = bpy.context.scene.coamd_teach.lessons
    if len(rows) != count:
        raise InputError("The list was changed meanwhile", "Press the button again")
    return rows[number]


def preview(context: bpy.types.Context, name: str) -> Workflow:
    """Make the first sentence that is taught, in the style as far as it has come; it stays on in the list of styles."""
    told = work.named(name)
    path = told.out if told.phase == "TAUGHT" else told.so_far
    if path is None:
        raise InputError(f"{name!r} has not come far enough", "Wait for its clips to be read")
    settings = context.scene.coamd
    generate.styles.put_on(settings, name, path)
    settings.prompt = styles.read(path).words[0]
    return generate.workflow.generate(context)
