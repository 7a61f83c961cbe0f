import Clew

/// Other features in the segments of a trace: what `--assign` adds to the result.
struct PlacedFeatures: Encodable {
  let input: String
  /// Of the features, channels last.
  let shape: [Int]
  /// The segment of each, row-major; null for one without affinity to any node that was cut.
  let assignment: [Int?]
  /// The affinity of each to all nodes that were cut together.
  let degrees: [Double]
  var warnings: [String] {
    let lonely = assignment.count { $0 == nil }
    return lonely == 0
      ? [] : ["\(input): \(lonely) of \(assignment.count) nodes have no affinity to any node that was cut, and no segment"]
  }

  private enum CodingKeys: CodingKey { case input, shape, assignment, degrees }

  /// Before the work, not after it.
  static func check(_ source: TraceInput, named name: String, for input: TraceInput) throws {
    let (found, expected) = (source.features.shape, input.features.shape)
    guard found.last == expected.last else {
      throw CommandError.unusable(
        "--assign: found \(found.last ?? 0) channels in \(name), expected \(expected.last ?? 0), as many as are cut")
    }
  }

  init(_ source: TraceInput, named name: String, in trace: ChannelTrace) throws {
    let features = source.features
    let channels = trace.channelNames.count
    let flat = features.reshaped(to: [features.count / channels, channels])
    do throws(SpectralError) {
      let placed = try trace.partition.placing(flat.dtype.isFloating ? flat : flat.converted(to: .float64))
      (input, shape, assignment, degrees) = (name, features.shape.extents, placed.assignment, placed.degrees)
    } catch { throw CommandError.failed("--assign: \(error)") }
  }

  /// How many there are in each segment.
  var line: String {
    let sizes = Dictionary(grouping: assignment.compactMap { $0 }) { $0 }.mapValues(\.count)
    let parts = sizes.keys.sorted().map { "\($0): \(sizes[$0] ?? 0)" }.joined(separator: ", ")
    return "\(assignment.count) nodes of \(input) placed in segments \(parts)"
  }
}
