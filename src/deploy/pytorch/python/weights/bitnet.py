class BitNet(Weights):
    """The weight over the mean magnitude, rounded to -1, 0 or 1 (Ma et al. 2024)."""

    rule = "everywhere"

    def find(self, rows):
        return self.mean(rows)
