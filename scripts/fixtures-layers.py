#!/usr/bin/python3
"""Writes src/kernels/*/fixtures/*.json and src/model/layers/fixtures/residual.json: what PyTorch computes, for the
kernels of image layers and residual blocks to be held to.

Run by hand, never by the tests: the files are committed. Needs Debian's python3-torch and python3-numpy:

    apt-get install python3-torch python3-numpy
    /usr/bin/python3 scripts/fixtures-layers.py

Every number is a float32, written with the fewest digits that read back as that float32. Images are NHWC, filters HWIO.
"""

import json
from pathlib import Path

import torch
from fixtures import numbers, uniform

EPSILON = 1e-5
SRC = Path(__file__).resolve().parent.parent / "src"


def write(folder, name, source, cases):
    text = ",\n".join(json.dumps(case, allow_nan=False) for case in cases)
    content = f'{{ "source": {json.dumps(source)}, "cases": [\n{text}\n] }}\n'
    path = SRC / folder / "fixtures" / f"{name}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(content)
    print(f"{path.relative_to(SRC)}: {len(cases)} cases, {len(content)} bytes")


def channels_last(x):
    return numbers(x.permute(0, 2, 3, 1).contiguous())


def batch_norm():
    """Two training steps, then an evaluation by the running estimates."""
    generator = torch.Generator().manual_seed(60)
    cases = []
    for name, (batch, channels, height, width), momentum, low, high in [
        ("5 channels", (3, 5, 3, 2), 0.1, -2, 2),
        ("4 channels, momentum 0.25", (4, 4, 2, 3), 0.25, -1, 3),
        ("a mean far from 0", (2, 3, 4, 4), 0.1, 99, 101),
        ("two values per channel", (2, 2, 1, 1), 0.1, -1, 1),
    ]:
        layer = torch.nn.BatchNorm2d(channels, momentum=momentum)
        with torch.no_grad():
            layer.weight.copy_(uniform(generator, channels, 0.5, 1.5))
            layer.bias.copy_(uniform(generator, channels, -0.5, 0.5))
        steps = []
        for _ in range(2):
            x = uniform(generator, (batch, channels, height, width), low, high).requires_grad_()
            dy = uniform(generator, x.shape, -1, 1)
            y = layer(x)
            dx, dgamma, dbeta = torch.autograd.grad([y], [x, layer.weight, layer.bias], [dy])
            steps.append(
                {
                    "x": channels_last(x),
                    "y": channels_last(y),
                    "dy": channels_last(dy),
                    "dx": channels_last(dx),
                    "dgamma": numbers(dgamma),
                    "dbeta": numbers(dbeta),
                    "running": numbers(torch.stack([layer.running_mean, layer.running_var])),
                }
            )
        layer.eval()
        x = uniform(generator, (batch, channels, height, width), low, high)
        cases.append(
            {
                "name": name,
                "shape": [batch, height, width, channels],
                "momentum": momentum,
                "gamma": numbers(layer.weight),
                "beta": numbers(layer.bias),
                "steps": steps,
                "evaluation": {"x": channels_last(x), "y": channels_last(layer(x))},
            }
        )
    write("kernels/batchNorm", "batchNorm", f"torch.nn.BatchNorm2d, PyTorch {torch.__version__}", cases)


def cross_entropy():
    """The mean over the rows whose label is not -1."""
    generator = torch.Generator().manual_seed(61)
    cases = []
    for name, rows, classes, ignored in [
        ("no row left out", 6, 5, []),
        ("some rows left out", 9, 7, [0, 3, 4, 8]),
        ("all rows but one left out", 5, 4, [0, 1, 2, 4]),
    ]:
        logits = uniform(generator, (rows, classes), -5, 5).requires_grad_()
        labels = torch.randint(0, classes, (rows,), generator=generator)
        labels[ignored] = -1
        loss = torch.nn.functional.cross_entropy(logits, labels, ignore_index=-1)
        (gradient,) = torch.autograd.grad([loss], [logits])
        cases.append(
            {
                "name": name,
                "classes": classes,
                "logits": numbers(logits),
                "labels": labels.tolist(),
                "loss": numbers(loss)[0],
                "gradient": numbers(gradient),
            }
        )
    source = f"torch.nn.functional.cross_entropy(ignore_index=-1), PyTorch {torch.__version__}"
    write("kernels/softmaxCrossEntropy", "crossEntropy", source, cases)


def residual():
    """Blocks of He et al. 2015 in training: convolution, batch norm, ReLU, convolution, batch norm; the sum; ReLU."""
    generator = torch.Generator().manual_seed(62)
    functional = torch.nn.functional
    cases = []
    for name, (batch, size, inputs, channels), stride in [
        ("around two convolutions", (2, 4, 3, 3), 1),
        ("through a projection, stride 2", (2, 5, 2, 4), 2),
    ]:
        x = uniform(generator, (batch, inputs, size, size), -1, 1).requires_grad_()
        filters = [
            uniform(generator, (channels, inputs, 3, 3), -0.5, 0.5).requires_grad_(),
            uniform(generator, (channels, channels, 3, 3), -0.5, 0.5).requires_grad_(),
        ]
        gammas = [uniform(generator, channels, 0.5, 1.5).requires_grad_() for _ in range(2)]
        betas = [uniform(generator, channels, -0.5, 0.5).requires_grad_() for _ in range(2)]
        y = x
        for index in range(2):
            # An odd size, so that "same" pads one pixel at both sides with a stride of 2 too.
            y = functional.conv2d(y, filters[index], padding=1, stride=stride if index == 0 else 1)
            y = functional.batch_norm(y, None, None, gammas[index], betas[index], training=True, eps=EPSILON)
            y = functional.relu(y) if index == 0 else y
        parameters = [
            part
            for index in range(2)
            for part in [
                (f"conv{index + 1}/weights", filters[index]),
                (f"conv{index + 1}/gamma", gammas[index]),
                (f"conv{index + 1}/biases", betas[index]),
            ]
        ]
        skipped = x
        if stride > 1:
            projection = uniform(generator, (channels, inputs, 1, 1), -0.5, 0.5).requires_grad_()
            bias = uniform(generator, channels, -0.5, 0.5).requires_grad_()
            skipped = functional.conv2d(x, projection, bias, stride=stride)
            parameters += [("add1/weights", projection), ("add1/biases", bias)]
        y = functional.relu(y + skipped)
        dy = uniform(generator, y.shape, -1, 1)
        gradients = torch.autograd.grad([y], [x, *(value for _, value in parameters)], [dy])

        def flat(value):
            # OIHW to HWIO; a projection [O, I, 1, 1] is [I, O] then too.
            return numbers(value.permute(2, 3, 1, 0).contiguous() if value.dim() == 4 else value)

        cases.append(
            {
                "name": name,
                "shape": [batch, size, size, inputs],
                "filters": channels,
                "stride": stride,
                "x": channels_last(x),
                "y": channels_last(y),
                "dy": channels_last(dy),
                "dx": channels_last(gradients[0]),
                "parameters": [
                    {"key": key, "values": flat(value), "gradient": flat(gradient)}
                    for (key, value), gradient in zip(parameters, gradients[1:])
                ],
            }
        )
    source = f"torch.nn.functional conv2d, batch_norm, relu, PyTorch {torch.__version__}"
    write("model/layers", "residual", source, cases)


def main():
    residual()
    batch_norm()
    cross_entropy()


if __name__ == "__main__":
    main()
