"""What our layers add to the bare runtime, and one image from file to score against a plain script."""

from pathlib import Path

import numpy as np
from pairs import in_turns, record
from PIL import Image
from pytest_benchmark.fixture import BenchmarkFixture

from tflite_mammo.imaging import image_files
from tflite_mammo.predict import Classifier
from tflite_mammo.preprocess import PreprocessSpec, tensor_of
from tflite_mammo.runtime import Runtime

INVOKES = 300


def test_the_runtime_costs_what_the_bare_interpreter_costs(benchmark: BenchmarkFixture, model: Path) -> None:
    from ai_edge_litert.interpreter import Interpreter

    runtime, bare = Runtime(model), Interpreter(model_path=str(model), num_threads=1)
    bare.allocate_tensors()
    place, result = bare.get_input_details()[0]["index"], bare.get_output_details()[0]["index"]
    tensor = np.random.default_rng(0).integers(0, 256, runtime.shape, dtype=np.uint8)

    def ours() -> None:
        for _ in range(INVOKES):
            runtime.scores(tensor)

    def peer() -> None:
        for _ in range(INVOKES):
            bare.set_tensor(place, tensor[None])
            bare.invoke()
            bare.get_tensor(result)

    record(benchmark, "Runtime / bare interpreter", in_turns(ours, peer))
    benchmark(runtime.scores, tensor)


def test_reading_and_preprocessing_against_plain_pillow(benchmark: BenchmarkFixture, phantoms: Path) -> None:
    files, spec = image_files(phantoms)[:40], PreprocessSpec()

    def ours() -> None:
        for path in files:
            tensor_of(path, spec)

    def peer() -> None:
        for path in files:
            with Image.open(path) as image:
                np.asarray(image.convert("L").resize((224, 224)))

    record(benchmark, "read + crop + orient + resize / Pillow open + resize", in_turns(ours, peer))
    benchmark.pedantic(ours, rounds=3)


def test_a_file_to_its_score(benchmark: BenchmarkFixture, phantoms: Path, model: Path) -> None:
    classifier, path = Classifier(model), image_files(phantoms)[0]
    benchmark(lambda: classifier.predict(path))
