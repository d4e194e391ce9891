class Ternary(Weights):
    """Below 0.7 times the mean magnitude 0, the others plus or minus the mean of those above it (Li et al. 2016)."""

    rule = "everywhere"

    def find(self, rows):
        magnitude = rows.abs()
        threshold = 0.7 * self.mean(rows)
        above = magnitude > threshold[:, None]
        scale = (magnitude * above).double().sum(1) / above.sum(1).clamp(min=1)
        return scale_and_inverse(scale)[0], scale_and_inverse(2 * threshold)[1]
