class MinMax(Observed):
    def range(self, x):
        return x.min(), x.max()
