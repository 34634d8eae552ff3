"""Networks with weights of no use but different everywhere, and what comes out of them, for tests of backbones."""

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

if TYPE_CHECKING:
    import keras

    from tflite_mammo.training.recipe import BackboneName

IMAGENET = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])


class Networks:
    def randomise(self, model: "keras.Model", seed: int = 0) -> None:
        """Batch norm's statistics too: as new they are 0 and 1, and no test would see them lost or swapped."""
        rng = np.random.default_rng(seed)
        for layer in model.layers:
            if type(layer).__name__ == "Normalization":
                layer.set_weights([*np.array(IMAGENET), np.array(0)])
                layer.finalize_state()
            else:
                layer.set_weights([_value(rng, variable) for variable in layer.weights])

    def of(self, backbone: "BackboneName", weights: str, side: int = 64) -> "keras.Model":
        from tflite_mammo.training.backbones import load_weights
        from tflite_mammo.training.network import assemble
        from tflite_mammo.training.recipe import Recipe
        from tflite_mammo.training.tables import Stage

        recipe = Recipe("test", backbone, (Stage(1),), weights=weights, batch_norm="adapt")
        network = assemble(recipe, (side, side, 3), 2)
        load_weights(network.base, backbone, weights)
        return network.model

    def features(self, network: "keras.Model", pixels: np.ndarray) -> np.ndarray:
        import keras

        return np.asarray(keras.Model(network.input, network.get_layer("pool").input)(pixels))

    def pixels(self, side: int = 64) -> np.ndarray:
        return np.random.default_rng(3).integers(0, 256, (1, side, side, 3)).astype(np.float64)

    def expect_equal(self, found: np.ndarray, expected: np.ndarray) -> None:
        """Measured in the expected features' own spread, which must be there."""
        assert expected.dtype == np.float64
        assert expected.std() > 1e-3
        np.testing.assert_allclose(found / expected.std(), expected / expected.std(), atol=1e-4, rtol=0)


def _value(rng: np.random.Generator, variable: Any) -> np.ndarray:
    shape = tuple(variable.shape)
    if variable.name in ("gamma", "moving_variance"):
        return rng.uniform(0.5, 1.5, shape)
    if len(shape) == 1:
        return rng.normal(0, 0.1, shape)
    inputs = np.prod(shape[:2]) if "depthwise" in variable.path else np.prod(shape[:-1])
    return rng.normal(0, np.sqrt(2 / inputs), shape)


@pytest.fixture
def in_float64() -> Iterator[None]:
    """In float32 both sides round: torch alone is 1e-4 off its own float64, and a small error could hide in that."""
    import keras

    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")
    yield
    keras.config.set_floatx("float32")
    keras.config.set_dtype_policy("float32")


@pytest.fixture
def networks() -> Networks:
    return Networks()


@pytest.fixture
def little_resnet18(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two blocks, with all that batch norm may do: most of a small training's time is compiling."""
    from tflite_mammo.training.backbones import BACKBONES, residual

    little = replace(residual.RESNET18, repeats=(1, 1, 0, 0))
    monkeypatch.setitem(BACKBONES, "resnet18", replace(BACKBONES["resnet18"], build=little.build))
