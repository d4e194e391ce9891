"""
Writes src/backend/selfTest.json: loss and gradients of the start-up self-test's network (src/backend/selfTest.ts),
computed by PyTorch's autograd in float64. Run it with a Python that has torch.
"""

import json
import math
from pathlib import Path

import torch

torch.set_default_dtype(torch.float64)


def values(shape, phase, step, scale):
    flat = [math.sin(i * step + phase) * scale for i in range(math.prod(shape))]
    return torch.tensor(flat).float().double().reshape(shape)


x = values([2, 6, 6, 1], 1, 1.7, 1)
filters = values([3, 3, 1, 4], 2, 1.3, 0.5).requires_grad_()
shift = values([4], 0.5, 0.6, 0.2).requires_grad_()
weights = values([16, 3], 4, 1.1, 0.5).requires_grad_()
bias = values([3], 5, 1.7, 0.1).requires_grad_()

images = torch.nn.functional.conv2d(x.permute(0, 3, 1, 2), filters.permute(3, 2, 0, 1), shift).relu()
pooled = torch.nn.functional.max_pool2d(images, 2).permute(0, 2, 3, 1).reshape(2, 16)
# 4-bit weights, a scale a channel, straight-through estimator.
scales = weights.detach().abs().amax(0) / 7
share = weights.detach() / scales
assert (share - share.floor() - 0.5).abs().min() > 1e-3, "a weight lies on the border of two levels"
rounded = weights + (share.round() * scales - weights).detach()
loss = torch.nn.functional.cross_entropy(pooled @ rounded + bias, torch.tensor([0, 2]))
loss.backward()


def numbers(tensor):
    return [float(f"{value:.7g}") for value in tensor.flatten().tolist()]


gradients = {"filters": filters, "shift": shift, "weights": weights, "bias": bias}
assert all((tensor.grad != 0).all() for tensor in gradients.values()), "a gradient that is 0 tests nothing"
result = {"loss": numbers(loss)[0], "gradients": {name: numbers(t.grad) for name, t in gradients.items()}}
path = Path(__file__).parent.parent / "src/backend/selfTest.json"
path.write_text(json.dumps(result, indent=2) + "\n")
