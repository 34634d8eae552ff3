"""Published latencies of known networks on the boards: what every estimate here is scaled from. No figure is ours.

G MACs are those of the published network at the published size, counted by `boards/work.py` on its Keras original, or
by hand from its paper where Keras has none. `weights_mb` is a byte per weight: what the file holds in int8.
"""

from dataclasses import dataclass
from typing import Literal

Board = Literal["coral", "pi4", "pi5"]
Precision = Literal["int8", "float"]

BOARDS: dict[Board, str] = {
    "coral": "Coral Edge TPU",
    "pi4": "Raspberry Pi 4",
    "pi5": "Raspberry Pi 5",
}
CORAL = "coral.ai/docs/edgetpu/benchmarks"
NCNN = "github.com/Tencent/ncnn, benchmark/README.md"
XNNPACK = "github.com/google/XNNPACK, README.md, February 2022, 64 bits"
ARM = "huggingface.co/Arm"
ARM_COURSE = "learn.arm.com/courses/executorch-on-arm"


@dataclass(frozen=True)
class Anchor:
    board: Board
    setting: str
    """How many threads; for an Edge TPU, what it is plugged into."""
    precision: Precision
    network: str
    gmacs: float
    ms: float
    runtime: str
    source: str
    weights_mb: float = 0.0


ONE, ALL = "1 thread", "all cores"
USB, DEV = "USB 3 Accelerator", "Dev Board"

ANCHORS = (
    Anchor("pi4", ALL, "float", "MobileNetV1", 0.57, 77, "XNNPACK", XNNPACK),
    Anchor("pi4", ALL, "float", "MobileNetV2", 0.30, 46, "XNNPACK", XNNPACK),
    Anchor("pi4", ALL, "float", "MobileNetV3-Large", 0.22, 40, "XNNPACK", XNNPACK),
    Anchor("pi4", ALL, "float", "ResNet-50", 3.86, 262.8, "ncnn", NCNN),
    Anchor("pi4", ONE, "float", "ResNet-50", 3.86, 534, "ncnn", NCNN),
    Anchor("pi4", ALL, "int8", "MobileNetV1", 0.57, 24, "XNNPACK", XNNPACK),
    Anchor("pi4", ALL, "int8", "MobileNetV2", 0.30, 17, "XNNPACK", XNNPACK),
    Anchor("pi4", ALL, "int8", "ResNet-50", 3.86, 196.7, "ncnn", NCNN),
    Anchor("pi4", ONE, "int8", "ResNet-50", 3.86, 424, "ncnn", NCNN),
    Anchor("pi5", ALL, "float", "MobileNetV2", 0.30, 10.9, "ExecuTorch", ARM_COURSE),
    Anchor("pi5", ALL, "float", "ResNet-50", 3.86, 46.2, "ncnn", NCNN),
    Anchor("pi5", ONE, "float", "ResNet-50", 3.86, 89.4, "ncnn", NCNN),
    Anchor("pi5", ALL, "int8", "MobileNetV2", 0.30, 4.0, "ExecuTorch", ARM_COURSE),
    Anchor("pi5", ALL, "int8", "ResNet-18", 1.81, 8.75, "ExecuTorch", f"{ARM}/resnet-18-int8-xnnpack-executorch"),
    Anchor("pi5", ALL, "int8", "ResNet-50", 4.09, 20.6, "ExecuTorch", f"{ARM}/resnet-50-int8-xnnpack-executorch"),
    Anchor("pi5", ALL, "int8", "ResNet-50", 3.86, 40.8, "ncnn", NCNN),
    Anchor("pi5", ALL, "int8", "Wide ResNet-50", 11.4, 49.4, "ExecuTorch",
           f"{ARM}/wideresnet50-int8-xnnpack-executorch-raspberrypi5"),
    Anchor("pi5", ONE, "int8", "ResNet-50", 3.86, 80.2, "ncnn", NCNN),
    Anchor("coral", USB, "int8", "MobileNetV1", 0.57, 2.4, "libedgetpu", CORAL, 4.2),
    Anchor("coral", USB, "int8", "MobileNetV2", 0.30, 2.6, "libedgetpu", CORAL, 3.5),
    Anchor("coral", USB, "int8", "Inception-v1", 1.50, 3.4, "libedgetpu", CORAL, 6.6),
    Anchor("coral", USB, "int8", "ResNet-50 at 299", 7.2, 49, "libedgetpu", CORAL, 25.6),
    Anchor("coral", USB, "int8", "ResNet-152-v2 at 299", 20.2, 128, "libedgetpu", CORAL, 60.0),
    Anchor("coral", USB, "int8", "Inception-v4 at 299", 12.3, 85, "libedgetpu", CORAL, 42.7),
    Anchor("coral", USB, "int8", "VGG16", 15.5, 296, "libedgetpu", CORAL, 138.4),
    Anchor("coral", DEV, "int8", "MobileNetV1", 0.57, 2.4, "libedgetpu", CORAL, 4.2),
    Anchor("coral", DEV, "int8", "MobileNetV2", 0.30, 2.6, "libedgetpu", CORAL, 3.5),
    Anchor("coral", DEV, "int8", "Inception-v1", 1.50, 4.1, "libedgetpu", CORAL, 6.6),
    Anchor("coral", DEV, "int8", "ResNet-50 at 299", 7.2, 56, "libedgetpu", CORAL, 25.6),
    Anchor("coral", DEV, "int8", "ResNet-152-v2 at 299", 20.2, 151, "libedgetpu", CORAL, 60.0),
    Anchor("coral", DEV, "int8", "Inception-v4 at 299", 12.3, 102, "libedgetpu", CORAL, 42.7),
    Anchor("coral", DEV, "int8", "VGG16", 15.5, 343, "libedgetpu", CORAL, 138.4),
)  # fmt: skip
"""Left out: Inception-ResNet-v2 on Coral (faster than its bytes could be fetched, so another file than its name says)
and GoogLeNet of Arm's (measured end to end, the reading of the image included)."""
