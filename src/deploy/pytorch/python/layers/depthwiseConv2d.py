class DepthwiseConv2d(Conv2d):
    groups = None  # as many as channels
