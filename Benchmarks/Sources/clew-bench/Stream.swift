import ArgumentParser
import Foundation
import Networks

/// How much memory `clew channels` takes for a data set that does not fit into it.
struct Stream: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Run `clew channels` on many generated cells, and print its time and the peak of its memory.",
    discussion: "Example: clew-bench stream --cells 100000 --clew .build/release/clew")

  @Option(help: "The command.") var clew = ".build/release/clew"
  @Option(help: "Cells.") var cells = 100_000
  @Option(help: "Images that they are in.") var samples = 4
  @Option(help: "Rows, and columns, of an image.") var side = 2048
  @Option(help: "Channels of an image.") var channels = 41
  @Option(help: "Rows, and columns, of a patch.") var patchSize = 16
  @Option(help: "Features of a channel in the network, which keeps channels apart.") var width = 8
  @Flag(help: "A network that mixes channels: a pass for each channel.") var mixed = false

  func validate() throws {
    if min(cells, samples, side, channels, patchSize, width) < 1 || patchSize > side {
      throw ValidationError("all numbers must be at least 1, the patch no larger than the image")
    }
  }

  func run() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "clew-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let (data, model) = (folder.appending(path: "cells.h5").path, folder.appending(path: "network.safetensors").path)
    try CellImages(samples: samples, side: side, channels: channels, cells: cells).write(to: data)
    let network =
      mixed
      ? try ResNetBaseline(inChannels: channels, baseWidth: width).network(seed: 1)
      : try FusionModel(inChannels: channels, stemWidth: width, blockWidth: 2, layerConfig: [1]).network(seed: 1)
    try network.save(to: model)
    let process = Process()
    process.executableURL = URL(fileURLWithPath: clew)
    process.arguments = [
      "channels", "--model", model, "--data", data, "--patch-size", "\(patchSize)", "--output", folder.path + "/out", "--quiet",
    ]
    process.standardOutput = FileHandle.nullDevice
    let clock = ContinuousClock()
    let start = clock.now
    try process.run()
    var peaks = Peaks(root: process.processIdentifier)
    while process.isRunning {
      peaks.update()
      usleep(50_000)
    }
    let seconds = (clock.now - start) / .seconds(1)
    guard process.terminationStatus == 0 else { throw ExitCode(process.terminationStatus) }
    let parameters = network.parameters.reduce(0) { $0 + $1.value.byteCount }
    let patches = cells * channels * patchSize * patchSize * 4
    print(
      "\(cells) cells of \(channels) channels at \(patchSize)² (\(megabytes(patches)) of patches) through "
        + "\(network.layers.count) layers (\(megabytes(parameters))): \(String(format: "%.1f s", seconds)), "
        + "peak \(megabytes(peaks.ofRoot)), with the processes that read HDF5 \(megabytes(peaks.ofAll))")
  }

  private func megabytes(_ bytes: Int) -> String { String(format: "%.0f MB", Double(bytes) / 1e6) }
}

/// What a process and those that it starts take. They share memory from before they were started, which is counted once.
private struct Peaks {
  let root: Int32
  /// High-water mark of the process itself.
  private(set) var ofRoot = 0
  /// The most that was seen of all at one time.
  private(set) var ofAll = 0

  init(root: Int32) { self.root = root }

  mutating func update() {
    let tasks = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(root)/task")) ?? []
    let children = tasks.flatMap { task -> [Int32] in
      let text = (try? String(contentsOfFile: "/proc/\(root)/task/\(task)/children", encoding: .utf8)) ?? ""
      return text.split(separator: " ").compactMap { Int32($0) }
    }
    ofRoot = max(ofRoot, residentPeak(of: "\(root)") ?? 0)
    ofAll = max(ofAll, ([root] + children).reduce(0) { $0 + Self.share(of: $1) })
  }

  /// Resident memory, what n processes share by 1/n.
  private static func share(of process: Int32) -> Int {
    let text = (try? String(contentsOfFile: "/proc/\(process)/smaps_rollup", encoding: .utf8)) ?? ""
    for line in text.split(separator: "\n") where line.hasPrefix("Pss:") {
      return (line.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) } ?? 0) * 1024
    }
    return 0
  }
}
