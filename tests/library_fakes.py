"""A stand-in for the recogniser and made-up motions, for the tests of the library; also a process that indexes."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import numpy as np

from coamd_blender.motion.skeleton import rest_joints, with_bone_lengths

DIM = 32


class FakeEmbedder:
    """Embeds a motion by the mean and the spread of its joints, words by their letters; nothing is learned."""

    dim = DIM
    agreement = None

    def __init__(self, digest: str = "fake-1"):
        self.digest = digest
        self.motions = 0  # embedded so far
        self._matrix = np.random.default_rng(0).standard_normal((2 * 66, DIM))

    def embed_motions(self, motions):
        self.motions += len(motions)
        features = []
        for joints in motions:
            relative = (joints - joints[:, :1]).reshape(len(joints), -1)
            features.append(np.concatenate([relative.mean(axis=0) - rest_joints().ravel(), 3 * relative.std(axis=0)]))
        return self._unit(np.array(features) @ self._matrix)

    def embed_texts(self, texts):
        seeds = [int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") for text in texts]
        return self._unit(np.array([np.random.default_rng(seed).standard_normal(DIM) for seed in seeds]))

    @staticmethod
    def _unit(vectors):
        return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def motion(seed: int, frames: int = 60) -> np.ndarray:
    """Joints (frames, 22, 3) of somebody who stands and swings the arms in a way of their own, metres."""
    random = np.random.default_rng(seed)
    joints = np.repeat(rest_joints()[None], frames, axis=0)
    time = np.arange(frames) / 20
    for joint in (18, 19, 20, 21):
        swing = random.uniform(0.02, 0.1, 3) * np.sin(random.uniform(1, 6, 3) * time[:, None] + random.uniform(0, 6, 3))
        joints[:, joint] += swing + random.uniform(-0.1, 0.1, 3)
    joints[..., 2] += 0.3 * time[:, None] * random.uniform(0, 1)
    return with_bone_lengths(joints).astype(np.float32)


def write_motion(path: Path, seed: int, frames: int = 60) -> np.ndarray:
    """Write :func:`motion` to a .npz and return it."""
    joints = motion(seed, frames)
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, joints=joints, fps=np.float32(20))
    return joints


if __name__ == "__main__":
    from runtime.library import index
    from runtime.library.store import Store

    index.EMBED_CLIPS = 7  # so that a process is killed with clips that wait, and while it embeds
    with Store.create(sys.argv[1]) as opened:
        print("ready", flush=True)
        tell = lambda done, total, report: print(done, flush=True)  # noqa: E731
        print(index.index_folders(opened, sys.argv[2:], FakeEmbedder(), tell), flush=True)
