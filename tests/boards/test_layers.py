import pytest

from tflite_mammo.boards.layers import layer_of

PATH = "functional_5_1/efficientnet_lite0_1/efficientnet_lite0_1"


@pytest.mark.parametrize(
    ("tensor", "layer"),
    [
        ("functional_1/block2_expand_norm_1/batchnorm/add_1", "block2_expand"),
        (f"{PATH}/stem_relu_1/Relu6;{PATH}/stem_norm_1/batchnorm/add_1;{PATH}/stem_conv_1/convolution", "stem"),
        (f"{PATH}/block2_add_1/Add", "block2_add"),
        (f"{PATH}/stem_conv_1/convolution_dequant", "stem"),
        (f"{PATH}/logits_1/MatMul;{PATH}/logits_1/BiasAdd_dequant", "logits"),
        ("f_1/activation_4_1/Relu;f_1/batch_normalization_4_1/add;f_1/conv2d_4_1/convolution", "conv2d_4"),
        ("f_1/block_1_depthwise_relu_1/Relu6;f_1/block_1_pad_1/Pad;f_1/block_1_depthwise_1/depthwise",
         "block_1_depthwise"),
        ("model/conv2d_1/Conv2D", "conv2d_1"),
        ("functional_5_1/Cast_quantized", "functional_5"),
        ("scores", "scores"),
        ("StatefulPartitionedCall_1:0", "StatefulPartitionedCall_1"),
        ("conv", "conv"),
        ("", ""),
        (";;", ";;"),
    ],
)  # fmt: skip
def test_a_tensors_path_becomes_the_layers_short_name(tensor: str, layer: str) -> None:
    assert layer_of(tensor) == layer
