"""What the programs of both sides share: no answer without LiteRT's fast kernels, and how answers are left.

Without XNNPACK LiteRT computes with slower kernels, whose roundings are not those of a board.
"""

import json
import platform
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


def expect_xnnpack(interpreter: Any, model: Path) -> None:
    if "DELEGATE" not in {op["op_name"] for op in interpreter._get_ops_details()}:
        sys.exit(f"{model.name}: LiteRT runs without XNNPACK here")


def leave(found: Mapping[str, NDArray[Any]], out: Path, litert: str) -> None:
    np.savez(out, **found)
    print(json.dumps({"machine": platform.machine(), "litert": litert, "numpy": np.__version__}))
