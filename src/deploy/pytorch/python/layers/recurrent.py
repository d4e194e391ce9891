class Recurrent(Layer):
    """Gates and hidden state are rounded at every position, by what was observed up to the batch before."""

    def __init__(self, inputs, units, at, sequence=False):
        width = self.gates * units
        super().__init__({"weights": (width, inputs), "biases": (width,), "recurrent": (width, units),
                          "recurrentBiases": (width,)}, at)
        self.units, self.sequence = units, sequence

    def forward(self, x, skipped=None):
        w, recurrent = self.at["weights"](self.weights), self.at["recurrent"](self.recurrent)
        parts = scaled(F.linear(x.values, w.values), x, w, self.biases)
        sites = {name: self.at[name] for name in ("gates", "activations")}
        with torch.no_grad():
            grids = {name: site.grid() if site.bits < 32 else None for name, site in sites.items()}
        seen = {name: [] for name in sites}

        def rounded(name, values):
            seen[name].append(values.detach())
            return Signal(values) if grids[name] is None else sites[name].round(values, grids[name])

        hidden = Signal(torch.zeros(x.values.shape[0], self.units, device=x.values.device))
        self.start(hidden.values)
        states = []
        for part in parts.unbind(1):
            own = scaled(F.linear(hidden.values, recurrent.values), hidden, recurrent, self.recurrentBiases)
            hidden = rounded("activations", self.cell(part, own, hidden, lambda v: rounded("gates", v).numbers()))
            states.append(hidden.values)
        if self.training:
            with torch.no_grad():
                for name, site in sites.items():
                    site.observe(torch.cat(seen[name]))
        return Signal(torch.stack(states, 1), hidden.scale) if self.sequence else hidden

    def start(self, zeros):
        pass
