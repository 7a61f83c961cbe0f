#!/usr/bin/env python3
"""Clew beside the tools that are used today: both sides in turn, in one run, on the same input, with the same threads.

Absolute times depend on who else uses the machine, so the result is a ratio: the peer's time over ours, the median
over the rounds. Started by `make compare`, which builds `clew-bench` and the environment with the peers.

The contract: `clew-bench --case NAME [--input FILE.npy] --repeats R --warmup W --threads T --json` and a peer's script
with the same options each print one line of JSON with at least `name`, `seconds` (one number a run) and `peakBytes`.
Writes Benchmarks/compare.json and Documentation/Benchmarks.md; with --filter only if --update says so, and then the other
rows stay as they were, each with the day on which it was measured.
"""

import argparse
import dataclasses
import datetime
import importlib.util
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent


@dataclasses.dataclass
class Features:
    """Written once by `clew-bench generate`, read by both sides."""

    rows: int
    columns: int
    clusters: int = 0
    seed: int = 1


@dataclasses.dataclass
class Row:
    name: str
    work: str  # what is done, for the table
    peer: str  # who the peer is, for the table
    case: str  # clew-bench's case
    script: list  # the peer's script and its arguments
    options: list = dataclasses.field(default_factory=list)  # clew-bench's further options
    features: Features | None = None
    rounds: int = 5
    repeats: int = 3
    warmup: int = 1
    needs: str | None = None  # a package of the peer's that need not be there; without it the row is left out
    checked: bool = False  # whether both sides' importances are held against those of a dense computation in float64


# Rows of milliseconds: a median over many runs.
SHORT = {"rounds": 5, "repeats": 15, "warmup": 3}
# Long rows: one run a round, after one that is not counted: the first touch of a gigabyte costs up to a second where the system
# is itself a guest, and has to do with neither.
LONG = {"rounds": 5, "repeats": 1, "warmup": 1}

ROWS = [
    *(Row(
        f"ncut-{name}-{features}", f"trace 20 segments, N = 10,000, D = 300, {title}{how}", "ncut-pytorch, default (approximate)",
        case, ["ncut_default.py", "10000", "300", "20"], ["--segments", "20"], Features(10_000, 300, clusters), checked=name == "default", **timed)
      for name, case, how, timed in [
          ("default", "ncut-trace", "", LONG),
          ("tiles", "ncut-tiles", "; Clew in tiles", {"rounds": 3, "repeats": 1, "warmup": 0})]
      for features, title, clusters in [("normal", "standard normal", 0), ("clusters", "12 planted clusters", 12)]),
    *(Row(
        f"ncut-exact-{features}", f"trace 20 segments, N = 8,000, D = 300, {title}",
        "ncut-pytorch, exact_gradient=True (extrapolated from one of 20 segments)", "ncut-trace",
        ["ncut_exact.py", "8000", "300", "20", "--segments", "1"], ["--segments", "20"], Features(8_000, 300, clusters),
        rounds=3, repeats=1, warmup=0, checked=True)
      for features, title, clusters in [("normal", "standard normal", 0), ("clusters", "12 planted clusters", 12)]),
    Row(
        "ncut-exact-small", "trace 20 segments, N = 2,000, D = 300, 12 planted clusters", "ncut-pytorch, exact_gradient=True",
        "ncut-trace", ["ncut_exact.py", "2000", "300", "20"], ["--segments", "20"], Features(2_000, 300, 12), checked=True, **LONG),
    Row("sgemm", "product of two float32 matrices, 2,048²", "torch", "sgemm", ["engine.py", "sgemm", "2048"], ["--size", "2048"], **SHORT),
    Row("dgemm", "product of two float64 matrices, 2,048²", "torch", "dgemm", ["engine.py", "dgemm", "2048"], ["--size", "2048"], **SHORT),
    *(Row(f"{name}", f"{name} of 10⁷ float32 numbers", "torch", name, ["engine.py", name, "10000000"], ["--count", "10000000"], **SHORT)
      for name in ["exp", "relu", "add"]),
    *(Row(f"{name}-into", f"{name} of 10⁷ float32 numbers", "torch, into memory given by the caller (`out=`)", name,
          ["engine.py", f"{name}-into", "10000000"], ["--count", "10000000"], **SHORT)
      for name in ["exp", "add"]),
    Row("scalar-chain", "2,000 operations on one number, forward and backward", "torch", "scalar-chain",
        ["engine.py", "scalar-chain", "2000"], **SHORT),
    *(Row(f"eigh-{n}", f"eigenvalues and eigenvectors, float64, {n:,}²", "torch (MKL)", "eigh", ["engine.py", "eigh", str(n)],
          ["--size", str(n)], rounds=5, repeats=3, warmup=1)
      for n in [1000, 2000]),
    *(Row(f"conv-{c}{suffix}", f"convolution 3×3, {c} channels at {size}², batch 32, {what}", "torch", f"conv-{c}{suffix}",
          ["convolution.py", f"conv-{c}{suffix}"], **SHORT)
      for suffix, what in [("", "forward"), ("-gradients", "forward and both gradients")]
      for c, size in [(64, 56), (128, 28), (256, 14), (512, 7)]),
    *(Row(f"{name}{suffix}", f"{title}, {what}", "torch", f"{name}{suffix}", ["convolution.py", f"{name}{suffix}"], rounds=5, repeats=5, warmup=1)
      for name, title in [
          ("stem", "convolution 3×3 in 41 groups, 41 → 1,312 channels at 32², batch 128"),
          ("depthwise", "depthwise convolution 3×3, 144 channels at 56², batch 32")]
      for suffix, what in [("", "forward"), ("-gradients", "forward and both gradients")]),
    *(Row(name, f"{title}, forward and backward", "torch", name, ["layers.py", name], **SHORT)
      for name, title in [
          ("max-pool", "maximum pooling 3×3, stride 2, 64 channels at 112², batch 32"),
          ("average-pool", "average pooling 3×3, stride 2, 64 channels at 112², batch 32"),
          ("batch-norm", "batch normalisation in training, 64 channels at 56², batch 32"),
          ("layer-norm", "layer normalisation of 6,304 rows of 768")]),
    Row("resnet18", "ResNet-18 in training, batch 32 at 224²: forward, and backward to all weights", "torch", "resnet18", ["resnet18.py"],
        rounds=5, repeats=2, warmup=1),
    Row("ablation-sweep", "accuracy of a linear head for every K from 0 to 2,048 ablated features along 1,000 random orders, 5,000 samples",
        "NumPy, a pass for each K and order (extrapolated from 40 of 2,049,000 passes)", "ablation-sweep",
        ["ablation_naive.py", "5000", "2048"], [], Features(5_000, 2_048), rounds=3, repeats=1, warmup=0),
    *(Row(f"channel-ablation-{name}", f"ablation of 41 channels for 512 cells of 32², {title}: images from HDF5 to sensitivities with intervals",
          f"torch, eager, a pass for each channel without reading files (extrapolated from {timed})", f"channel-ablation-{name}",
          ["channel_ablation.py", name], rounds=3, repeats=1, warmup=0)
      for name, title, timed in [
          ("cim", "channel-separable network (41 channels × 32, width 4, two blocks)", "32 of 512 cells of one of 42 passes"),
          ("baseline", "ResNetBaseline(41, 64)", "one of 42 passes")]),
    *(Row(f"{name}{suffix}", work, f"torch{peer}", name, ["networks.py", name, *options], rounds=5, repeats=3, warmup=1)
      for name, work in [
          ("resnet18-eval", "ResNet-18 in evaluation, batch 32 at 224²"),
          ("resnet18-input-gradient", "ResNet-18, gradient of an output with respect to the input, batch 32 at 224²"),
          ("cim-eval", "channel-separable network (41 channels × 32, width 4, two blocks) in evaluation, batch 32 at 32²"),
          ("baseline-eval", "ResNetBaseline(41, 64) in evaluation, batch 128 at 32²")]
      for suffix, peer, options in [("", ", eager", []), ("-channels-last", ", channels-last", ["--channels-last"])]),
    *(Row(f"{name}-openvino", work, "OpenVINO, float32", name, ["networks.py", name, "--openvino"], rounds=5, repeats=3, warmup=1,
          needs="openvino")
      for name, work in [
          ("resnet18-eval", "ResNet-18 in evaluation, batch 32 at 224²"),
          ("cim-eval", "channel-separable network (41 channels × 32, width 4, two blocks) in evaluation, batch 32 at 32²"),
          ("baseline-eval", "ResNetBaseline(41, 64) in evaluation, batch 128 at 32²")]),
]


def environment(threads):
    """The same for both sides. A forced choice of OpenBLAS kernels would measure that choice."""
    result = {k: v for k, v in os.environ.items() if k not in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "OPENBLAS_NUM_THREADS")}
    result.update(OMP_NUM_THREADS=str(threads), MKL_NUM_THREADS=str(threads))
    return result


class Failure(Exception):
    pass


def busy_cores(interval=0.3):
    """How many cores other work keeps busy, while nothing of ours runs."""

    def read():
        with open("/proc/stat") as lines:
            times = [int(t) for t in lines.readline().split()[1:9]]
        return sum(times), times[3] + times[4]

    (total, idle), _, (total2, idle2) = read(), time.sleep(interval), read()
    return (1 - (idle2 - idle) / max(1, total2 - total)) * (os.cpu_count() or 1)


def is_quiet(patience=20):
    """Waits a while for others to finish: on a busy machine the same run of a peer has taken several times as long."""
    end = time.monotonic() + patience
    while busy_cores() > 0.3:
        if time.monotonic() > end:
            return False
    return True


def run(command, threads):
    process = subprocess.run(command, env=environment(threads), capture_output=True, text=True)
    lines = process.stdout.strip().splitlines()
    if process.returncode or not lines:
        reason = process.stderr.strip().splitlines()
        raise Failure(f"{Path(command[0]).name}: exit {process.returncode}: {reason[-1] if reason else 'no output'}")
    return json.loads(lines[-1])


def input_options(row, bench, directory, generated):
    """What both sides are told of the features, which are written where they are not yet."""
    if not row.features:
        return []
    f = row.features
    path = Path(directory) / f"{f.rows}x{f.columns}-{f.clusters}-{f.seed}.npy"
    if path not in generated:
        subprocess.run(
            [bench, "generate", "--rows", str(f.rows), "--columns", str(f.columns), "--clusters", str(f.clusters),
             "--seed", str(f.seed), "--output", str(path)], check=True)
        generated.add(path)
    return ["--input", str(path)]


def measure(row, bench, cases, options, threads):
    options = ["--repeats", str(row.repeats), "--warmup", str(row.warmup), "--threads", str(threads), *options]
    sides = {"ours": [], "peer": []}
    disturbed = 0

    def ours(_):
        if row.case in cases:
            sides["ours"].append(run([bench, "--case", row.case, "--json", *row.options, *options], threads))

    def peer(index):
        script = [str(HERE / "peers" / row.script[0]), *row.script[1:]]
        sides["peer"].append(run([sys.executable, *script, *options, "--seed", str(index)], threads))

    for index in range(row.rounds):
        # Whoever comes second finds another machine than the first (caches, clock): take turns at that too.
        quiet = True
        for side in (ours, peer) if index % 2 == 0 else (peer, ours):
            quiet = is_quiet() and quiet
            side(index)
        disturbed += not quiet
        print("." if quiet else "!", end="", file=sys.stderr, flush=True)
    return sides, disturbed


def distances(row, bench, directory, options, threads):
    """How far either side is from the exact answer; off the clock, on a machine as busy as it is."""
    result = str(Path(directory) / "result.npz")

    def distance(command, rotation):
        subprocess.run(
            [*command, "--threads", str(threads), "--result", result, *options], env=environment(threads), check=True,
            stdout=subprocess.DEVNULL)
        dense = [sys.executable, str(HERE / "peers" / "ncut_dense.py"), result, *options, "--rotation", rotation]
        return run([*dense, "--threads", str(threads)], threads)

    return {
        "oursExact": distance([bench, "--case", row.case, *row.options], "procrustes"),
        "peerExact": distance([sys.executable, str(HERE / "peers" / row.script[0]), *row.script[1:]], "frozen"),
    }


def summary(row, sides, disturbed):
    seconds = {side: [statistics.median(m["seconds"]) for m in runs] for side, runs in sides.items()}
    peaks = {side: max((m["peakBytes"] for m in runs if m.get("peakBytes")), default=None) for side, runs in sides.items()}
    ratios = [p / o for o, p in zip(seconds["ours"], seconds["peer"])]
    return {
        "name": row.name,
        "measured": str(datetime.date.today()),
        "work": row.work,
        "peerName": row.peer,
        "ours": statistics.median(seconds["ours"]) if seconds["ours"] else None,
        "peer": statistics.median(seconds["peer"]),
        "ratio": statistics.median(ratios) if ratios else None,
        "ratios": ratios,
        "oursPeakBytes": peaks["ours"],
        "peerPeakBytes": peaks["peer"],
        "peerNotFinite": sum(not m.get("finite", True) for m in sides["peer"]),
        "rounds": row.rounds,
        "repeats": row.repeats,
        "disturbedRounds": disturbed,
        "peerVersions": sides["peer"][0].get("versions", {}),
        **{key: statistics.median(m[key] for m in sides["peer"])
           for key in ("forwardSeconds", "backwardSeconds") if key in sides["peer"][0]},
    }


def output(command):
    try:
        return subprocess.run(command, capture_output=True, text=True, env=environment(1)).stdout.strip()
    except OSError:
        return ""


def machine(threads):
    cpu, memory = platform.machine(), None
    with open("/proc/cpuinfo") as lines:
        cpu = next((l.split(":", 1)[1].strip() for l in lines if l.startswith("model name")), cpu)
    with open("/proc/meminfo") as lines:
        memory = round(int(lines.readline().split()[1]) / 2**20)
    swift = re.search(r"Swift version (\S+)", output(["swift", "--version"]))
    # In a process of its own: this one may have been started with a forced choice of kernels.
    kernels = output([
        sys.executable, "-c",
        "import ctypes; b = ctypes.CDLL('libopenblas.so.0'); b.openblas_get_config.restype = ctypes.c_char_p; "
        "b.openblas_get_corename.restype = ctypes.c_char_p; "
        "print(b.openblas_get_config().decode().split()[1], b.openblas_get_corename().decode())"]).split()
    return {
        "cpu": cpu,
        "cores": os.cpu_count(),
        "memoryGiB": memory,
        "threads": threads,
        "system": platform.freedesktop_os_release().get("PRETTY_NAME", platform.system()),
        "swift": swift.group(1) if swift else None,
        "openblas": kernels[0] if kernels else None,
        "openblasKernels": kernels[1] if len(kernels) > 1 else None,
        "python": platform.python_version(),
    }


def megabytes(count):
    return f"{count / 1e6:,.0f} MB" if count else "–"


def exactness(answer):
    """What `ncut_dense.py` says of a side."""
    if not answer:
        return "–"
    if not answer["finite"]:
        return "not finite"
    return f"{answer['distance']:.2g} (cosine {answer['cosine']:.3f})"


def table(rows):
    """With the distances from the exact answer where there are any."""
    checked = any(r.get("oursExact") for r in rows)
    columns = ["work", "peer", "peer time / Clew time", "lowest to highest", "memory, peer", "memory, Clew"]
    columns += (["distance, peer", "distance, Clew"] if checked else []) + ["measured"]
    lines = ["| " + " | ".join(columns) + " |", "|---" * len(columns) + "|"]
    for r in rows:
        ratio = f"**{r['ratio']:.3g}**" if r["ratio"] else "–"
        lowest, highest = (min(r["ratios"]), max(r["ratios"])) if r.get("ratios") else (r.get("lowestRatio"), r.get("highestRatio"))
        spread = f"{lowest:.3g} to {highest:.3g}" if lowest else "–"
        peer = r["peerName"]
        if r.get("peerNotFinite"):
            peer += f" (not finite in {r['peerNotFinite']} of {r['rounds']} runs)"
        if r.get("disturbedRounds"):
            spread += f" ({r['disturbedRounds']} of {r['rounds']} rounds beside other work)"
        cells = [r["work"], peer, ratio, spread, megabytes(r["peerPeakBytes"]), megabytes(r["oursPeakBytes"])]
        cells += [exactness(r.get("peerExact")), exactness(r.get("oursExact"))] if checked else []
        lines.append("| " + " | ".join([*cells, r.get("measured", "–")]) + " |")
    return "\n".join(lines)


def page(rows, machine):
    versions = {name: v for r in rows for name, v in r.get("peerVersions", {}).items()}
    rows = [r for r in rows if r["ratio"]]
    cuts = [r for r in rows if r["name"].startswith("ncut-")]
    return f"""# Benchmarks

Written by `make compare`. The numbers are ratios: the peer's time over Clew's, both measured in turn in
one run on the same input, the median over the rounds. Above 1 Clew is faster. Memory is the peak of the whole process,
which for a Python peer includes its libraries.

## Channels of normalised cuts

{table(cuts)}

Where the peer is marked approximate, it samples a quarter of the nodes and differentiates a truncated spectrum: the work is not
the same. *Distance* tells how far either side's importances, over all segments that it traced, are from those of a dense
computation in float64 with the full spectrum, for the width and the segments that it chose itself: ‖found − exact‖/‖exact‖, and
the cosine between them. The peer's exact answer holds the rotation fixed, as it does; Clew's moves it (`peers/ncut_dense.py`).

## Everything else

{table([r for r in rows if r not in cuts])}

Machine: {machine["cpu"]}, {machine["cores"]} cores, {machine["memoryGiB"]} GiB, {machine["system"]}; {machine["threads"]} threads on each side.
Clew: Swift {machine["swift"]}, OpenBLAS {machine["openblas"]} with its {machine["openblasKernels"]} kernels.
Peers: Python {machine["python"]}{"".join(f", {name} {v}" for name, v in sorted(versions.items()))}.

The seconds, every round's ratio and the peaks are in `Benchmarks/compare.json`. To add a row: `Benchmarks/compare.py`, `ROWS`.
"""


def written():
    """The rows measured before, by name."""
    path = HERE / "compare.json"
    return {r["name"]: r for r in json.loads(path.read_text())} if path.exists() else {}


def merged(measured):
    """Every row in the order of ROWS: what was measured now, and what was before."""
    now = {**written(), **{r["name"]: r for r in measured}}
    return [now[row.name] for row in ROWS if row.name in now]


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--filter", default="", help="only rows whose name matches this expression; prints, writes nothing")
    p.add_argument("--update", action="store_true", help="write what --filter chose, and keep the other rows")
    p.add_argument(
        "--only", choices=["times", "distances"],
        help="half of the work (distances from the exact answers need no quiet machine); the other half stays as it was written before")
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--bench", default=str(HERE / ".build" / "release" / "clew-bench"))
    args = p.parse_args()
    if not Path(args.bench).exists():
        sys.exit(f"{args.bench} is not there; build it with: swift build --package-path Benchmarks -c release")

    cases = subprocess.run([args.bench, "--list", "--json"], capture_output=True, text=True, check=True).stdout.split()
    rows, failed, generated, before = [], False, set(), written()
    with tempfile.TemporaryDirectory() as directory:
        for row in ROWS:
            if not re.search(args.filter, row.name) or args.only == "distances" and not row.checked:
                continue
            if row.needs and not importlib.util.find_spec(row.needs):
                print(f"{row.name} left out: {row.needs} is not installed", file=sys.stderr)
                continue
            print(f"{row.name} ", end="", file=sys.stderr, flush=True)
            options = input_options(row, args.bench, directory, generated)
            try:
                result = dict(before.get(row.name, {}))
                if args.only != "distances":
                    result |= summary(row, *measure(row, args.bench, cases, options, args.threads))
                if args.only != "times" and row.checked and result:
                    result |= distances(row, args.bench, directory, options, args.threads)
            except Failure as failure:
                print(f" failed: {failure}", file=sys.stderr)
                failed = True
                continue
            if not result:
                print(" left out: its times are not measured yet", file=sys.stderr)
                continue
            rows.append(result)
            ours = f"{result['ours']:.3g} s" if result["ours"] else f"no case '{row.case}' yet"
            ratio = f", ratio {result['ratio']:.3g}" if result["ratio"] else ""
            print(f" peer {result['peer']:.3g} s, Clew {ours}{ratio}", file=sys.stderr)

    print(table(rows))
    if any(r["disturbedRounds"] for r in rows):
        print("Rounds marked ! ran beside other work on this machine; do not rely on them.", file=sys.stderr)
    if (args.update or not (args.filter or args.only)) and not failed:
        rows = merged(rows) if args.filter or args.only else rows
        (HERE / "compare.json").write_text(json.dumps(rows, indent=2, ensure_ascii=False) + "\n")
        (ROOT / "Documentation" / "Benchmarks.md").write_text(page(rows, machine(args.threads)))
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
