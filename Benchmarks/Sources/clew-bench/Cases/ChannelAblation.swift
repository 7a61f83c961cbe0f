import Attribution
import Formats
import Foundation
import Networks

extension Cases {
  /// The study of 512 cells with 41 channels: images from an HDF5 file, every channel ablated, intervals of scores and ranks.
  static let channelAblations: [Benchmark] = [
    channelAblation("channel-ablation-cim", "41 channels × 512 cells through WideModel(41, 32, 4, [1, 1])") {
      try FusionModel(inChannels: 41, stemWidth: 32, blockWidth: 4, layerConfig: [1, 1]).network(seed: 1)
    },
    channelAblation("channel-ablation-baseline", "41 channels × 512 cells through ResNetBaseline(41, 64)") {
      try ResNetBaseline(inChannels: 41, baseWidth: 64).network(seed: 1)
    },
  ]

  private static func channelAblation(
    _ name: String, _ summary: String, _ make: @escaping @Sendable () throws -> Network
  ) -> Benchmark {
    Benchmark(name: name, summary: summary) { _ in
      let path = FileManager.default.temporaryDirectory.appending(path: "clew-\(UUID().uuidString).h5").path
      try CellImages(samples: 4, side: 256, channels: 41, cells: 512).write(to: path)
      let (network, file) = (try make(), RemovedFile(path: path))
      return {
        let cells = try CellFile(file.path)
        let patches = try CellPatches(
          cells, cells: Array(cells.positions.indices), channels: Array(cells.markers.indices), size: 32, source: file.path)
        let study = try ChannelImportance(network, PatchSource(patches))
        return ["sum": study.ablations[0].sensitivity.reduce(0, +), "strategy": study.ablations[0].strategy == .full ? 0 : 1]
      }
    }
  }
}

/// Removed with whoever holds it.
private final class RemovedFile {
  let path: String
  init(path: String) { self.path = path }
  deinit { try? FileManager.default.removeItem(atPath: path) }
}
