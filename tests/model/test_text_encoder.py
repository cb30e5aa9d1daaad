"""The bundled sentence encoder agrees with another implementation of the published model.

The golden figures were computed once with the BERT implementation of the ``transformers`` library from the
float32 weights of all-MiniLM-L6-v2, mean pooling, length one. Ours are int8: hence the tolerance.
"""

import pytest
import torch

from coamd_blender.errors import WeightsError
from runtime.model.text_encoder import TextEncoder, TextFeatures, beside
from runtime.weights import BUNDLED as WEIGHTS

SENTENCES = ["a man walks slowly forward", "turn left, then wave the right hand", "jump!"]
IDS = [
    [101, 1037, 2158, 7365, 3254, 2830, 102, 0, 0, 0],
    [101, 2735, 2187, 1010, 2059, 4400, 1996, 2157, 2192, 102],
    [101, 5376, 999, 102, 0, 0, 0, 0, 0, 0],
]
POOLED = [
    [0.0686, -0.00849, 0.02344, 0.0334, 0.04671, 0.02004],
    [0.01956, -0.02233, -0.0069, 0.01305, -0.10173, -0.01516],
    [-0.00814, -0.00701, 0.02166, -0.01536, -0.00877, 0.04398],
]
COSINES = [[1.0, 0.12527, 0.11301], [0.12527, 1.0, 0.25659], [0.11301, 0.25659, 1.0]]
CONTEXT_OF_COMMA = [-0.1315, -0.1134, 0.0458, -0.123, -0.4529, -0.2683]  # sentence 1, token 3


@pytest.fixture(scope="module")
def encoder():
    return TextEncoder.load(WEIGHTS)


def test_token_ids_are_those_of_bert(encoder):
    assert [encoding.ids for encoding in encoder.tokenizer.encode_batch(SENTENCES)] == IDS


def test_pooled_vectors_agree(encoder):
    pooled = encoder(SENTENCES).pooled
    assert torch.allclose(pooled[:, :6], torch.tensor(POOLED), atol=5e-3)
    assert torch.allclose(pooled @ pooled.T, torch.tensor(COSINES), atol=0.01)


def test_token_features_hold_word_and_context(encoder):
    features = encoder(SENTENCES)
    assert features.tokens.shape == (3, 10, 768)
    assert features.valid.sum(1).tolist() == [7, 10, 4]
    assert torch.allclose(features.tokens[1, 3, 384:390], torch.tensor(CONTEXT_OF_COMMA), atol=0.05)
    again = encoder(["jump!"])
    assert torch.allclose(features.tokens[2, 1, :384], again.tokens[0, 1, :384])


def test_padding_changes_nothing(encoder):
    assert torch.allclose(encoder(["jump!"]).pooled[0], encoder(SENTENCES).pooled[2], atol=1e-5)


def test_long_text_is_cut_not_refused(encoder):
    assert encoder(["walk " * 500]).tokens.shape[1] == encoder.config.max_tokens


def test_missing_weights_name_the_remedy(tmp_path):
    with pytest.raises(WeightsError, match=r"text_encoder\.safetensors"):
        TextEncoder.load(tmp_path)


def test_a_torn_vocabulary_names_the_remedy(tmp_path):
    (tmp_path / "text_encoder.safetensors").symlink_to(WEIGHTS / "text_encoder.safetensors")
    (tmp_path / "tokenizer.json").write_bytes((WEIGHTS / "tokenizer.json").read_bytes()[:1000])
    with pytest.raises(WeightsError, match=r"tokenizer\.json cannot be read"):
        TextEncoder.load(tmp_path)


def test_another_sentence_counts_beside_the_own_one_or_instead_of_it():
    own = TextFeatures(torch.ones(3, 2, 4), torch.tensor([[True, True]] * 3), torch.ones(3, 2))
    other = TextFeatures(torch.zeros(3, 1, 4), torch.tensor([[True]] * 3), torch.zeros(3, 2))
    both = beside(own, other, [True, True, False], [False, True, True])  # none stands instead where none is told
    assert both.valid.tolist() == [[True, True, True], [False, False, True], [True, True, False]]
    assert both.pooled[:, 0].tolist() == [1.0, 0.0, 1.0] and both.tokens.shape == (3, 3, 4)
    assert beside(own, other, [True] * 3).valid.all()
