import Clew
import Foundation

/// What is traced: features with named channels, and the picture or the plan behind them.
struct TraceInput {
  /// [N, D], [H, W, D] or [B, H, W, D], finite.
  var features: NDArray
  let channelNames: [String]?
  /// [H, W, 3] uint8: the picture as a person wants to see it, finer than what was segmented.
  var picture: NDArray?
  /// Height and width of the picture in its file.
  var pictureSize: (height: Int, width: Int)?
  var phantom: TissuePhantom?
  /// Files that were read.
  var files: [String] = []

  /// The generated tissue of `--demo`.
  static func demo(seed: UInt64) -> TraceInput {
    let phantom = TissuePhantom(seed: seed)
    return TraceInput(features: phantom.features, channelNames: phantom.markerNames, phantom: phantom)
  }

  /// A feature array, or a picture described by the filter bank.
  static func load(_ text: String, maxNodes: Int, names: String?, precision: DType) throws -> TraceInput {
    let input = InputPath(parsing: text)
    let arrays = try NamedArrays.load(input.path)
    if arrays.isPicture && input.key == nil {
      if names != nil { throw CommandError.unusable("--channel-names: a picture's channels have names of their own") }
      return try picture(arrays.sole, path: input.path, maxNodes: maxNodes, precision: precision)
    }
    let array = try input.key.map { try arrays.array(named: $0) } ?? arrays.sole
    guard (2...4).contains(array.rank) else {
      throw CommandError.unusable(
        "\(input): found an array of shape \(array.shape), expected [nodes, channels], [height, width, channels] or "
          + "[pictures, height, width, channels]")
    }
    guard array.count > 0 else {
      throw CommandError.unusable("\(input): found an empty array of shape \(array.shape), expected at least one node")
    }
    try checkFinite(array, input)
    let count = array.shape[array.rank - 1]
    let key = input.key ?? arrays.entries.first { !$0.isText }?.name
    let own = arrays.entries.first { $0.name == key }?.channelNames
    var result = TraceInput(features: array, channelNames: try names.map { try readNames($0, count: count) } ?? own)
    result.files = [input.path] + (names.map { [$0] } ?? [])
    return result
  }

  /// A layer's activations on pictures (or on an array of a network's inputs), one vector for each position.
  static func activations(
    of layer: String, _ network: Network, _ batches: NetworkBatches, maxNodes: Int, names: String?
  ) throws -> TraceInput {
    var grids: [Tensor] = []
    let network = try network.withOutputs([layer])
    for index in 0..<batches.count {
      let run = try network.run(try batches.batch(index..<index + 1))
      grids.append(try featureGrid(run.output))
      let nodes = grids[0].count / max(1, grids[0].shape[3]) * batches.count
      if nodes > maxNodes {
        throw CommandError.unusable(
          "--layer: found \(nodes) positions in '\(layer)', expected at most --max-nodes \(maxNodes); "
            + "a deeper layer or a smaller --image-size has fewer")
      }
    }
    let all = concatenated(grids, along: 0)
    let features = grids.count == 1 ? all.squeezed(0).value : all.value
    guard features.count > 0 else { throw CommandError.unusable("--layer: found no activations in '\(layer)'") }
    try checkFinite(features, InputPath(path: layer))
    let count = features.shape[features.rank - 1]
    var result = TraceInput(features: features, channelNames: try names.map { try readNames($0, count: count) })
    result.files = batches.files + (names.map { [$0] } ?? [])
    if batches.count == 1, let pixels = try batches.picture(0) {
      result.picture = shown(pixels)
      result.pictureSize = (pixels.shape[0], pixels.shape[1])
    }
    return result
  }

  private static func picture(
    _ pixels: NDArray, path: String, maxNodes: Int, precision: DType
  ) throws -> TraceInput {
    let (fullHeight, fullWidth) = (pixels.shape[0], pixels.shape[1])
    let (height, width) = PictureScaling.size(height: fullHeight, width: fullWidth, limit: maxNodes)
    let description = FilterBank().describe(pixels, height: height, width: width)
    var result = TraceInput(features: description.features, channelNames: description.channelNames)
    result.picture = shown(pixels)
    result.pictureSize = (fullHeight, fullWidth)
    result.files = [path]
    return result
  }

  /// At most about a megapixel, which is more than a figure resolves: a photograph as it is would swell the figures.
  private static func shown(_ pixels: NDArray) -> NDArray {
    let (height, width) = PictureScaling.size(height: pixels.shape[0], width: pixels.shape[1], limit: 1_000_000)
    let scaled = PictureScaling.areaAverage(pixels, height: height, width: width)
    let bytes = scaled.doubles.map { UInt8(max(0, min(255, $0.rounded()))) }
    return NDArray(scaled.shape[2] == 3 ? bytes : bytes.flatMap { [$0, $0, $0] }, shape: [height, width, 3])
  }

  private static func checkFinite(_ array: NDArray, _ input: InputPath) throws {
    let values = array.doubles
    guard let bad = values.firstIndex(where: { !$0.isFinite }) else { return }
    let position = zip(array.shape.strides, array.shape).map { bad / $0 % $1 }
    throw CommandError.unusable("\(input): found \(values[bad]) at \(position), expected finite numbers everywhere")
  }

  /// One name a line, or all in one line separated by commas.
  private static func readNames(_ path: String, count: Int) throws -> [String] {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), !isFolder.boolValue,
      let data = FileManager.default.contents(atPath: path), let text = String(data: data, encoding: .utf8)
    else { throw CommandError.unusable("\(path): found no readable text file, expected one channel name a line") }
    var names = text.split(whereSeparator: \.isNewline).map { $0.trimmingCharacters(in: .whitespaces) }
      .filter { !$0.isEmpty }
    if names.count == 1 && count > 1 {
      names = names[0].split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
    }
    guard names.count == count else {
      throw CommandError.unusable("\(path): found \(names.count) channel names, expected \(count), one for each channel")
    }
    return names
  }
}
