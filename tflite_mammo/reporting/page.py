"""A self-contained HTML page: no file beside it, no network, light and dark."""

import base64
import io
from typing import Any

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from numpy.typing import NDArray
from PIL import Image

PICTURE_PX = 224


def render(template: str, values: dict[str, Any]) -> str:
    environment = Environment(
        loader=PackageLoader("tflite_mammo.reporting"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    return environment.get_template(template).render(values)


def picture(tensor: NDArray[np.uint8]) -> str:
    """A prepared tensor as a data URI."""
    image = Image.fromarray(tensor[:, :, 0] if tensor.shape[2] == 1 else tensor)
    return as_uri(image.resize((PICTURE_PX, PICTURE_PX)))


def as_uri(image: Image.Image) -> str:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=80)
    return "data:image/jpeg;base64," + base64.b64encode(file.getvalue()).decode()
