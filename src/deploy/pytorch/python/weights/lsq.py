class LsqWeights(Weights):
    """Learned step size (Esser et al. 2020)."""

    learns, rule, least, rate = True, "lsq", [SMALLEST], 0.3

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **{**kwargs, "full": True})
        self.learned = nn.Parameter(torch.ones(1, self.channels))

    def find(self, rows):
        return scale_and_inverse(self.learned.detach()[0])

    def learned_gradient(self, upstream, x, position, rounded, grid, learned):
        if self.sign:
            each = torch.where(x >= 0, upstream, -upstream)
        else:
            each, _ = learned_step(upstream, x, position, rounded, 0.0, 0.0, self.qmin, self.qmax)
        found = each.movedim(self.axis, 0).reshape(self.channels, -1).sum(1)
        if not self.by_channel:
            found = found.sum().expand(self.channels)
        return (found / math.sqrt(self.count * (1 if self.sign else self.qmax)))[None]
