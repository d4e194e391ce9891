class Attention(Layer):
    """Multi-head self-attention; both products have rounded operands."""

    def __init__(self, width, heads, causal, at):
        matrices = {name: (width, width) for name in ("query", "key", "value", "weights")}
        vectors = {name: (width,) for name in ("queryBiases", "keyBiases", "valueBiases", "biases")}
        super().__init__({**matrices, **vectors}, at)
        self.heads, self.causal = heads, causal

    def project(self, x, matrix, biases, site):
        w = self.at[matrix](getattr(self, matrix))
        return self.at[site](scaled(F.linear(x.values, w.values), x, w, getattr(self, biases)))

    def split(self, values):
        n, t, d = values.shape
        return values.view(n, t, self.heads, d // self.heads).transpose(1, 2)

    def forward(self, x, skipped=None):
        q = self.project(x, "query", "queryBiases", "queries")
        k = self.project(x, "key", "keyBiases", "keys")
        v = self.project(x, "value", "valueBiases", "values")
        depth = q.values.shape[-1] // self.heads
        scores = self.split(q.values) @ self.split(k.values).transpose(2, 3)
        for each in (q, k):
            scores = Signal(scores, each.scale).numbers()
        scores = self.at["scores"](scores / math.sqrt(depth)).numbers()
        if self.causal:
            hidden = torch.ones(scores.shape[-2:], dtype=torch.bool, device=scores.device).triu(1)
            scores = scores.masked_fill(hidden, float("-inf"))
        p = self.at["softmax"](torch.softmax(scores, -1))
        mixed = (p.values @ self.split(v.values)).transpose(1, 2).flatten(2)
        for each in (p, v):
            mixed = Signal(mixed, each.scale).numbers()
        context = self.at["context"](mixed)
        w = self.at["weights"](self.weights)
        return self.out(scaled(F.linear(context.values, w.values), context, w, self.biases))
