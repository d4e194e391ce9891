class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.input = INPUT()
        self.layers = nn.ModuleDict({name: make() for name, make, _ in LAYERS})
        # As many layers before its end as a residual path starts.
        self.sources = {name: source for name, _, source in LAYERS}

    def forward(self, x):
        signals = [self.input(x) if self.input is not None else Signal(x)]
        for name, layer in self.layers.items():
            source = self.sources[name]
            signals.append(layer(signals[-1], None if source is None else signals[source]))
        return signals[-1].numbers()


# Files.
TYPES = {"F32": torch.float32, "U8": torch.uint8, "I8": torch.int8, "I32": torch.int32}


def read_safetensors(path):
    with open(path, "rb") as file:
        data = bytearray(file.read())
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    body = memoryview(data)[8 + length :]
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        start, end = entry["data_offsets"]
        flat = torch.frombuffer(body[start:end], dtype=TYPES[entry["dtype"]]) if end > start else torch.zeros(0)
        tensors[name] = flat.reshape(entry["shape"]).clone()
    return tensors


def write_safetensors(path, tensors):
    header, body = {}, b""
    for name, tensor in tensors.items():
        raw = bytes(tensor.detach().float().contiguous().cpu().numpy().tobytes())
        header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [len(body), len(body) + len(raw)]}
        body += raw
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text + body)


def examples(data, part):
    """Inputs as the network takes them (images [N, C, H, W], bytes / 255) and labels, -1 where nothing is asked."""
    x, y = data[part + ".x"], data[part + ".y"].long()
    x = x.float() / 255 if x.dtype == torch.uint8 else x.float()
    return (x.permute(0, 3, 1, 2).contiguous() if x.dim() == 4 else x), y


def loss_of(logits, labels):
    return F.cross_entropy(logits.reshape(-1, logits.shape[-1]), labels.reshape(-1), ignore_index=-1)


@torch.no_grad()
def evaluate(network, x, y):
    """How many examples are right: of a sequence, all positions that are asked about."""
    network.eval()
    right = 0
    for start in range(0, len(x), 500):
        answers = network(x[start : start + 500]).argmax(-1)
        labels = y[start : start + 500]
        agree = (answers == labels) | (labels < 0)
        right += int((agree.all(-1) if agree.dim() > 1 else agree).sum())
    network.train()
    return right


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    parser = argparse.ArgumentParser(description="Evaluates the network, and trains it on.")
    parser.add_argument("--steps", type=int, default=0, help="training steps; 0 only evaluates")
    parser.add_argument("--batch-size", type=int, default=BATCH_SIZE, help="examples a step, all processes together")
    parser.add_argument("--learning-rate", type=float, default=LEARNING_RATE)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--weights", default=os.path.join(here, "weights.safetensors"))
    parser.add_argument("--data", default=os.path.join(here, "data.safetensors"))
    parser.add_argument("--save", help="where the trained weights go, as safetensors")
    options = parser.parse_args()

    world, rank = int(os.environ.get("WORLD_SIZE", 1)), int(os.environ.get("RANK", 0))
    device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", 0))) if torch.cuda.is_available() else torch.device("cpu")
    if world > 1:
        torch.distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
    torch.manual_seed(options.seed + rank)

    network = Network()
    network.load_state_dict(read_safetensors(options.weights))
    network.to(device)
    data = read_safetensors(options.data)
    test_x, test_y = (t.to(device) for t in examples(data, "test"))

    def report(step):
        right = evaluate(network, test_x, test_y)
        if rank == 0:
            print(f"step {step}: test accuracy {right / len(test_x):.4f} ({right} of {len(test_x)})", flush=True)

    report(0)
    if options.steps > 0:
        train(network, *(t.to(device) for t in examples(data, "train")), options, world, rank, report)
    if options.save and rank == 0:
        write_safetensors(options.save, network.state_dict())
    if world > 1:
        torch.distributed.destroy_process_group()


def train(network, x, y, options, world, rank, report):
    sites = [site for site in network.modules() if isinstance(site, Site) and site.learns]
    learned = {id(site.learned): site for site in sites}
    groups = [{"params": [p for p in network.parameters() if id(p) not in learned]}]
    groups += [{"params": [site.learned], "lr": options.learning_rate * site.rate} for site in sites]
    optimizer = OPTIMIZER(groups, options.learning_rate)
    parallel = torch.nn.parallel.DistributedDataParallel(network, find_unused_parameters=True) if world > 1 else network
    size = max(min(options.batch_size, len(x)) // world, 1)
    per_epoch = len(x) // (size * world)
    order = torch.Generator()
    network.train()
    for step in range(options.steps):
        if step % per_epoch == 0:
            order.manual_seed(options.seed + step // per_epoch)
            rows = torch.randperm(len(x), generator=order)
        start = (step % per_epoch * world + rank) * size
        batch = rows[start : start + size].to(x.device)
        optimizer.zero_grad()
        loss_of(parallel(x[batch]), y[batch]).backward()
        optimizer.step()
        with torch.no_grad():
            for site in sites:
                least = torch.tensor(site.least + site.least[-1:] * (site.learned.numel() - len(site.least)))
                site.learned.copy_(torch.maximum(site.learned, least[: site.learned.numel()].to(x.device).view_as(site.learned)))
        if (step + 1) % max(options.steps // 5, 1) == 0 or step + 1 == options.steps:
            report(step + 1)


if __name__ == "__main__":
    main()
