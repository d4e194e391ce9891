class ObservedPercentile(Observed):
    """The 0.1st and the 99.9th percentile of each batch, read off 2048 bins."""

    def range(self, x):
        low, high = x.min(), x.max()
        span = high - low
        bins = ((x - low) * (2048 / span)).flatten().long().clamp(0, 2047)
        counts = torch.bincount(bins, minlength=2048)
        needed = x.numel() - x.numel() // 1000
        edge = lambda c: min(int((c.cumsum(0) < needed).sum()) + 1, 2048)
        top, bottom = edge(counts), 2048 - edge(counts.flip(0))
        at = lambda e: low + span * (e / 2048)
        return (low if bottom == 0 else at(bottom)), (high if top == 2048 else at(top))
