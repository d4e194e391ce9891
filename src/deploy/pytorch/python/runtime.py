# Rounding. A Signal is values times a scale: where values are rounded they are whole numbers, so that sums of
# products are exact and do not depend on their order (up to 2^24), as on integer hardware.
class Signal:
    def __init__(self, values, scale=None):
        self.values = values
        self.scale = scale  # None: the values are the numbers meant

    def numbers(self):
        return self.values if self.scale is None else self.values * self.scale


SMALLEST = 2.0**-24


def scale_and_inverse(scale):
    scale = scale.float().clamp(min=SMALLEST)
    return scale, 1 / scale


class Tanh(torch.autograd.Function):
    """The rational polynomial that the playground uses on every backend (Eigen's float tanh)."""

    @staticmethod
    def forward(ctx, x):
        c = x.clamp(-7.905311107635498, 7.905311107635498)
        s = c * c
        p = torch.full_like(s, -2.76076847742355e-16)
        for k in (2.00018790482477e-13, -8.60467152213735e-11, 5.12229709037114e-8,
                  1.48572235717979e-5, 6.37261928875436e-4, 4.89352455891786e-3):
            p = p * s + k
        q = torch.full_like(s, 1.19825839466702e-6)
        for k in (1.18534705686654e-4, 2.268434632439e-3, 4.89352518554385e-3):
            q = q * s + k
        y = torch.where(x.abs() < 0.0004, x, c * p / q)
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx, dy):
        (y,) = ctx.saved_tensors
        return dy * (1 - y * y)


tanh = Tanh.apply


def sigmoid(x):
    return 0.5 * tanh(0.5 * x) + 0.5


ACTIVATIONS = {
    "linear": lambda x: x,
    "relu": torch.relu,
    "tanh": tanh,
    "sigmoid": sigmoid,
    "gelu": lambda x: 0.5 * x * (1 + tanh(x * (0.7978845608028654 * 0.044715 * (x * x) + 0.7978845608028654))),
}


class Round(torch.autograd.Function):
    """To whole numbers on a grid. The gradient passes as rule and estimator say; `learned` gets one of its own."""

    @staticmethod
    def forward(ctx, x, learned, grid, site):
        position = x * grid["inverse"]
        if site.stochastic and site.training:
            rounded = torch.floor(position + torch.rand_like(position))
        else:
            rounded = torch.round(position)
        ctx.save_for_backward(x, position, rounded, learned if learned is not None else x.new_zeros(0))
        ctx.grid, ctx.site = grid, site
        if site.sign:
            return torch.where(x >= 0, torch.ones_like(x), -torch.ones_like(x))
        zero = grid["zero"]
        return (rounded + zero).clamp(site.qmin, site.qmax) - zero

    @staticmethod
    def backward(ctx, dq):
        x, position, rounded, learned = ctx.saved_tensors
        site, grid = ctx.site, ctx.grid
        zero, qmin, qmax = grid["zero"], site.qmin, site.qmax
        if site.sign:
            inside = torch.ones_like(x, dtype=torch.bool) if site.rule == "everywhere" else x.abs() <= 1
            error, middle = (x - torch.where(x >= 0, 1.0, -1.0)) / 2, x / 2
        else:
            p, r = position + zero, rounded + zero
            if site.rule == "everywhere":
                inside = torch.ones_like(x, dtype=torch.bool)
            elif site.rule == "clip":
                inside = (r >= qmin) & (r <= qmax)
            elif site.rule == "closed":
                inside = (p >= qmin) & (p <= qmax)
            else:
                inside = (p > qmin) & (p < qmax)
            error = p - r.clamp(qmin, qmax)
            middle = position - torch.floor(position) - 0.5
        slope = 1 / grid["scale"] if site.rule == "everywhere" else grid["inverse"]
        dx = torch.where(inside, dq * slope * estimate(site.estimator, dq, error, middle), torch.zeros_like(dq))
        if not site.learns:
            return dx, None, None, None
        return dx, site.learned_gradient(dq * grid["inverse"], x, position, rounded, grid, learned), None, None


def estimate(kind, upstream, error, middle):
    if kind == "ewgs":
        return 1 + 0.2 * torch.sign(upstream) * error.clamp(-0.5, 0.5)
    if kind == "soft":
        return 2 / math.tanh(2) * (1 - torch.tanh(4 * middle.clamp(-0.5, 0.5)) ** 2)
    return 0.0 if kind == "none" else 1.0


class Site(nn.Module):
    """One place where a network rounds."""

    learns = False
    rule = "clip"
    least = None  # of each learned value
    rate = 1.0  # times the learning rate, of what is learned

    def __init__(self, bits, estimator="ste", stochastic=False):
        super().__init__()
        self.bits, self.estimator, self.stochastic, self.sign = bits, estimator, stochastic, False


class Weights(Site):
    """Rounds weights. `axis` holds the output channels; by_channel gives each a scale."""

    def __init__(self, shape, axis, bits, by_channel=True, full=False, estimator="ste", stochastic=False):
        super().__init__(bits, estimator, stochastic)
        self.axis, self.by_channel, self.channels = axis, by_channel, shape[axis]
        self.count = math.prod(shape) // (shape[axis] if by_channel else 1)
        self.sign = bits == 1
        self.qmax = 1 if self.sign else 2 ** (bits - 1) - 1
        self.qmin = -self.qmax if self.sign or not full else -self.qmax - 1
        self.view = [1] * len(shape)
        self.view[axis] = -1

    def rows(self, w):
        """One row for each group of weights that share a scale."""
        return w.movedim(self.axis, 0).reshape(self.channels if self.by_channel else 1, -1)

    def spread(self, found):
        """One number for each channel."""
        return found.expand(self.channels) if found.numel() == 1 else found

    def forward(self, w):
        if self.bits == 32:
            return Signal(w)
        with torch.no_grad():
            found = self.find(self.rows(w.detach()))
            scale, inverse = found if isinstance(found, tuple) else scale_and_inverse(found)
            scale, inverse = self.spread(scale), self.spread(inverse)
        grid = {"scale": scale.view(self.view), "inverse": inverse.view(self.view), "zero": 0.0}
        return Signal(Round.apply(w, getattr(self, "learned", None), grid, self), scale)

    def mean(self, rows):
        return rows.abs().double().mean(1).float()


class Activations(Site):
    """Rounds activations to whole numbers from 0 to 2^bits - 1; a zero point moves the grid where values are signed."""

    def __init__(self, bits, count, estimator="ste", stochastic=False):
        super().__init__(bits, estimator, stochastic)
        self.count, self.qmin, self.qmax = count, 0, 2**bits - 1 if bits < 32 else 0

    def observe(self, x):
        pass

    def grid(self):
        scale, inverse, zero = self.find()
        return {"scale": scale, "inverse": inverse, "zero": zero}

    def round(self, x, grid):
        return Signal(Round.apply(x, getattr(self, "learned", None), grid, self), grid["scale"])

    def forward(self, x):
        if self.training:
            with torch.no_grad():
                self.observe(x.detach())
        if self.bits == 32:
            return Signal(x)
        with torch.no_grad():
            grid = self.grid()
        return self.round(x, grid)


class Observed(Activations):
    """The range of each batch is followed by an exponential moving average (0.01)."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.register_buffer("observer", torch.tensor([0.0, 0.0, 0.0, 0.01]))

    def observe(self, x):
        low, high = self.range(x)
        o = self.observer
        if o[2] == 0:
            new = torch.stack([low, high])
        else:
            new = o[:2] + o[3] * (torch.stack([low, high]) - o[:2])
        self.observer.copy_(torch.cat([new, torch.ones_like(o[:1]), o[3:]]))

    def find(self):
        low, high = (self.observer[0], self.observer[1]) if self.observer[2] else (
            torch.zeros_like(self.observer[0]), torch.ones_like(self.observer[0]))
        levels = self.qmax - self.qmin
        high = high.clamp(min=0)
        low = low * 0 if levels == 1 else low.clamp(max=0)
        scale, inverse = scale_and_inverse((high - low) / levels)
        return scale, inverse, (self.qmin - torch.round(low / scale)).clamp(self.qmin, self.qmax)


def learned_step(u, x, position, rounded, zero, ends, qmin, qmax):
    """LSQ's gradient by the step (Esser et al. 2020), value by value."""
    p = position + zero
    below, above = p <= qmin, p >= qmax
    end = torch.where(below, torch.full_like(p, float(qmin)), torch.full_like(p, float(qmax))) - ends
    return torch.where(below | above, u * end, u * (rounded - position)), below | above


# Layers. Each module has its tensors under the playground's names, and its sites in `at`.
def product(x, w):
    """Sequences [N, T, in] stay sequences; everything else is flattened, images as [height, width, channels]."""
    if x.dim() == 4:
        x = x.permute(0, 2, 3, 1).reshape(x.shape[0], -1)
    return F.linear(x, w)


def scaled(sums, x, w, bias):
    """Scales of both operands, and the bias on the grid of the sums."""
    view = (-1, 1, 1) if sums.dim() == 4 else (-1,)
    if x.scale is not None and w.scale is not None:
        step = w.scale * x.scale
        bias = bias + (torch.round(bias / step) * step - bias).detach()
        return sums * step.view(view) + bias.view(view)
    for scale in (x.scale, w.scale):
        if scale is not None:
            sums = sums * (scale.view(view) if scale.dim() else scale)
    return sums + bias.view(view)


class Sites(nn.Module):
    """By name; nn.ModuleDict would not take "keys" and "values"."""

    def __init__(self, sites):
        super().__init__()
        for name, site in sites.items():
            self.add_module(name, site)

    def __getitem__(self, name):
        return self._modules[name]


class Layer(nn.Module):
    def __init__(self, tensors, at, buffers=None):
        super().__init__()
        for name, shape in tensors.items():
            self.register_parameter(name, nn.Parameter(torch.zeros(shape)))
        for name, shape in (buffers or {}).items():
            self.register_buffer(name, torch.zeros(shape))
        self.at = Sites(at)

    def out(self, numbers):
        return self.at["activations"](numbers)


class Weighted(Layer):
    """A product, batch norm folded into its weights before they are rounded, an activation function, rounding."""

    def __init__(self, shape, weights, activations, activation="relu", norm=False):
        tensors = {"weights": shape, "biases": (shape[0],), **({"gamma": (shape[0],)} if norm else {})}
        super().__init__(tensors, {"weights": weights, "activations": activations},
                         {"running": (2, shape[0])} if norm else None)
        self.norm, self.activation = norm, ACTIVATIONS[activation]

    def forward(self, x, skipped=None):
        return self.out(self.activation(self.sums(x)))

    def sums(self, x):
        if not self.norm:
            w = self.at["weights"](self.weights)
            return scaled(self.product(x.values, w.values), x, w, self.biases)
        spread = self.gamma / torch.sqrt(self.running[1] + 1e-5)
        w = self.at["weights"](self.weights * spread.view([-1] + [1] * (self.weights.dim() - 1)))
        sums = self.product(x.values, w.values)
        if not self.training or FROZEN_BATCH_NORM:
            return scaled(sums, x, w, self.biases - self.running[0] * spread)
        view = (-1, 1, 1) if sums.dim() == 4 else (-1,)
        numbers = scaled(sums, x, w, torch.zeros_like(self.biases)) / spread.view(view)
        flat = numbers if numbers.dim() == 4 else numbers.reshape(-1, numbers.shape[-1])
        with torch.no_grad():
            axes = (0, 2, 3) if flat.dim() == 4 else (0,)
            found = torch.stack([flat.mean(axes), flat.var(axes, unbiased=True)])
            self.running.mul_(0.9).add_(0.1 * found)
        return F.batch_norm(flat, None, None, self.gamma, self.biases, True, 0.0, 1e-5).view(numbers.shape)


def same_padding(x, kernel, stride):
    """As much on both sides as keeps ceil(size / stride) windows; an odd pixel goes after."""
    total = [max((math.ceil(size / stride) - 1) * stride + kernel - size, 0) for size in x.shape[2:]]
    return F.pad(x, (total[1] // 2, total[1] - total[1] // 2, total[0] // 2, total[0] - total[0] // 2))
