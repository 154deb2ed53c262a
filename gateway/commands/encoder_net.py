"""The upper layers of MiniLM as torch has them, their training, and their export to ONNX in int8."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from gateway.backends.minilm import WEIGHTS, file_of, lower_states
from gateway.classify.asked import Asked
from gateway.classify.encoded import TOKENS, written
from gateway.classify.train import AXES

States = NDArray[np.float16]
WIDTH, HEADS, INNER = 384, 12, 1536
_LAYERS: Final = (3, 4, 5)
_RATE, _HEADS_RATE = 2e-4, 1e-3
_BATCH: Final = 48
_DROPPED: Final = 0.1
_SMOOTHED: Final = 0.05
_COUNTS: Final = {"task": 1.0, "freshness": 0.7, "sensitivity": 0.5, "injection": 0.5}
_WARMING: Final = 0.08  # share of the steps in which the rate rises
_PARTS: Final = {  # as the package names what belongs to a layer
    "query": "attention.self.query",
    "key": "attention.self.key",
    "value": "attention.self.value",
    "out": "attention.output.dense",
    "wide": "intermediate.dense",
    "narrow": "output.dense",
}


@dataclass(frozen=True, slots=True)
class Axis:
    """`wanted` by row: the label's number, or -1; `weights`: what the row counts."""

    name: str
    wanted: NDArray[np.intp]
    weights: NDArray[np.float32]


def states_of(requests: Sequence[Asked]) -> list[States]:
    """What the lower layers make of each request, of shape (tokens, WIDTH)."""
    texts = [written(each) for each in requests]
    return [states.astype(np.float16) for states in lower_states(texts, TOKENS)]


class Layer(nn.Module):  # type: ignore[misc]
    def __init__(self) -> None:
        super().__init__()
        self.query, self.key, self.value, self.out = (nn.Linear(WIDTH, WIDTH) for _ in range(4))
        self.wide, self.narrow = nn.Linear(WIDTH, INNER), nn.Linear(INNER, WIDTH)
        self.first, self.second = (nn.LayerNorm(WIDTH, eps=1e-12) for _ in range(2))
        self.drop = nn.Dropout(_DROPPED)

    def forward(self, states: Any, mask: Any) -> Any:
        def split(part: Any) -> Any:
            return part.view(*part.shape[:2], HEADS, -1).transpose(1, 2)

        parts = (split(linear(states)) for linear in (self.query, self.key, self.value))
        seen = nn.functional.scaled_dot_product_attention(*parts, attn_mask=mask[:, None, None, :])
        states = self.first(states + self.drop(self.out(seen.transpose(1, 2).reshape(states.shape))))
        return self.second(states + self.drop(self.narrow(nn.functional.gelu(self.wide(states)))))


class Net(nn.Module):  # type: ignore[misc]
    """Three layers, and one linear head for the labels of all axes over the states' mean and their first."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList([Layer() for _ in _LAYERS])
        self.head = nn.Linear(2 * WIDTH, sum(map(len, AXES.values())))
        self.drop = nn.Dropout(_DROPPED)
        self._begin()

    def forward(self, states: Any, mask: Any) -> Any:
        for layer in self.layers:
            states = layer(states, mask)
        counted = mask[:, :, None].float()
        mean = (states * counted).sum(1) / counted.sum(1)
        return self.head(self.drop(torch.cat([mean, states[:, 0]], 1)))

    def scores(self, states: Sequence[States]) -> NDArray[np.float32]:
        """Of shape (rows, labels of all axes)."""
        self.eval()
        found = np.zeros((len(states), self.head.out_features), np.float32)
        order = sorted(range(len(states)), key=lambda n: len(states[n]))
        with torch.no_grad():
            for start in range(0, len(order), _BATCH):
                places = order[start : start + _BATCH]
                found[places] = self(*_batch(states, places)).numpy()
        return found

    def _begin(self) -> None:
        """With the package's weights."""
        known = {
            each.name: numpy_helper.to_array(each) for each in onnx.load(file_of(*WEIGHTS)).graph.initializer
        }
        for layer, number in zip(self.layers, _LAYERS, strict=True):
            place = f"inner.encoder.layer.{number}."
            for name, part in _PARTS.items():
                linear = getattr(layer, name)
                weights = known[f"{_MATRICES[number][name]}_q"] * known[f"{_MATRICES[number][name]}_scale"]
                linear.weight.data = torch.tensor(weights.T.astype(np.float32))
                linear.bias.data = torch.tensor(known[f"{place}{part}.bias"].copy())
            for norm, part in ((layer.first, "attention.output"), (layer.second, "output")):
                norm.weight.data = torch.tensor(known[f"{place}{part}.LayerNorm.weight"].copy())
                norm.bias.data = torch.tensor(known[f"{place}{part}.LayerNorm.bias"].copy())


_MATRICES: Final = {  # the package's names of its matrices
    number: dict(zip(_PARTS, (f"val_{place}" for place in places), strict=True))
    for number, places in {
        3: (264, 272, 280, 318, 322, 331),
        4: (335, 343, 351, 389, 393, 402),
        5: (406, 414, 422, 460, 464, 473),
    }.items()
}


def _batch(states: Sequence[States], places: Sequence[int]) -> tuple[Any, Any]:
    longest = max(len(states[n]) for n in places)
    padded = np.zeros((len(places), longest, WIDTH), np.float32)
    mask = np.zeros((len(places), longest), bool)
    for at, n in enumerate(places):
        padded[at, : len(states[n])] = states[n]
        mask[at, : len(states[n])] = True
    return torch.from_numpy(padded), torch.from_numpy(mask)


def trained(axes: Sequence[Axis], states: Sequence[States], epochs: int, net: Net | None = None) -> Net:
    """Fit a new net, or go on with one: AdamW (Loshchilov and Hutter, 2019), the rate rises, then falls."""
    torch.manual_seed(0)
    draw = random.Random(0)  # noqa: S311 -- a shuffle, not a secret
    net = net or Net()
    layers = [p for name, p in net.named_parameters() if not name.startswith("head")]
    groups = [{"params": layers, "full": _RATE}, {"params": net.head.parameters(), "full": _HEADS_RATE}]
    optimiser = torch.optim.AdamW(groups, weight_decay=0.01)
    batches = [batch for _ in range(epochs) for batch in _batches(states, draw)]
    for step, places in enumerate(batches):
        done = step / len(batches)
        for group in optimiser.param_groups:
            group["lr"] = group["full"] * max(min(1.0, done / _WARMING) * (1 - done), 0.01)
        net.train()
        optimiser.zero_grad()
        loss = _loss(net(*_batch(states, places)), axes, places)
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimiser.step()
        if step % 50 == 0:
            print(f"step {step:,} of {len(batches):,}: loss {loss.item():.3f}", flush=True)
    return net


def _batches(states: Sequence[States], draw: random.Random) -> list[list[int]]:
    """Rows of like length together, in batches in any order."""
    order = list(range(len(states)))
    draw.shuffle(order)
    size = _BATCH * 40
    pools = [sorted(order[n : n + size], key=lambda k: len(states[k])) for n in range(0, len(order), size)]
    batches = [pool[n : n + _BATCH] for pool in pools for n in range(0, len(pool), _BATCH)]
    draw.shuffle(batches)
    return batches


def _loss(scores: Any, axes: Sequence[Axis], places: Sequence[int]) -> Any:
    total, start = torch.zeros(()), 0
    for axis in axes:
        end = start + len(AXES[axis.name])
        wanted, weights = torch.from_numpy(axis.wanted[places]), torch.from_numpy(axis.weights[places])
        known = wanted >= 0
        if known.any():
            losses = nn.functional.cross_entropy(
                scores[known, start:end], wanted[known], reduction="none", label_smoothing=_SMOOTHED
            )
            total = total + _COUNTS[axis.name] * (losses * weights[known]).sum() / len(places)
        start = end
    return total


def exported(net: Net, path: Path) -> None:
    """Write the net as ONNX: `states` (texts, tokens, WIDTH) and `mask` (texts, tokens) in, `scores` out."""
    graph = _Graph()
    graph.add("Sub", ["one", "mask"], "hidden")
    graph.add("Mul", ["hidden", "far"], "far_off")
    graph.add("Unsqueeze", ["far_off", "middle_axes"], "bias")
    states = "states"
    for number, layer in enumerate(net.layers):
        states = graph.layer(f"layer{number}.", layer, states)
    graph.head(net.head, states)
    made = helper.make_model(graph.made(), opset_imports=[helper.make_opsetid("", 17)], ir_version=10)
    onnx.checker.check_model(made)
    onnx.save(made, str(path))


class _Graph:
    """Nodes and constants as they are added."""

    def __init__(self) -> None:
        self._nodes: list[Any] = []
        self._constants: list[Any] = []
        for name, value in {
            "one": np.float32(1),
            "far": np.float32(-1e4),
            "middle_axes": np.array([1, 2]),
            "last_axis": np.array([2]),
            "texts_axis": np.array([1]),
            "zero": np.int64(0),
            "split": np.array([0, 0, HEADS, WIDTH // HEADS]),
            "joined": np.array([0, 0, WIDTH]),
            "scale": np.float32(1 / math.sqrt(WIDTH // HEADS)),
            "root": np.float32(math.sqrt(2)),
            "half": np.float32(0.5),
        }.items():
            self.constant(name, np.asarray(value))

    def made(self) -> Any:
        shaped = helper.make_tensor_value_info
        return helper.make_graph(
            self._nodes,
            "upper",
            [
                shaped("states", TensorProto.FLOAT, ["texts", "tokens", WIDTH]),
                shaped("mask", TensorProto.FLOAT, ["texts", "tokens"]),
            ],
            [shaped("scores", TensorProto.FLOAT, ["texts", "labels"])],
            self._constants,
        )

    def constant(self, name: str, value: Any) -> str:
        self._constants.append(numpy_helper.from_array(np.asarray(value, order="C"), name))
        return name

    def add(self, kind: str, inputs: Sequence[str], output: str, **attributes: Any) -> str:
        self._nodes.append(helper.make_node(kind, list(inputs), [output], **attributes))
        return output

    def linear(self, place: str, linear: Any, states: str) -> str:
        """The weights in int8 steps, whose size is by column."""
        weights = linear.weight.detach().numpy().T
        scale = np.maximum(np.abs(weights).max(0, keepdims=True) / 127, 1e-12).astype(np.float32)
        self.constant(f"{place}steps", np.rint(weights / scale).astype(np.int8))
        self.constant(f"{place}scale", scale)
        self.constant(f"{place}bias", linear.bias.detach().numpy())
        self.add("Cast", [f"{place}steps"], f"{place}float", to=TensorProto.FLOAT)
        self.add("Mul", [f"{place}float", f"{place}scale"], f"{place}weights")
        self.add("MatMul", [states, f"{place}weights"], f"{place}product")
        return self.add("Add", [f"{place}product", f"{place}bias"], f"{place}sum")

    def norm(self, place: str, norm: Any, states: str) -> str:
        names = [
            self.constant(f"{place}{name}", getattr(norm, name).detach().numpy())
            for name in ("weight", "bias")
        ]
        return self.add("LayerNormalization", [states, *names], f"{place}out", axis=-1, epsilon=1e-12)

    def layer(self, place: str, layer: Any, states: str) -> str:
        ways = {"query": [0, 2, 1, 3], "key": [0, 2, 3, 1], "value": [0, 2, 1, 3]}
        for name, way in ways.items():
            whole = self.linear(f"{place}{name}.", getattr(layer, name), states)
            self.add("Reshape", [whole, "split"], f"{place}{name}.split")
            self.add("Transpose", [f"{place}{name}.split"], f"{place}{name}", perm=way)
        self.add("MatMul", [f"{place}query", f"{place}key"], f"{place}near")
        self.add("Mul", [f"{place}near", "scale"], f"{place}scaled")
        self.add("Add", [f"{place}scaled", "bias"], f"{place}masked")
        self.add("Softmax", [f"{place}masked"], f"{place}looks", axis=-1)
        self.add("MatMul", [f"{place}looks", f"{place}value"], f"{place}seen")
        self.add("Transpose", [f"{place}seen"], f"{place}turned", perm=[0, 2, 1, 3])
        self.add("Reshape", [f"{place}turned", "joined"], f"{place}whole")
        out = self.linear(f"{place}out.", layer.out, f"{place}whole")
        first = self.norm(f"{place}first.", layer.first, self.add("Add", [states, out], f"{place}beside"))
        wide = self.linear(f"{place}wide.", layer.wide, first)
        self.add("Div", [wide, "root"], f"{place}rooted")
        self.add("Erf", [f"{place}rooted"], f"{place}erf")
        self.add("Add", [f"{place}erf", "one"], f"{place}above")
        self.add("Mul", [wide, f"{place}above"], f"{place}doubled")
        self.add("Mul", [f"{place}doubled", "half"], f"{place}bent")
        narrow = self.linear(f"{place}narrow.", layer.narrow, f"{place}bent")
        return self.norm(f"{place}second.", layer.second, self.add("Add", [first, narrow], f"{place}over"))

    def head(self, head: Any, states: str) -> None:
        self.add("Unsqueeze", ["mask", "last_axis"], "counted")
        self.add("Mul", [states, "counted"], "kept")
        self.add("ReduceSum", ["kept", "texts_axis"], "sum", keepdims=0)
        self.add("ReduceSum", ["counted", "texts_axis"], "count", keepdims=0)
        self.add("Div", ["sum", "count"], "mean")
        self.add("Gather", [states, "zero"], "first", axis=1)
        self.add("Concat", ["mean", "first"], "both", axis=1)
        last = self.linear("head.", head, "both")
        self.add("Identity", [last], "scores")
