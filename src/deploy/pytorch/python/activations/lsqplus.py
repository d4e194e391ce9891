class LsqPlus(Activations):
    """LSQ with a learned offset, kept a whole number of steps."""

    learns, rule, least, rate = True, "lsqplus", [SMALLEST, float("-inf")], 0.3

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.learned = nn.Parameter(torch.ones(2))

    def find(self):
        step, offset = self.learned.detach()
        scale, inverse = scale_and_inverse(step)
        return scale, inverse, (-torch.round(offset * inverse)).clamp(self.qmin, self.qmax)

    def learned_gradient(self, upstream, x, position, rounded, grid, learned):
        each, outside = learned_step(upstream, x, position, rounded, grid["zero"], 0.0, self.qmin, self.qmax)
        second = torch.where(outside, upstream, torch.zeros_like(upstream)).sum()
        return torch.stack([each.sum(), second]) / math.sqrt(self.count * self.qmax)
