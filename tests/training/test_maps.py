"""Maps: exact ones add up to the logit, the others are Grad-CAM as a backend's own gradients give it."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import pytest

from tflite_mammo.data.dataset import Dataset
from tflite_mammo.training.maps import Mapper, peak, touching
from tflite_mammo.training.network import assemble
from tflite_mammo.training.recipe import Recipe
from tflite_mammo.training.run import Run
from tflite_mammo.training.tables import Head, Loss, Stage

OnJax = Callable[..., subprocess.CompletedProcess[str]]
SHAPE = (64, 48, 1)
PIXELS = np.kron(np.random.default_rng(0).integers(0, 256, (3, 4, 3, 1)), np.ones((1, 16, 16, 1))).astype(np.uint8)


def _model(head: Head, classes: int = 2) -> keras.Model:
    """Its features speak for the finding, each in its own strength; one hidden unit of each layer never does."""
    keras.utils.set_random_seed(0)
    loss = Loss("binary_crossentropy") if head.output == "sigmoid" else Loss()
    model = assemble(Recipe("test", "small-cnn", (Stage(1),), head=head, loss=loss), SHAPE, classes).model
    rng = np.random.default_rng(1)
    for layer in model.layers:
        if isinstance(layer, keras.layers.Dense):
            kernel, bias = (rng.uniform(0.05, 0.5, weights.shape) for weights in layer.get_weights())
            if layer.name.startswith("logit"):
                kernel[:, :-1] *= -1
            else:
                bias[0] = -1e6
            layer.set_weights([kernel, bias])
    return model


def _logits(model: keras.Model) -> keras.KerasTensor:
    return model.get_layer("scores").input


def _z(model: keras.Model) -> np.ndarray:
    logits = np.asarray(keras.Model(model.input, _logits(model))(PIXELS.astype(np.float32)))
    return logits[:, -1] - np.log(np.exp(logits[:, :-1]).sum(axis=1))


@pytest.mark.parametrize("head", [Head(), Head(dropout=0.5), Head(input_dropout=0.3)])
def test_an_exact_map_and_the_bias_add_up_to_the_logit(head: Head) -> None:
    model = _model(head)
    mapper = Mapper(model)
    bias = model.get_layer("logits").get_weights()[1]
    maps = mapper.maps(PIXELS)
    assert (mapper.kind, maps.dtype, len(maps)) == ("exact", np.float32, 3)
    assert maps.std() > 0.01
    np.testing.assert_allclose(maps.mean(axis=(1, 2)) + bias[1] - bias[0], _z(model), atol=1e-5)


def test_an_exact_map_of_a_sigmoid_adds_up_to_its_logit() -> None:
    model = _model(Head(output="sigmoid"))
    mapper = Mapper(model)
    (bias,) = model.get_layer("logit").get_weights()[1]
    assert mapper.kind == "exact"
    np.testing.assert_allclose(mapper.maps(PIXELS).mean(axis=(1, 2)) + bias, _z(model), atol=1e-5)


def test_of_three_classes_the_bias_depends_on_the_others_scores() -> None:
    model = _model(Head(), classes=3)
    bias, scores = model.get_layer("logits").get_weights()[1], model.predict_on_batch(PIXELS)
    others = scores[:, :-1] / scores[:, :-1].sum(axis=1, keepdims=True)
    depending = bias[-1] - (others * (bias[:-1] - np.log(others))).sum(axis=1)
    np.testing.assert_allclose(Mapper(model).maps(PIXELS).mean(axis=(1, 2)) + depending, _z(model), atol=1e-4)


HEADS = [
    Head(dense=(8,)),
    Head(dense=(8,), output="sigmoid"),
    Head(dense=(12, 6), dropout=0.5, input_dropout=0.2),
    Head(pool="flatten"),
    Head(pool="flatten", output="sigmoid"),
    Head(pool="flatten", dense=(8,), dropout=0.5),
    Head(pool="flatten", dense=(8, 5), output="sigmoid"),
]


@pytest.mark.parametrize(
    ("head", "classes"), [(head, n) for head in HEADS for n in (2, 3) if n == 2 or head.output == "softmax"]
)
def test_any_other_map_is_grad_cam_as_a_backend_computes_it(head: Head, classes: int) -> None:
    tf = pytest.importorskip("tensorflow")
    model = _model(head, classes)
    features = model.get_layer("pool" if head.pool == "average" else "flatten").input
    both = keras.Model(model.input, [features, _logits(model)])
    with tf.GradientTape() as tape:
        found, logits = both(tf.constant(PIXELS, tf.float32), training=False)
        z = logits[:, -1] - tf.reduce_logsumexp(logits[:, :-1], axis=1)
    weights = tf.reduce_mean(tape.gradient(z, found), axis=(1, 2), keepdims=True)
    expected = tf.nn.relu(tf.reduce_sum(found * weights, axis=3)).numpy()
    mapper = Mapper(model)
    assert mapper.kind == "gradient"
    assert all(one.max() > one.min() for one in expected)
    np.testing.assert_allclose(mapper.maps(PIXELS) / expected.max(), expected / expected.max(), atol=1e-5)


@pytest.mark.parametrize("head", [Head(dense=(8,)), Head(pool="flatten")])
def test_where_everything_speaks_against_the_finding_grad_cam_is_empty(head: Head) -> None:
    model = _model(head)
    kernel, bias = model.get_layer("logits").get_weights()
    model.get_layer("logits").set_weights([-kernel, bias])
    assert not Mapper(model).maps(PIXELS).any()


def test_any_number_of_images_is_mapped_as_each_by_itself() -> None:
    mapper = Mapper(_model(Head()))
    pixels = np.random.default_rng(2).integers(0, 256, (35, *SHAPE)).astype(np.uint8)
    alone = np.concatenate([mapper.maps(pixels[i : i + 1]) for i in (0, 31, 32, 34)])
    np.testing.assert_allclose(mapper.maps(pixels)[[0, 31, 32, 34]], alone, atol=1e-5)


def test_a_saved_runs_network_is_mapped(run: Run, prepared: Dataset) -> None:
    rows = prepared.part("test").rows
    mapper = Mapper(run.model())
    maps = mapper.maps(prepared.images, rows)
    assert (mapper.kind, len(maps)) == ("gradient", rows.size)  # its recipe has a dense layer
    assert np.isfinite(maps).all()
    assert maps.min() >= 0


ON_JAX = """
import sys
from pathlib import Path
import numpy as np
from tflite_mammo.training.maps import Mapper
from tflite_mammo.training.run import Run

np.save(sys.argv[2], Mapper(Run(Path(sys.argv[1])).model()).maps(np.load(sys.argv[3])))
"""


def test_jax_gives_the_same_maps(on_jax: OnJax, run: Run, prepared: Dataset, tmp_path: Path) -> None:
    pixels = prepared.images[prepared.part("test").rows]
    np.save(tmp_path / "pixels.npy", pixels)
    done = on_jax("-c", ON_JAX, run.folder, tmp_path / "maps.npy", tmp_path / "pixels.npy")
    assert done.returncode == 0, done.stderr
    expected = Mapper(run.model()).maps(pixels)
    np.testing.assert_allclose(np.load(tmp_path / "maps.npy"), expected, atol=1e-4 * expected.max())


def _brightness(weight: float) -> keras.Model:
    """The finding is what is bright, cell by cell of 8 pixels."""
    pixels = keras.Input((48, 80, 1))
    x = keras.layers.AveragePooling2D(8)(pixels)
    logits = keras.layers.Dense(2, name="logits")
    x = keras.layers.Softmax(name="scores")(logits(keras.layers.GlobalAveragePooling2D(name="pool")(x)))
    logits.set_weights([np.array([[0.0, weight]]), np.zeros(2)])
    return keras.Model(pixels, x)


@pytest.mark.parametrize(("left", "top"), [(0, 0), (40, 8), (72, 40), (24, 32)])
def test_the_peak_is_found_where_a_bright_spot_was_put(left: int, top: int) -> None:
    image = np.full((1, 48, 80, 1), 20, np.uint8)
    image[0, top : top + 8, left : left + 8] = 200
    (heat,) = Mapper(_brightness(1)).maps(image)
    cells = touching((left, top, left + 8, top + 8), heat, image.shape[1:])
    assert heat.shape == (6, 10)
    assert peak(heat, image.shape[1:]) == (left + 4, top + 4)
    assert (cells.sum(), cells.flat[heat.argmax()]) == (1, True)
    (against,) = Mapper(_brightness(-1)).maps(image)
    assert not cells.flat[against.argmax()]


@pytest.mark.parametrize(
    ("box", "touched"),
    [
        ((0, 0, 32, 8), [[1, 0], [0, 0]]),
        ((31, 7, 33, 9), [[1, 1], [1, 1]]),
        ((40, 2, 41, 3), [[0, 1], [0, 0]]),
        ((0, 8, 64, 16), [[0, 0], [1, 1]]),
    ],
)
def test_a_box_touches_the_cells_that_it_reaches_into(
    box: tuple[float, float, float, float], touched: list[list[int]]
) -> None:
    assert touching(box, np.zeros((2, 2), np.float32), (16, 64, 1)).astype(int).tolist() == touched


def test_where_nothing_stands_out_there_is_no_peak() -> None:
    nothing = np.zeros((4, 4), np.float32)
    assert peak(nothing, (32, 32, 1)) is None
