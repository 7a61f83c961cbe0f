import TensorCore

/// The arrays of a file under their names: of an `.npy` file the one called `array`, of an `.npz` archive each entry, of a
/// PNG or JPEG picture its `pixels` ([H, W, C], uint8). The format is recognised by content, never by the file's name.
///
/// Loading reads and checks headers (and pictures whole); the elements of arrays are read when they are asked for, each time
/// anew: keep the result.
public struct NamedArrays: Sendable {
  /// The file.
  public let path: String
  /// The arrays in the order of the file. One that cannot be read says why.
  public let entries: [ArrayDescription]
  private let source: Source

  private enum Source: Sendable {
    case npy
    case npz(NPZ)
    case picture(Picture)
  }

  /// The formats that are read, for error messages.
  static let readable = "an .npy or .npz file, a PNG or a JPEG picture"

  /// Recognises and opens the file `path`. Throws ``FormatError`` if it is missing, a folder, empty, damaged, or of
  /// a format that is not read.
  public static func load(_ path: String) throws(FormatError) -> NamedArrays {
    var file = try InputFile(path)
    switch FileSignature(try file.peek(FileSignature.length), byteCount: file.byteCount) {
    case .npy:
      let header = try NPYHeader.read(from: &file)
      return NamedArrays(path: path, entries: [ArrayDescription(name: "array", header: header)], source: .npy)
    case .zip:
      let npz = try NPZ(ZipArchive(path, byteCount: file.byteCount))
      return NamedArrays(path: path, entries: npz.entries, source: .npz(npz))
    case .png, .jpeg:
      let picture = try Picture.decode(&file)
      let entry = ArrayDescription(
        name: "pixels", storedType: picture.storedType, dtype: .uint8, shape: picture.pixels.shape)
      return NamedArrays(path: path, entries: [entry], source: .picture(picture))
    case .other(let kind):
      throw FormatError(.unsupported, path: path, found: kind, expected: readable)
    }
  }

  /// Whether the file is a picture, so that its array is pixels and not features.
  public var isPicture: Bool {
    if case .picture = source { return true }
    return false
  }

  /// The names of the arrays, in the order of the file.
  public var names: [String] { entries.map(\.name) }

  /// Reads the array `name`. Throws ``FormatError`` of kind `unknownKey`, with the nearest name, if there is none.
  public func array(named name: String) throws(FormatError) -> NDArray {
    switch source {
    case .npz(let npz): return try npz.array(named: name)
    case .npy where name == names.first: return try NPY.read(path)
    case .picture(let picture) where name == names.first: return picture.pixels
    case .npy, .picture: throw .unknownKey(name, in: path, names: names)
    }
  }

  /// Reads the array `name`, as ``array(named:)``.
  public subscript(name: String) -> NDArray {
    get throws(FormatError) { try array(named: name) }
  }

  /// The only array. Throws ``FormatError`` unless there is exactly one.
  public var sole: NDArray {
    get throws(FormatError) {
      guard entries.count == 1 else {
        let listed = names.prefix(8).map { $0.quoted() }.joined(separator: ", ")
        let found = entries.isEmpty ? "no arrays" : "\(entries.count) arrays (\(listed)\(entries.count > 8 ? ", …" : ""))"
        let hint = names.first.map { "one, or a name after a colon: \(path):\($0)" } ?? "one"
        throw FormatError(.unknownKey, path: path, found: found, expected: hint)
      }
      return try array(named: entries[0].name)
    }
  }
}
