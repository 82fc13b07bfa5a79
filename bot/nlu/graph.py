"""The encoder as a graph for ONNX Runtime: weights and activations are multiplied as whole numbers of 8 bits.

Every token is scaled by its own largest number, so a vector does not depend on what else is embedded beside it. Weights have 7 bits
for the sake of processors without VNNI: there two products of 8 bits do not always fit into the 16 bits they are added in.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from onnx import NodeProto, TensorProto, helper, numpy_helper

from bot.nlu.weights import DIMENSIONS, HEADS, LAYERS, Floats, Weights, expanded

_LARGEST = 63  # of a weight
_EPSILON = 1e-12
_OF_THE_RUNTIME = {"BiasGelu", "MatMulIntegerToFloat", "MultiHeadAttention"}  # operators that ONNX itself does not have


def written(weights: Weights, read: Sequence[int]) -> bytes:
    """`tokens` (texts, tokens, 384) -> `sums` (texts, 384 for each layer in `read`) of what becomes of a text's tokens.

    All texts of one call have as many tokens.
    """
    graph = _Graph(weights)
    hidden, sums = _normalised(graph, "emb.ln", "tokens"), []
    for layer in range(1, LAYERS + 1):
        hidden = _layer(graph, f"l{layer - 1}", hidden)
        if layer in read:
            sums.append(graph.add("MatMul", "ones", hidden))  # unlike ReduceMean, it rounds one text as it rounds many
    graph.nodes.append(helper.make_node("Concat", sums, ["sums"], axis=1))
    model = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "encoder",
            [helper.make_tensor_value_info("tokens", TensorProto.FLOAT, ["texts", "length", DIMENSIONS])],
            [helper.make_tensor_value_info("sums", TensorProto.FLOAT, ["texts", len(sums) * DIMENSIONS])],
            graph.constants,
        ),
        opset_imports=[helper.make_opsetid("", 18), helper.make_opsetid("com.microsoft", 1)],
        ir_version=9,
    )
    serialized: bytes = model.SerializeToString()
    return serialized


@dataclass
class _Graph:
    weights: Weights
    nodes: list[NodeProto] = field(default_factory=list)
    constants: list[TensorProto] = field(default_factory=list)

    def __post_init__(self) -> None:
        """One `1` and one `0` for each token of a text."""
        length = self.add("Shape", "tokens", start=1, end=2)
        for name, value in (("ones", 1), ("zeros", 0)):
            self.nodes.append(
                helper.make_node("ConstantOfShape", [length], [name], value=numpy_helper.from_array(np.array([value], np.float32)))
            )

    def add(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """Adds a node and returns the name of what it computes."""
        output = f"{operator}.{len(self.nodes)}"
        domain = "com.microsoft" if operator in _OF_THE_RUNTIME else ""
        self.nodes.append(helper.make_node(operator, list(inputs), [output], domain=domain, **attributes))
        return output

    def constant(self, name: str, value: np.ndarray[tuple[int, ...], np.dtype[np.generic]]) -> str:
        if all(known.name != name for known in self.constants):
            self.constants.append(numpy_helper.from_array(value, name))
        return name

    def numbers(self, *names: str) -> str:
        return self.constant("+".join(names), np.concatenate([self.weights.numbers(name) for name in names]))

    def matrix(self, name: str, width: int) -> tuple[str, str]:
        """The whole numbers, and the scale of each column."""
        values = expanded(self.weights.blocks(name, width)).T
        scales: Floats = np.abs(values).max(axis=0) / _LARGEST
        whole = np.round(values / scales).astype(np.int8)
        return self.constant(name, whole), self.constant(f"{name}.scale", scales)


def _layer(graph: _Graph, layer: str, hidden: str) -> str:
    tokens = _rounded(graph, hidden)
    query, key, value = (_product(graph, tokens, f"{layer}.{part}.w", DIMENSIONS) for part in "qkv")
    biases = graph.numbers(f"{layer}.q.b", f"{layer}.k.b", f"{layer}.v.b")
    seen = graph.add("MultiHeadAttention", query, key, value, biases, num_heads=HEADS)
    hidden = _added(graph, f"{layer}.ao", f"{layer}.aln", hidden, seen, DIMENSIONS)
    inner = _product(graph, _rounded(graph, hidden), f"{layer}.fi.w", DIMENSIONS)
    inner = graph.add("BiasGelu", inner, graph.numbers(f"{layer}.fi.b"))
    return _added(graph, f"{layer}.fo", f"{layer}.oln", hidden, inner, 4 * DIMENSIONS)


def _added(graph: _Graph, name: str, norm: str, hidden: str, change: str, width: int) -> str:
    """`hidden` and the product of `change`, normalised."""
    product = _product(graph, _rounded(graph, change), f"{name}.w", width)
    return _normalised(graph, norm, graph.add("Add", graph.add("Add", product, graph.numbers(f"{name}.b")), hidden))


def _normalised(graph: _Graph, name: str, hidden: str) -> str:
    """LayerNormalization, by parts: InstanceNormalization with each token as a channel is the one that ONNX Runtime vectorises."""
    even = graph.add("InstanceNormalization", hidden, "ones", "zeros", epsilon=_EPSILON)
    return graph.add("Add", graph.add("Mul", even, graph.numbers(f"{name}.w")), graph.numbers(f"{name}.b"))


def _rounded(graph: _Graph, hidden: str) -> tuple[str, str]:
    """Each token as whole numbers around 128, and its scale."""
    axis = graph.constant("last.axis", np.array([-1]))
    scale = graph.add("ReduceMax", graph.add("Abs", hidden), axis, keepdims=1)
    return graph.add("QuantizeLinear", graph.add("Div", hidden, scale), *_unit(graph)), scale


def _product(graph: _Graph, tokens: tuple[str, str], name: str, width: int) -> str:
    whole, scale = tokens
    weights, weight_scales = graph.matrix(name, width)
    step, zero = _unit(graph)
    return graph.add("Mul", graph.add("MatMulIntegerToFloat", whole, weights, step, weight_scales, zero), scale)


def _unit(graph: _Graph) -> tuple[str, str]:
    """-1..1 as 1..255."""
    return graph.constant("unit.step", np.array(1 / 127, np.float32)), graph.constant("unit.zero", np.array(128, np.uint8))
