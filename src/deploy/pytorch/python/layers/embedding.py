class Embedding(Layer):
    def __init__(self, symbols, positions, features, at):
        super().__init__({"weights": (symbols, features), "positions": (positions, features)}, at)

    def forward(self, x, skipped=None):
        table = self.at["weights"](self.weights)
        symbols = Signal(F.embedding(x.values.long(), table.values), table.scale)
        return self.out(symbols.numbers() + self.at["positions"](self.positions).numbers())
