class Rows(nn.Module):
    """An image [N, C, H, W] row by row: [N, H, W x C]."""

    def forward(self, x, skipped=None):
        return Signal(x.values.permute(0, 2, 3, 1).flatten(2), x.scale)
