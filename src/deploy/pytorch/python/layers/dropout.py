class Dropout(nn.Module):
    def __init__(self, rate):
        super().__init__()
        self.rate = rate

    def forward(self, x, skipped=None):
        return Signal(F.dropout(x.values, self.rate, self.training), x.scale)
