"""What all requests have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    import numpy as np

Fields = dict[str, Any]
Arrays = dict[str, "np.ndarray"]


class TaskRequest:
    """What all requests have: a ``task``, :meth:`check`, :meth:`encode`, :meth:`decode` and :meth:`check_answer`."""

    task: ClassVar[str]
    patience: ClassVar[float] = 300.0  # seconds that the work may go without a step, model load included

    def check(self) -> None:
        """Raise InputError for what cannot be done."""
        raise NotImplementedError

    def encode(self) -> tuple[Fields, Arrays]:
        """Return the fields and arrays that travel. Raises InputError as :meth:`check`."""
        self.check()
        return self._fields(), {name: array for name, array in self._arrays().items() if array is not None}

    @classmethod
    def decode(cls, fields: Fields, arrays: Arrays) -> TaskRequest:
        """Return the request that ``fields`` and ``arrays`` carry. Raises InputError as :meth:`check`."""
        request = cls._of(fields, arrays)
        request.check()
        return request

    def check_answer(self, fields: Fields, arrays: Arrays) -> None:
        """Raise ProtocolError unless ``fields`` and ``arrays`` are a result of this request."""
        raise NotImplementedError

    def _fields(self) -> Fields:
        raise NotImplementedError

    def _arrays(self) -> dict[str, np.ndarray | None]:
        return {}

    @classmethod
    def _of(cls, fields: Fields, arrays: Arrays) -> TaskRequest:
        """Take in what came, unchecked."""
        raise NotImplementedError


class DrawingRequest(TaskRequest):
    """A request that draws motion: in a ``quality`` of ``limits.QUALITIES``, None for the usual one."""

    quality: str | None


def frozen(value: Any) -> Any:
    """Return lists, at every depth, as tuples; anything else as it is, for the check to look at."""
    return tuple(map(frozen, value)) if isinstance(value, list) else value
