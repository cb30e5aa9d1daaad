"""The runtime's own server and library with stand-ins for the recogniser and the generator. Started as a custom
command.

It knows a motion by the height of the wrists: raised arms are "raise arms", a moving pelvis is "walk", else "stand".
"""

import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np

sys.path[:0] = [str(Path(__file__).resolve().parents[2]), str(Path(__file__).resolve().parents[1])]

from library_fakes import FakeEmbedder  # noqa: E402

from coamd_blender.motion.skeleton import rest_joints  # noqa: E402
from runtime.serve.models import Models  # noqa: E402
from runtime.serve.server import serve, take_over_stdio  # noqa: E402
from runtime.serve.tasks import RuntimeTasks  # noqa: E402

WORDS = ("walk", "raise arms", "stand", "unknown")


def named(joints):
    """The label of joints (frames, 22, 3)."""
    if (joints[:, 20:, 1] > joints[:, 15:16, 1]).mean() > 0.5:
        return "raise arms"
    return "walk" if np.ptp(joints[:, 0, 2]) > 0.3 else "stand"


class FakeRecognizer(FakeEmbedder):
    """See the module."""

    def recognize(self, joints, labels=None, top=5):
        first = named(joints)
        others = [label for label in labels or WORDS if label != first]
        return [(first if not labels or first in labels else "unknown", 0.7), *((other, 0.1) for other in others)][:top]

    def segments(self, joints, labels=None):
        half = len(joints) // 2
        return [(0, half, named(joints[:half]), 0.6), (half, len(joints), named(joints[half:]), 0.6)]

    def embed_texts(self, texts):
        """Words lie where the motions they name do: every text is the mean joints of one of two made-up motions."""
        from library_fakes import motion

        return self.embed_motions([motion(int("".join(filter(str.isdigit, text)) or 0)) for text in texts])


class FakeGenerator:
    """Draws what FakeRecognizer knows by its name, of any other name a body that stands."""

    device = SimpleNamespace(type="cpu")

    def generate(self, prompts, frames, seeds):
        joints = np.repeat(rest_joints()[None], frames, axis=0)
        if "raise arms" in prompts[0]:
            joints[:, 20:, 1] += 1.0
        elif "walk" in prompts[0]:
            joints[..., 2] += np.linspace(0, 2, frames)[:, None]
        return np.stack([joints] * len(prompts))


class FakeModels(Models):
    """The models: the stand-ins alone."""

    def recognizer(self):
        self._recognizer = self._recognizer or FakeRecognizer()
        return self._recognizer

    def generator(self, styles=(), quality=None, cfg=None):
        return FakeGenerator()


class Tasks(RuntimeTasks):
    """The tasks around the stand-ins, ready at once."""

    def load(self):
        return "cpu"


if __name__ == "__main__":
    serve(Tasks(FakeModels()), *take_over_stdio())
