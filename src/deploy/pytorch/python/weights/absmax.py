class AbsMax(Weights):
    def find(self, rows):
        return self.mean(rows) if self.sign else rows.abs().amax(1) / ((self.qmax - self.qmin) / 2)
