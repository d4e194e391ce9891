class LsqActivations(Activations):
    """Learned step size; the zero point is 0, or half the grid where values are signed."""

    learns, rule, least, rate = True, "lsq", [SMALLEST, 0.0], 0.3

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.learned = nn.Parameter(torch.ones(2))

    def find(self):
        step, zero = self.learned.detach()
        return (*scale_and_inverse(step), zero)

    def learned_gradient(self, upstream, x, position, rounded, grid, learned):
        zero = grid["zero"]
        each, _ = learned_step(upstream, x, position, rounded, zero, zero, self.qmin, self.qmax)
        share = 1 / torch.sqrt(self.count * (self.qmax - zero).clamp(min=1))
        return torch.stack([each.sum() * share, torch.zeros_like(zero)])
