class AddProjected(Layer):
    """The path goes through a 1x1 convolution that skips pixels evenly, or a product at each position."""

    def __init__(self, shape, weights, activations, activation="relu", stride=1):
        super().__init__({"weights": shape, "biases": (shape[0],)}, {"weights": weights, "activations": activations})
        self.activation, self.stride = ACTIVATIONS[activation], stride

    def forward(self, x, skipped=None):
        w = self.at["weights"](self.weights)
        if skipped.values.dim() == 4:
            sums = F.conv2d(skipped.values, w.values[:, :, None, None], stride=self.stride)
        else:
            sums = F.linear(skipped.values, w.values)
        return self.out(self.activation(x.numbers() + scaled(sums, skipped, w, self.biases)))
