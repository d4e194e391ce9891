#!/usr/bin/python3
"""Writes src/kernels/*/fixtures/*.json: what PyTorch computes, for the kernels of sequence layers to be held to.

Run by hand, never by the tests: the files are committed. Needs Debian's python3-torch and python3-numpy:

    apt-get install python3-torch python3-numpy
    /usr/bin/python3 scripts/fixtures-sequences.py

Every number is a float32, written with the fewest digits that read back as that float32.
"""

import json
from pathlib import Path

import torch
import torch.nn.functional as F
from fixtures import numbers, uniform

KERNELS = Path(__file__).resolve().parent.parent / "src" / "kernels"


def write(kernel, name, source, cases):
    text = ",\n".join(json.dumps(case, allow_nan=False) for case in cases)
    content = f'{{ "source": {json.dumps(source)}, "cases": [\n{text}\n] }}\n'
    path = KERNELS / kernel / "fixtures" / f"{name}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(content)
    print(f"{path.relative_to(KERNELS)}: {len(cases)} cases, {len(content)} bytes")


def gradients(outputs, cotangents, inputs):
    """The gradients of the sum of all outputs times their cotangents."""
    return torch.autograd.grad(outputs, inputs, cotangents)


def gelu():
    generator = torch.Generator().manual_seed(40)
    cases = []
    for name, x in [
        ("around 0", uniform(generator, (40,), -1, 1)),
        ("the dip and both ends", torch.cat([uniform(generator, (40,), -6, 6), torch.tensor([0.0, -10.0, 10.0])])),
    ]:
        x.requires_grad_(True)
        dy = uniform(generator, x.shape, -1, 1)
        y = F.gelu(x, approximate="tanh")
        (dx,) = gradients([y], [dy], [x])
        cases.append({"name": name, "x": numbers(x), "dy": numbers(dy), "y": numbers(y), "dx": numbers(dx)})
    write("epilogue", "gelu", f"torch.nn.functional.gelu(approximate='tanh'), PyTorch {torch.__version__}", cases)


def layer_norm():
    """In float64: in float32 PyTorch's own gradient of a row of two is noise."""
    generator = torch.Generator().manual_seed(41)
    cases = []
    for shape in [(1, 2), (5, 3), (2, 3, 8), (4, 33)]:
        x = uniform(generator, shape, -3, 5).double().requires_grad_(True)
        gamma = uniform(generator, shape[-1:], -2, 2).double().requires_grad_(True)
        beta = uniform(generator, shape[-1:], -1, 1).double().requires_grad_(True)
        dy = uniform(generator, shape, -1, 1).double()
        y = F.layer_norm(x, shape[-1:], gamma, beta)
        tensors = {"x": x, "gamma": gamma, "beta": beta, "dy": dy, "y": y}
        tensors |= zip(["dx", "dgamma", "dbeta"], gradients([y], [dy], [x, gamma, beta]))
        cases.append({"shape": list(shape)} | {name: numbers(value) for name, value in tensors.items()})
    write("layerNorm", "layerNorm", f"torch.nn.functional.layer_norm in float64, PyTorch {torch.__version__}", cases)


def attention():
    """Scaled dot-product attention of one head, from queries, keys and values."""
    generator = torch.Generator().manual_seed(42)
    cases = []
    for causal in [False, True]:
        batch, time, depth = 2, 5, 3
        q, k, v = (uniform(generator, (batch, time, depth), -2, 2).requires_grad_(True) for _ in range(3))
        dy = uniform(generator, (batch, time, depth), -1, 1)
        scores = q @ k.transpose(1, 2) / depth**0.5
        if causal:
            scores = scores.masked_fill(torch.ones(time, time).triu(1).bool(), -torch.inf)
        p = scores.softmax(-1)
        y = p @ v
        tensors = {"q": q, "k": k, "v": v, "dy": dy, "p": p, "y": y}
        tensors |= zip(["dq", "dk", "dv"], gradients([y], [dy], [q, k, v]))
        head = {"causal": causal, "shape": [batch, time, depth]}
        cases.append(head | {name: numbers(value) for name, value in tensors.items()})
    write("attentionSoftmax", "attention", f"softmax(q k' / sqrt(depth)) v, PyTorch {torch.__version__}", cases)


def cells():
    """GRUCell and LSTMCell over two steps, from zero states."""
    generator = torch.Generator().manual_seed(43)
    for kernel, make in [("gru", torch.nn.GRUCell), ("lstm", torch.nn.LSTMCell)]:
        cases = []
        for batch, inputs, hidden in [(1, 1, 1), (3, 2, 5), (2, 3, 8)]:
            cell = make(inputs, hidden)
            with torch.no_grad():
                for parameter in cell.parameters():
                    parameter.copy_(uniform(generator, parameter.shape, -1, 1))
            xs = [uniform(generator, (batch, inputs), -2, 2).requires_grad_(True) for _ in range(2)]
            state = None
            for x in xs:
                state = cell(x, state)
            outputs = list(state) if kernel == "lstm" else [state]
            dys = [uniform(generator, (batch, hidden), -1, 1) for _ in outputs]
            names = ["x0", "x1", *(name for name, _ in cell.named_parameters())]
            values = [*xs, *cell.parameters()]
            tensors = dict(zip(names, values))
            tensors |= zip((f"d_{name}" for name in names), gradients(outputs, dys, values))
            tensors |= zip(["h", "c"], outputs)
            tensors |= zip(["dh", "dc"], dys)
            sizes = {"batch": batch, "inputs": inputs, "hidden": hidden}
            cases.append(sizes | {name: numbers(value) for name, value in tensors.items()})
        write(kernel, f"{kernel}Cell", f"torch.nn.{make.__name__}, two steps, PyTorch {torch.__version__}", cases)


def main():
    gelu()
    layer_norm()
    attention()
    cells()


if __name__ == "__main__":
    main()
