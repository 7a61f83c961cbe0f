import TensorCore

/// A multiplex data set in one HDF5 file: images of samples, whose channels are named markers, and cells by their place in them.
///
/// Layout: `marker_names` [C] and `coords/sample_id` [cells] are texts, `coords/DIM1` and `coords/DIM2` [cells] the row and the
/// column of each cell, `data/<sample>/image` [H, W, C], and, where cells were segmented, `data/<sample>/masks` [H, W].
public struct CellFile: Sendable {
  /// The file.
  public let path: String
  /// The markers, in the order of the channels.
  public let markers: [String]
  /// Row and column of each cell, in pixels.
  public let positions: [(row: Int, column: Int)]
  /// The sample of each cell.
  public let samples: [String]
  private let file: HDF5File

  /// Throws ``FormatError`` if the file is none, or lacks something of the layout.
  public init(_ path: String) throws(FormatError) {
    let file = try HDF5File(path)
    self.file = file
    self.path = path
    markers = try Self.texts("marker_names", in: file)
    samples = try Self.texts("coords/sample_id", in: file)
    let rows = try Self.integers("coords/DIM1", in: file)
    let columns = try Self.integers("coords/DIM2", in: file)
    guard rows.count == samples.count, columns.count == samples.count else {
      throw FormatError(
        .malformed, path: "\(path):coords", found: "\(rows.count) rows, \(columns.count) columns and \(samples.count) samples",
        expected: "one of each for every cell")
    }
    positions = zip(rows, columns).map { (row: $0, column: $1) }
  }

  /// Channels of the markers `names`, in the order of the file, whatever that of the names.
  ///
  /// - Parameters:
  ///   - names: some of ``markers``, each once.
  ///   - source: where the names come from, for messages.
  /// - Throws: ``FormatError`` for a name that the file does not have, with the nearest, and for one that comes twice.
  public func channels(of names: [String], source: String) throws(FormatError) -> [Int] {
    var seen: Set<String> = []
    for name in names {
      let places = markers.indices.filter { markers[$0] == name }
      guard !places.isEmpty else {
        throw FormatError(
          .unknownKey, path: source, found: "the marker \(name.quoted())", expected: "markers of \(path)",
          suggestion: NearestName.nearest(to: name, in: markers))
      }
      guard places.count == 1 else {
        throw FormatError(
          .malformed, path: "\(path):marker_names", found: "the marker \(name.quoted()) \(places.count) times",
          expected: "different names")
      }
      guard seen.insert(name).inserted else {
        throw FormatError(.malformed, path: source, found: "the marker \(name.quoted()) twice", expected: "each marker once")
      }
    }
    return markers.indices.filter { seen.contains(markers[$0]) }
  }

  /// The image of a sample, [H, W, C]. `cell` is who asks, for messages.
  func image(of sample: String, cell: Int) throws(FormatError) -> HDF5Dataset {
    let dataset = try dataset("image", of: sample, cell: cell)
    guard dataset.shape.rank == 3, dataset.shape[2] == markers.count else {
      throw FormatError(
        .malformed, path: "\(path):\(dataset.name)", found: "the shape \(dataset.shape)",
        expected: "[rows, columns, \(markers.count)], a channel for each of marker_names")
    }
    return dataset
  }

  /// The masks of a sample, [H, W]: each pixel holds the number of its cell, 0 for none.
  func masks(of sample: String, cell: Int, imageShape: Shape) throws(FormatError) -> HDF5Dataset {
    let dataset = try dataset("masks", of: sample, cell: cell)
    guard dataset.shape == Shape(Array(imageShape.prefix(2))) else {
      throw FormatError(
        .malformed, path: "\(path):\(dataset.name)", found: "the shape \(dataset.shape)",
        expected: "[\(imageShape[0]), \(imageShape[1])], that of the image")
    }
    return dataset
  }

  private func dataset(_ kind: String, of sample: String, cell: Int) throws(FormatError) -> HDF5Dataset {
    let name = "data/\(sample)/\(kind)"
    guard file.datasets.contains(where: { $0.name == name }) else {
      let known = file.datasets.map(\.name).filter { $0.hasPrefix("data/") && $0.hasSuffix("/\(kind)") }
        .map { String($0.dropFirst(5).dropLast(kind.count + 1)) }
      let listed = known.prefix(8).joined(separator: ", ") + (known.count > 8 ? ", …" : "")
      throw FormatError(
        .unknownKey, path: path, found: "cell \(cell) of the sample \(sample.quoted()), which has no \(name)",
        expected: known.isEmpty ? "a data set with \(kind)s" : "one of the samples \(listed)",
        suggestion: NearestName.nearest(to: sample, in: known))
    }
    return try file.dataset(name)
  }

  private static func texts(_ name: String, in file: HDF5File) throws(FormatError) -> [String] {
    let dataset = try file.dataset(name)
    guard dataset.shape.rank == 1 else {
      throw FormatError(
        .malformed, path: "\(file.path):\(name)", found: "the shape \(dataset.shape)", expected: "one text for each")
    }
    return try dataset.texts()
  }

  private static func integers(_ name: String, in file: HDF5File) throws(FormatError) -> [Int] {
    let array = try file.dataset(name).array()
    guard array.rank == 1 else {
      throw FormatError(
        .malformed, path: "\(file.path):\(name)", found: "the shape \(array.shape)", expected: "one number for each cell")
    }
    var result: [Int] = []
    result.reserveCapacity(array.count)
    for value in array.doubles {
      guard let integer = Int(exactly: value) else {
        throw FormatError(.malformed, path: "\(file.path):\(name)", found: "\(value)", expected: "whole numbers of pixels")
      }
      result.append(integer)
    }
    return result
  }
}
