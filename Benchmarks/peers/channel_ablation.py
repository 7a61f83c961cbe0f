"""channel_ablation.py cim|baseline: ablation of 41 channels for 512 cells as it is usually written, a pass of all cells for each
channel and one without ablation, in PyTorch.

Of the 42 passes one is timed; where it, too, is long, for some of its cells. The seconds that are printed are extrapolated from that.
Patches are in memory before the clock starts."""

import contextlib
import io
import json

import peer
from models import baseline, cim

CHANNELS, CELLS = 41, 512


def main():
    p = peer.parser(__doc__.splitlines()[0])
    p.add_argument("network", choices=["cim", "baseline"])
    args = p.parse_args()
    torch = peer.torch_with(args.threads)
    from torch.nn import functional as f

    torch.manual_seed(1)
    # 512 cells of the channel-separable network at once would take tens of gigabytes.
    make, cells, batch = {"cim": (cim, 32, 32), "baseline": (baseline, CELLS, CELLS)}[args.network]
    model, x = make(torch).eval().requires_grad_(False), torch.rand(cells, CHANNELS, 32, 32)
    with torch.no_grad():
        whole = f.normalize(model(x[:batch]).flatten(1), dim=-1)

    def one_pass():
        with torch.no_grad():
            ablated = x.clone()
            ablated[:, 7] = 0.0
            z = torch.cat([model(part) for part in ablated.split(batch)]).flatten(1)
            similarity = (f.normalize(z, dim=-1) * whole).sum(dim=-1).mean().item()
        return {"sensitivity": 1.0 - similarity, "cellsTimed": cells, "passesTimed": 1, "passes": CHANNELS + 1}

    captured = io.StringIO()
    with contextlib.redirect_stdout(captured):
        peer.measure(f"channel-ablation-{args.network}", args, one_pass, {"torch": torch.__version__})
    line = json.loads(captured.getvalue())
    line["seconds"] = [s * (CHANNELS + 1) * CELLS / cells for s in line["seconds"]]
    print(json.dumps(line), flush=True)


main()
