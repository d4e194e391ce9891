#!/usr/bin/python3
"""Writes src/quant/fixtures/*.json: what PyTorch computes, for the kernels' tests to be held to.

Run by hand, never by the tests: the files are committed. Needs Debian's python3-torch and python3-numpy:

    apt-get install python3-torch python3-numpy
    /usr/bin/python3 scripts/fixtures.py

The casts to float8 and float4 (floats.json) come from ml_dtypes, which JAX and ONNX use, and the blocks (blocks.json)
from Microsoft's microxcaling. Neither is in Debian with PyTorch 1.13; a file whose source is missing is left as it is.
To have both:

    /usr/bin/python3 -m venv --system-site-packages VENV && VENV/bin/pip install ml_dtypes packaging 'numpy<2'
    git clone https://github.com/microsoft/microxcaling CLONE
    PYTHONPATH=CLONE VENV/bin/python scripts/fixtures.py

Every number is a float32, written with the fewest digits that read back as that float32.
"""

import json
import math
from pathlib import Path

import numpy as np
import torch

FOLDER = Path(__file__).resolve().parent.parent / "src" / "quant" / "fixtures"
LARGEST_FILE = 100_000


def numbers(values):
    """A flat list of the shortest decimals that read back as these float32 values."""
    if isinstance(values, torch.Tensor):
        values = values.detach().reshape(-1).tolist()
    return [short(value) for value in np.asarray(values, dtype=np.float32).reshape(-1)]


def short(value):
    value = float(str(np.float32(value)))
    return int(value) if value.is_integer() and abs(value) < 1e6 and math.copysign(1, value) > 0 else value


def write(name, source, cases):
    text = ",\n".join(json.dumps(case, allow_nan=False) for case in cases)
    content = f'{{ "source": {json.dumps(source)}, "cases": [\n{text}\n] }}\n'
    if len(content) > LARGEST_FILE:
        raise SystemExit(f"{name}.json would have {len(content)} bytes; at most {LARGEST_FILE} are allowed.")
    (FOLDER / f"{name}.json").write_text(content)
    print(f"{name}.json: {len(cases)} cases, {len(content)} bytes")


def uniform(generator, size, low, high):
    return low + (high - low) * torch.rand(size, generator=generator)


# --- fake quantization ------------------------------------------------------------------------------------------------


def boundary_values(scale, zero_point, qmin, qmax):
    """Ties between levels, the levels themselves and both sides of the clip thresholds."""
    steps = sorted({qmin, qmin + 1, -1, 0, 1, 2, qmax - 1, qmax})
    points = [step - zero_point + half for step in steps for half in (-0.5, -0.25, 0.0, 0.5)]
    points += [qmin - zero_point - 0.75, qmax - zero_point + 0.75, 10 * (qmax + 1), -10 * (qmax + 1)]
    return [point * scale for point in points]


def fake_quantize():
    generator = torch.Generator().manual_seed(20)
    grids = [
        ("scale 1, odd zero point: ties", 1.0, 3, 0, 255),
        ("scale 1, signed", 1.0, 0, -8, 7),
        ("a scale whose reciprocal is inexact", 0.03, 0, -128, 127),
        ("the reciprocal of 1/49", 1 / 49, 5, 0, 15),
        ("narrow 8 bits", 0.0234567, 0, -127, 127),
        ("narrow 4 bits", 0.3, 0, -7, 7),
        ("2 bits", 0.71, 0, -1, 1),
        ("unsigned 2 bits", 0.5, 1, 0, 3),
        ("unsigned 8 bits, zero point at the end", 0.0537255, 255, 0, 255),
    ]
    cases = []
    for name, scale, zero_point, qmin, qmax in grids:
        span = (qmax - qmin) * scale
        x = torch.cat(
            [
                torch.tensor(boundary_values(scale, zero_point, qmin, qmax)),
                uniform(generator, 40, -span, span),
            ]
        ).requires_grad_()
        y = torch.fake_quantize_per_tensor_affine(x, scale, zero_point, qmin, qmax)
        dy = uniform(generator, x.shape, -1, 1)
        y.backward(dy)
        cases.append(
            {
                "name": name,
                "scales": numbers([scale]),
                "zeroPoints": [zero_point],
                "qmin": qmin,
                "qmax": qmax,
                "channels": 1,
                "x": numbers(x),
                "y": numbers(y),
                "dy": numbers(dy),
                "dx": numbers(x.grad),
            }
        )
    for name, channels, rows, qmin, qmax, symmetric in [
        ("per channel, narrow 8 bits", 5, 12, -127, 127, True),
        ("per channel, narrow 3 bits", 7, 9, -3, 3, True),
        ("per channel, odd zero points", 4, 12, 0, 15, False),
    ]:
        scales = uniform(generator, channels, 0.01, 0.6)
        zero_points = torch.zeros(channels, dtype=torch.int32)
        if not symmetric:
            zero_points = torch.tensor([1, 3, 7, 14], dtype=torch.int32)
        x = uniform(generator, (rows, channels), -1.3, 1.3) * scales * (qmax - qmin) / 2
        # Every other value lies on a tie, as near as float32 comes to it.
        ties = (torch.round(x / scales) + 0.5) * scales
        x[::2] = ties[::2]
        x.requires_grad_()
        y = torch.fake_quantize_per_channel_affine(x, scales, zero_points, 1, qmin, qmax)
        dy = uniform(generator, x.shape, -1, 1)
        y.backward(dy)
        cases.append(
            {
                "name": name,
                "scales": numbers(scales),
                "zeroPoints": zero_points.tolist(),
                "qmin": qmin,
                "qmax": qmax,
                "channels": channels,
                "x": numbers(x),
                "y": numbers(y),
                "dy": numbers(dy),
                "dx": numbers(x.grad),
            }
        )
    write("fakeQuantize", f"PyTorch {torch.__version__}, fake_quantize_per_{{tensor,channel}}_affine", cases)


def groups():
    """Weights [..., inputs, outputs] in groups along the inputs: per channel of a tensor in which each group is one."""
    from torch.ao.quantization.observer import PerChannelMinMaxObserver

    generator = torch.Generator().manual_seed(26)
    cases = []
    for name, shape, size, qmin, qmax in [
        ("dense, whole groups", (64, 3), 32, -7, 7),
        ("dense, the last group shorter", (75, 4), 32, -7, 7),
        ("dense, groups of 16, full range", (40, 5), 16, -8, 7),
        ("dense, groups of 64 at 2 bits", (100, 2), 64, -1, 1),
        ("convolution, a group at each place", (3, 3, 5, 4), 32, -127, 127),
        ("convolution, 33 inputs", (1, 2, 33, 3), 32, -3, 3),
    ]:
        w = uniform(generator, shape, -1, 1) * 2 ** uniform(generator, shape, -3, 2)
        dy = uniform(generator, shape, -1, 1)
        y, dw = torch.empty(shape), torch.empty(shape)
        for start in range(0, shape[-2], size):
            # [..., group, outputs] becomes [groups, weights of a group].
            part = w[..., start : start + size, :].transpose(-1, -2)
            x = part.reshape(-1, part.shape[-1]).clone().requires_grad_()
            observer = PerChannelMinMaxObserver(
                qscheme=torch.per_channel_symmetric, ch_axis=0, dtype=torch.qint8, quant_min=qmin, quant_max=qmax
            )
            observer(x.detach())
            # Of a narrow range max|w| / 7, of a full one half its levels, / 7.5.
            scales = observer.calculate_qparams()[0]
            out = torch.fake_quantize_per_channel_affine(
                x, scales, torch.zeros(len(scales), dtype=torch.int32), 0, qmin, qmax
            )
            out.backward(dy[..., start : start + size, :].transpose(-1, -2).reshape(x.shape))
            y[..., start : start + size, :] = out.detach().reshape(part.shape).transpose(-1, -2)
            dw[..., start : start + size, :] = x.grad.reshape(part.shape).transpose(-1, -2)
        cases.append(
            {
                "name": name,
                "shape": list(shape),
                "size": size,
                "qmin": qmin,
                "qmax": qmax,
                "w": numbers(w),
                "y": numbers(y),
                "dy": numbers(dy),
                "dw": numbers(dw),
            }
        )
    write("groups", f"PyTorch {torch.__version__}, fake_quantize_per_channel_affine of weights reshaped to groups", cases)


def rows():
    """Dynamic activations: each row, an example or a token, with the parameters of its own values."""
    from torch.ao.quantization.observer import PerChannelMinMaxObserver

    generator = torch.Generator().manual_seed(27)
    cases = []
    for name, shape, low, high, qmin, qmax in [
        ("8 bits, both signs", (5, 13), -3.0, 5.0, 0, 255),
        ("8 bits after ReLU", (4, 9), -1.0, 2.0, 0, 255),
        ("4 bits, pictures", (3, 2, 4, 3), -1.0, 1.0, 0, 15),
        ("3 bits, negative only", (3, 6), -4.0, -1.0, 0, 7),
        ("8 bits, tokens", (2, 3, 7), -2.0, 3.0, 0, 255),
        ("8 bits, tokens, symmetric", (2, 4, 9), -2.0, 3.0, -127, 127),
        ("4 bits, symmetric", (6, 11), -1.0, 0.5, -7, 7),
    ]:
        symmetric = qmin < 0
        x = uniform(generator, shape, low, high)
        # Rows of very different size, and one of zeros.
        x = x.reshape(-1, shape[-1]) if len(shape) == 3 else x.reshape(shape[0], -1)
        x = x * 2.0 ** torch.arange(len(x)).reshape(-1, 1)
        x[-1] = 0
        if "ReLU" in name:
            x = torch.relu(x)
        x.requires_grad_()
        observer = PerChannelMinMaxObserver(
            qscheme=torch.per_channel_symmetric if symmetric else torch.per_channel_affine,
            ch_axis=0,
            dtype=torch.qint8 if symmetric else torch.quint8,
            quant_min=qmin,
            quant_max=qmax,
            eps=2**-24,
        )
        observer(x.detach())
        scales, zero_points = observer.calculate_qparams()
        y = torch.fake_quantize_per_channel_affine(x, scales, zero_points.to(torch.int32), 0, qmin, qmax)
        dy = uniform(generator, y.shape, -1, 1)
        y.backward(dy)
        cases.append(
            {
                "name": name,
                "shape": list(shape),
                "qmin": qmin,
                "qmax": qmax,
                "x": numbers(x),
                "scales": numbers(scales),
                "zeroPoints": zero_points.tolist(),
                "y": numbers(y),
                "dy": numbers(dy),
                "dx": numbers(x.grad),
            }
        )
    write(
        "rows",
        f"PyTorch {torch.__version__}, PerChannelMinMaxObserver and fake_quantize_per_channel_affine along axis 0",
        cases,
    )


# --- learned steps ----------------------------------------------------------------------------------------------------


def lsq_gradients(v, scale, qmin, qmax, dy, factor):
    """Esser et al. 2020, equations 1 to 4, in float64: saturation is decided on v / scale before it is rounded."""
    dv, ds = [], 0.0
    for value, upstream in zip(v, dy):
        position = value / scale
        if position <= qmin:
            dv.append(0.0)
            ds += upstream * qmin
        elif position >= qmax:
            dv.append(0.0)
            ds += upstream * qmax
        else:
            dv.append(upstream)
            ds += upstream * (round(position) - position)
    return dv, ds * factor


def learned_step():
    generator = torch.Generator().manual_seed(21)
    golden = [-3, -1.3, -0.26, -0.25, 0.1, 0.74, 0.76, 1.49, 1.51, 5]
    inputs = [
        ("golden", golden, 0.5, -4, 3, [0.1 * (i + 1) for i in range(10)]),
        ("2 bits", uniform(generator, 40, -2, 2).tolist(), 0.37, -2, 1, uniform(generator, 40, -1, 1).tolist()),
        ("4 bits", uniform(generator, 40, -4, 4).tolist(), 0.4, -8, 7, uniform(generator, 40, -1, 1).tolist()),
        ("8 bits", uniform(generator, 40, -2, 2).tolist(), 0.015, -128, 127, uniform(generator, 40, -1, 1).tolist()),
        ("unsigned 3 bits", uniform(generator, 40, -1, 5).tolist(), 0.6, 0, 7, uniform(generator, 40, -1, 1).tolist()),
    ]
    cases = []
    for name, v, scale, qmin, qmax, dy in inputs:
        # What both sides compute with: the float32 values.
        v, dy = [np.asarray(a, dtype=np.float32).astype(np.float64).tolist() for a in (v, dy)]
        scale = float(np.float32(scale))
        factor = 1 / math.sqrt(len(v) * qmax)
        dv, ds = lsq_gradients(v, scale, qmin, qmax, dy, factor)
        x = torch.tensor(v).requires_grad_()
        step = torch.tensor([scale]).requires_grad_()
        offset = torch.zeros(1).requires_grad_()
        y = torch._fake_quantize_learnable_per_tensor_affine(x, step, offset, qmin, qmax, factor)
        y.backward(torch.tensor(dy))
        cases.append(
            {
                "name": name,
                "scale": short(scale),
                "qmin": qmin,
                "qmax": qmax,
                "factor": factor,
                "v": numbers(v),
                "y": numbers(y),
                "dy": numbers(dy),
                "paper": {"dv": numbers(dv), "dScale": ds},
                "pytorch": {"dv": numbers(x.grad), "dScale": short(step.grad.item())},
            }
        )
    write(
        "learnedStep",
        "paper: Esser et al. 2020 (LSQ), equations 1 to 4 in float64; pytorch and y: "
        f"PyTorch {torch.__version__}, _fake_quantize_learnable_per_tensor_affine",
        cases,
    )


def learned_bits():
    """A learned width and clip (src/kernels/learnedBits): PyTorch's autograd, with the straight-through rounding alone ours."""
    generator = torch.Generator().manual_seed(28)
    cases = []
    for name, width, clip, bits, penalty in [
        ("between two widths", 4.3, 0.8, 8, 0.01),
        ("a whole width", 3.0, 0.5, 8, 0.002),
        ("nearly the widest", 7.9, 1.0, 8, 0.05),
        ("nearly the narrowest", 2.2, 0.4, 6, 0.01),
        ("nothing clipped", 5.5, 2.0, 6, 0.0),
    ]:
        w = uniform(generator, 37, -1, 1).double().requires_grad_()
        dy = uniform(generator, 37, -1, 1).double()
        b = torch.tensor(np.float32(width), dtype=torch.float64, requires_grad=True)
        t = torch.tensor(np.float32(math.log2(clip)), dtype=torch.float64, requires_grad=True)
        m = 2**t
        steps = torch.clamp(2 ** (b - 1) - 1, 1, 2 ** (bits - 1) - 1)
        scale = m / steps
        position = torch.maximum(torch.minimum(w, m), -m) / scale
        y = scale * (position + (torch.round(position) - position).detach())
        ((y * dy).sum() + penalty * b).backward()
        cases.append(
            {
                "name": name,
                "width": short(b.item()),
                "logClip": short(t.item()),
                "qmax": 2 ** (bits - 1) - 1,
                "penalty": short(penalty),
                "w": numbers(w),
                "y": numbers(y),
                "dy": numbers(dy),
                "dw": numbers(w.grad),
                "dWidth": b.grad.item(),
                "dLogClip": t.grad.item(),
            }
        )
    write("learnedBits", f"PyTorch {torch.__version__}, autograd in float64 with a straight-through rounding", cases)


# --- observers --------------------------------------------------------------------------------------------------------


def observers():
    from torch.ao.quantization.observer import (
        MinMaxObserver,
        MovingAverageMinMaxObserver,
        PerChannelMinMaxObserver,
    )

    generator = torch.Generator().manual_seed(22)
    cases = []
    for name, qmax, low, high in [
        ("8 bits, both signs", 255, -3.0, 5.0),
        ("8 bits after ReLU", 255, 0.0, 7.0),
        ("4 bits, both signs", 15, -1.0, 1.0),
        ("3 bits, negative only", 7, -4.0, -1.0),
        ("1 bit after ReLU", 1, 0.0, 2.0),
    ]:
        observer = MovingAverageMinMaxObserver(
            dtype=torch.quint8, qscheme=torch.per_tensor_affine, quant_min=0, quant_max=qmax
        )
        batches = []
        for step in range(8):
            x = uniform(generator, 7, low * (1 + 0.1 * step), high * (1 + 0.2 * step))
            observer(x)
            scale, zero_point = observer.calculate_qparams()
            batches.append(
                {
                    "x": numbers(x),
                    "min": short(observer.min_val.item()),
                    "max": short(observer.max_val.item()),
                    "scale": short(scale.item()),
                    "zeroPoint": int(zero_point.item()),
                }
            )
        cases.append({"name": name, "qmin": 0, "qmax": qmax, "batches": batches})
    write("movingAverage", f"PyTorch {torch.__version__}, MovingAverageMinMaxObserver", cases)

    cases = []
    for name, bits, shape in [("8 bits", 8, (6, 5)), ("4 bits", 4, (9, 3)), ("2 bits", 2, (5, 4))]:
        w = uniform(generator, shape, -0.8, 0.8) * uniform(generator, shape[1:], 0.05, 2)
        qmax = 2 ** (bits - 1) - 1
        options = {"dtype": torch.qint8, "quant_min": -qmax, "quant_max": qmax}
        tensor = MinMaxObserver(qscheme=torch.per_tensor_symmetric, **options)
        channel = PerChannelMinMaxObserver(qscheme=torch.per_channel_symmetric, ch_axis=1, **options)
        tensor(w)
        channel(w)
        cases.append(
            {
                "name": name,
                "qmin": -qmax,
                "qmax": qmax,
                "shape": list(shape),
                "w": numbers(w),
                "perTensor": numbers(tensor.calculate_qparams()[0]),
                "perChannel": numbers(channel.calculate_qparams()[0]),
            }
        )
    write(
        "weightScales",
        f"PyTorch {torch.__version__}, MinMaxObserver and PerChannelMinMaxObserver, symmetric, narrow range",
        cases,
    )


# --- optimizers -------------------------------------------------------------------------------------------------------


def optimizers():
    generator = torch.Generator().manual_seed(23)
    cases = []
    for name, make in [
        ("Adam", lambda w: torch.optim.Adam([w], lr=0.01)),
        ("Adam, large rate", lambda w: torch.optim.Adam([w], lr=0.3)),
        ("SGD", lambda w: torch.optim.SGD([w], lr=0.05, momentum=0.9)),
    ]:
        w = uniform(generator, 9, -1, 1).requires_grad_()
        start = numbers(w)
        optimizer = make(w)
        steps = []
        for step in range(25):
            # The scale of the gradients falls over four decades, one weight gets none at first.
            w.grad = uniform(generator, 9, -1, 1) * 10 ** (-step / 6)
            if step < 3:
                w.grad[0] = 0
            optimizer.step()
            steps.append({"gradient": numbers(w.grad), "weights": numbers(w)})
        group = optimizer.param_groups[0]
        cases.append(
            {
                "name": name,
                "kind": "adam" if "betas" in group else "sgd",
                "learningRate": group["lr"],
                "momentum": group.get("momentum", 0),
                "start": start,
                "steps": steps,
            }
        )
    write("optimizers", f"PyTorch {torch.__version__}, torch.optim", cases)


# --- float formats ----------------------------------------------------------------------------------------------------


def float_formats():
    try:
        import ml_dtypes
    except ImportError:
        print("floats.json: left as it is, since ml_dtypes is not installed.")
        return
    generator = torch.Generator().manual_seed(24)
    cases = []
    for name, kind, most, least in [
        ("e4m3", ml_dtypes.float8_e4m3fn, 448, -9),
        ("e5m2", ml_dtypes.float8_e5m2, 57344, -16),
        ("e2m1", ml_dtypes.float4_e2m1fn, 6, -1),
    ]:
        bits = 4 if name == "e2m1" else 8
        # Numpy casts a code's bits to its value; codes of infinities and NaN are left out.
        codes = np.arange(2**bits, dtype=np.uint8).view(kind).astype(np.float64)
        values = np.unique(np.abs(codes[np.isfinite(codes)]))
        middles = (values[1:] + values[:-1]) / 2
        exponents = uniform(generator, 300, least - 2, math.log2(most)).numpy().astype(np.float64)
        signs = np.where(np.arange(300) % 2 == 0, 1, -1)
        x = np.concatenate([values, middles, -middles, np.minimum(2.0**exponents, most) * signs])
        x = x.astype(np.float32)
        y = x.astype(kind).astype(np.float32)
        if not (np.isfinite(y).all() and values.max() == most):
            raise SystemExit(f"ml_dtypes does not cast to {name} as expected.")
        cases.append({"format": name, "x": numbers(x), "y": numbers(y)})
    write("floats", f"ml_dtypes {ml_dtypes.__version__}, casts of float32 within the largest value", cases)


def block_formats():
    try:
        from mx.mx_ops import _quantize_mx
    except ImportError:
        print("blocks.json: left as it is, since microxcaling is not on the path.")
        return
    generator = torch.Generator().manual_seed(25)
    cases = []
    for name, element in [("mxfp4", "fp4_e2m1"), ("mxfp8", "fp8_e4m3")]:
        for shape in [(2, 6), (32, 3), (75, 4), (3, 3, 5, 4), (2, 2, 33, 3)]:
            # Magnitudes spread over some powers of two; one output channel is all zero.
            w = uniform(generator, shape, -1, 1) * 2 ** uniform(generator, shape, -6, 3)
            w[..., -1] = 0
            y = _quantize_mx(w, 8, element, axes=[len(shape) - 2], block_size=32, round="even")
            cases.append({"format": name, "shape": list(shape), "x": numbers(w), "y": numbers(y)})
    write("blocks", "github.com/microsoft/microxcaling 7bc4195, mx_ops._quantize_mx, round to even", cases)


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    fake_quantize()
    groups()
    rows()
    learned_step()
    learned_bits()
    observers()
    optimizers()
    float_formats()
    block_formats()
