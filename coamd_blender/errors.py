"""Errors written for the person who reads them.

    CoamdError                 anything the user can act on: a message and a remedy
      InputError               a prompt, number, clip or file that cannot be used
        DataError              a motion file or data set that cannot be read
      RigError                 an armature that cannot carry the motion
      WeightsError             a weights file that is missing, torn, or of another version
      RuntimeUnavailable       the runtime process cannot be started, or has ended
        RuntimeSilent          it runs, and nothing is heard of it any more
      ProtocolError            bytes on the wire that are not the framed protocol
      OfflineError             a download was needed and online access is off
      Cancelled                the user asked to stop; not a failure

Raise with ``raise InputError("what is wrong", "what to do")``. ``str(error)`` is one line holding both, each at most
LONGEST letters: what a stranger's file put into it, such as a path of 400,000, must still be shown and sent.

A leaf: standard library only.
"""

from __future__ import annotations

LONGEST = 1000


class CoamdError(Exception):
    """An error with a remedy. ``message`` says what is wrong, ``hint`` what to do; both one line."""

    code = "error"

    def __init__(self, message: str, hint: str = ""):
        super().__init__(message, hint)
        self.message = _one_line(message)
        self.hint = _one_line(hint)

    def __str__(self) -> str:
        return f"{self.message} - {self.hint}" if self.hint else self.message


def _one_line(text: str) -> str:
    """Return ``text`` on one line, its middle left out where it is too long, letters that are not Unicode as "?"."""
    if len(text) > 4 * LONGEST:  # before the work on it, which is bounded with it
        text = f"{text[: 2 * LONGEST]} {text[-2 * LONGEST :]}"
    line = " ".join(text.split()).encode("utf-8", "replace").decode("utf-8")
    return line if len(line) <= LONGEST else f"{line[: LONGEST // 2 - 3]} ... {line[-LONGEST // 2 + 2 :]}"


class InputError(CoamdError):
    """A prompt, number, clip or file that cannot be used."""

    code = "bad_input"


class DataError(InputError):
    """A motion file or data set that cannot be read."""

    code = "bad_data"


class RigError(CoamdError):
    """An armature that cannot carry the motion."""

    code = "bad_rig"


class WeightsError(CoamdError):
    """A weights file that is missing, torn, or of another version."""

    code = "bad_weights"


class RuntimeUnavailable(CoamdError):
    """The runtime process cannot be started, or has ended."""

    code = "no_runtime"


class RuntimeSilent(RuntimeUnavailable):
    """The runtime process runs, and nothing is heard of it any more."""

    code = "silent"


class ProtocolError(CoamdError):
    """Bytes on the wire that are not the framed protocol."""

    code = "bad_frame"


class OfflineError(CoamdError):
    """A download was needed and online access is off."""

    code = "offline"


class Cancelled(CoamdError):
    """The user asked to stop."""

    code = "cancelled"

    def __init__(self, message: str = "Cancelled", hint: str = ""):
        super().__init__(message, hint)


def all_errors() -> dict[str, type[CoamdError]]:
    """Return every error class by its ``code``, so that an error can cross the wire and be raised again."""
    found = {CoamdError.code: CoamdError}
    pending = [CoamdError]
    while pending:
        for subclass in pending.pop().__subclasses__():
            found[subclass.code] = subclass
            pending.append(subclass)
    return found
