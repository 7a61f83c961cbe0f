"""What every peer script shares: arguments, the clock, the memory peak, and the one line of JSON that it prints."""

import argparse
import json
import os
import time


def parser(description):
    p = argparse.ArgumentParser(description=description)
    p.add_argument("--input", help=".npy file written by `clew-bench generate`, so that both sides see the same numbers")
    p.add_argument("--repeats", type=int, default=1)
    p.add_argument("--warmup", type=int, default=0, help="runs before the clock starts")
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--seed", type=int, default=0, help="seed of the peer's own random choices")
    return p


def peak_bytes():
    """High-water mark of this process's resident memory. Not ru_maxrss: that one survives exec, and so shows the parent's."""
    with open("/proc/self/status") as status:
        for line in status:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return None


def features(args, N, D, clusters=0):
    """The input file, or seeded numbers of the same distribution when a script is tried on its own."""
    import numpy as np

    if args.input:
        X = np.load(args.input)
        assert X.dtype == np.float32 and X.shape == (N, D), f"{args.input}: {X.dtype} {X.shape}, expected float32 {(N, D)}"
        return X
    random = np.random.default_rng(args.seed)
    X = random.standard_normal((N, D), dtype=np.float32)
    if clusters:
        X += random.standard_normal((clusters, D), dtype=np.float32)[np.arange(N) * clusters // N]
    return X


def measure(name, args, body, versions, extrapolated=None):
    """Runs `body` (which returns a dict of facts about its result) and prints the JSON line.

    Where the body does but a part of the work, `extrapolated` makes the seconds of all of it out of its facts."""
    for _ in range(args.warmup):
        body()
    before = peak_bytes()
    seconds, facts = [], {}
    for _ in range(args.repeats):
        start = time.perf_counter()
        facts = body()
        seconds.append(extrapolated(facts) if extrapolated else time.perf_counter() - start)
    print(
        json.dumps(
            {
                "name": name,
                "seconds": seconds,
                "peakBytes": peak_bytes(),
                "baselineBytes": before if args.warmup == 0 else None,
                "threads": args.threads,
                "versions": versions,
                **facts,
            }
        ),
        flush=True,
    )


def torch_with(threads):
    """torch, with as many threads as the comparison allows. The variables matter to libraries loaded later."""
    os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = str(threads)
    import torch

    torch.set_num_threads(threads)
    return torch
