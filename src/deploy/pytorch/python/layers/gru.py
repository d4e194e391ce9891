class Gru(Recurrent):
    gates = 3

    def cell(self, part, own, hidden, rounded):
        (xr, xz, xn), (hr, hz, hn) = part.chunk(3, 1), own.chunk(3, 1)
        r = sigmoid(xr + hr)
        gates = torch.cat([r, sigmoid(xz + hz), tanh(xn + r * hn)], 1)
        _, z, n = rounded(gates).chunk(3, 1)
        return (1 - z) * n + z * hidden.numbers()
