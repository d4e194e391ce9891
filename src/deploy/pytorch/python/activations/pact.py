class Pact(Activations):
    """A learned clip with a penalty on its square (Choi et al. 2018)."""

    learns, rule, least, rate = True, "pact", [SMALLEST], 3.0

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.learned = nn.Parameter(torch.full((1,), 6.0))

    def find(self):
        scale, inverse = scale_and_inverse(self.learned.detach()[0].clamp(min=SMALLEST) / self.qmax)
        return scale, inverse, torch.zeros_like(scale)

    def learned_gradient(self, upstream, x, position, rounded, grid, learned):
        above = torch.where(position >= self.qmax, upstream, torch.zeros_like(upstream))
        return above.sum()[None] + 2e-4 * learned
