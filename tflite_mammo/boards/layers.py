"""A tensor's name in a .tflite file to the short name of the layer that it comes from.

Keras writes the path of calls, each with a counter behind it, and a fused operator carries the paths of all its layers:
`functional_1/lite0_1/block2_expand_relu_1/Relu6;functional_1/lite0_1/block2_expand_conv_1/convolution` is
`block2_expand`.
"""

import re

ROLES = ("conv", "norm", "bn", "relu", "act", "activation")
"""What a layer is within its block, as the last word of its name."""
WEIGHTED = ("convolution", "conv2d", "depthwise", "matmul", "biasadd")
"""The layer with weights names a fused operator; what is fused into it may bear other names, such as a padding's."""


def layer_of(tensor: str) -> str:
    name = re.sub(r"(_dequant|_requant|_quantized)+\d*$", "", tensor)
    paths = [part.strip("/").split("/") for part in name.split(";") if part.strip("/")]
    if not paths:
        return tensor
    layer = _layer(next((path for path in paths if path[-1].lower().startswith(WEIGHTED)), paths[0]))
    words = layer.split("_")
    return "_".join(words[:-1]) if len(words) > 1 and words[-1].lower() in ROLES else layer


def _layer(path: list[str]) -> str:
    if len(path) == 1:
        return path[0].split(":")[0]
    scopes = path[:-2] if len(path) > 2 and path[-2] == "batchnorm" else path[:-1]
    # Keras 3 counts every call; where some scope lacks the counter, a number at the end is the layer's own.
    counted = all(re.search(r"_\d+$", scope) for scope in scopes)
    return re.sub(r"_\d+$", "", scopes[-1]) if counted else scopes[-1]
