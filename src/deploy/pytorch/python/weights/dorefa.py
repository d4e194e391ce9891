class DoReFaWeights(Weights):
    """Odd whole numbers from -n to n, n = 2^bits - 1, of tanh(w) over its largest (Zhou et al. 2016)."""

    def find(self, rows):
        return self.mean(rows)

    def forward(self, w):
        if self.bits == 32:
            return Signal(w)
        self.rule = "everywhere"
        if self.sign:
            return super().forward(w)
        n = 2**self.bits - 1
        rows = tanh(self.rows(w))
        largest = self.spread(rows.abs().amax(1)).clamp(min=SMALLEST).view(self.view)
        position = tanh(w) * (n / 2 / largest) + n / 2
        rounded = position + (torch.round(position).clamp(0, n) - position).detach()
        if self.estimator == "none":
            rounded = rounded.detach()
        return Signal(2 * rounded - n, torch.full((self.channels,), 1 / n, device=w.device))
