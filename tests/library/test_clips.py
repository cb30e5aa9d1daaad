"""The library as its users see it: open, index, search, motions."""

import numpy as np
import pytest
from library_fakes import FakeEmbedder, motion, write_motion

from coamd_blender.errors import InputError
from runtime.library.clips import Library


@pytest.fixture
def folder(tmp_path):
    for seed in range(4):
        write_motion(tmp_path / "clips" / f"swing_{seed}.npz", seed)
    return tmp_path / "clips"


def test_it_is_opened_indexed_searched_and_read(folder, tmp_path):
    place, files = tmp_path / "library", []
    assert not Library.exists(place)
    with Library.open(place, FakeEmbedder(), create=True) as library:
        report = library.index(folder, licence="CC0", progress=lambda done, total, _: files.append((done, total)))
        assert (report.added, files[-1]) == (4, (4, 4))
        hit = library.search(joints=motion(2), top=1)[0]
        assert (hit.clip.name, hit.clip.licence) == ("swing_2", "CC0")
        assert library.search(clip=hit.clip.id, top=2)[0].clip.name == "swing_2"
        assert len(library.search("somebody swings", top=3)) == 3
        found = {clip.name: joints for clip, joints in library.motions()}
        assert sorted(found) == [f"swing_{seed}" for seed in range(4)]
        assert np.abs(found["swing_3"] - motion(3)).max() < 0.51e-3
    assert Library.exists(place)


def test_the_recogniser_is_loaded_once_and_only_when_it_is_needed(folder, tmp_path):
    loaded = []

    def load():
        loaded.append(FakeEmbedder())
        return loaded[-1]

    with Library.open(tmp_path / "library", load, create=True) as library:
        assert list(library.motions()) == [] and loaded == []
        library.index(folder)
        library.search("a swing")
        assert len(loaded) == 1


def test_a_library_that_is_not_there_and_a_search_for_nothing_are_refused(tmp_path):
    with pytest.raises(InputError, match="no library"):
        Library.open(tmp_path / "none")
    with Library.open(tmp_path / "library", FakeEmbedder(), create=True) as library:
        with pytest.raises(InputError, match="what to search for"):
            library.search()
        with pytest.raises(InputError, match="what to search for"):
            library.search("walk", clip=1)
