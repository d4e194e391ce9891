class Lstm(Recurrent):
    gates = 4

    def start(self, zeros):
        self.memory = zeros

    def cell(self, part, own, hidden, rounded):
        i, f, g, o = (part + own).chunk(4, 1)
        i, f, g, o = rounded(torch.cat([sigmoid(i), sigmoid(f), tanh(g), sigmoid(o)], 1)).chunk(4, 1)
        self.memory = f * self.memory + i * g
        return o * tanh(self.memory)
