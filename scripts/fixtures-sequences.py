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


def main():
    gelu()


if __name__ == "__main__":
    main()
