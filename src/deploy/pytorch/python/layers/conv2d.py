class Conv2d(Weighted):
    groups = 1

    def __init__(self, *args, stride=1, same=False, **kwargs):
        super().__init__(*args, **kwargs)
        self.stride, self.same = stride, same

    def product(self, x, w):
        if self.same:
            x = same_padding(x, w.shape[-1], self.stride)
        return F.conv2d(x, w, stride=self.stride, groups=self.groups or x.shape[1])
