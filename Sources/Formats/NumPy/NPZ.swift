import TensorCore

/// Named arrays in NumPy's `.npz` format: a zip archive of `.npy` entries, stored or deflated. Opening reads the
/// directory and the headers; elements are read when an array is asked for, each time anew.
public struct NPZ: Sendable {
  /// The file.
  public let path: String
  /// The arrays in the order of the archive, named as in NumPy: without `.npy`.
  public let entries: [ArrayDescription]
  private let archive: ZipArchive
  /// Place in ``entries``, and in the archive's, by name.
  private let indices: [String: Int]

  private static let suffix = ".npy"

  /// Opens the archive `path`. Throws ``FormatError`` if it is not a zip archive with an intact directory, if two entries
  /// have one name, or if no entry is an array. A single unreadable array is reported in its description.
  public init(_ path: String) throws(FormatError) {
    let file = try InputFile(path)
    try self.init(ZipArchive(path, byteCount: file.byteCount))
  }

  init(_ archive: ZipArchive) throws(FormatError) {
    self.archive = archive
    path = archive.path
    if !archive.entries.isEmpty, !archive.entries.contains(where: { $0.name.hasSuffix(Self.suffix) }) {
      throw FormatError(.malformed, path: path, found: "a zip archive without .npy entries", expected: NamedArrays.readable)
    }
    var entries: [ArrayDescription] = []
    var indices: [String: Int] = [:]
    for entry in archive.entries {
      let description = Self.describe(entry, in: archive)
      guard indices.updateValue(entries.count, forKey: description.name) == nil else {
        throw FormatError(.malformed, path: path, found: "two entries \(description.name.quoted())", expected: "distinct names")
      }
      entries.append(description)
    }
    self.entries = entries
    self.indices = indices
  }

  private static func describe(_ entry: ZipArchive.Entry, in archive: ZipArchive) -> ArrayDescription {
    let isArray = entry.name.hasSuffix(suffix)
    let name = isArray ? String(entry.name.dropLast(suffix.count)) : entry.name
    let path = "\(archive.path):\(name)"
    guard isArray else {
      return ArrayDescription(
        name: name, problem: FormatError(.unsupported, path: path, found: "another kind of file", expected: "an .npy array"))
    }
    do {
      let header = try archive.withEntry(entry, name: path) { (source) throws(FormatError) in try NPYHeader.read(from: &source) }
      return ArrayDescription(name: name, header: header)
    } catch {
      return ArrayDescription(name: name, problem: error)
    }
  }

  /// Reads the array `name`. Throws ``FormatError`` if there is none, or it is damaged (checksums are compared).
  public func array(named name: String) throws(FormatError) -> NDArray {
    guard let index = indices[name] else { throw .unknownKey(name, in: path, names: entries.map(\.name)) }
    if let problem = entries[index].problem { throw problem }
    return try archive.withEntry(archive.entries[index], name: "\(path):\(name)") { (source) throws(FormatError) in
      let header = try NPYHeader.read(from: &source)
      let array = try header.readElements(from: &source)
      try source.finish()
      return array
    }
  }
}

extension FormatError {
  /// The error for a `name` that `path` does not have.
  static func unknownKey(_ name: String, in path: String, names: [String]) -> FormatError {
    let listed = names.prefix(8).map { $0.quoted() }.joined(separator: ", ")
    let expected = names.isEmpty ? "no key: the file holds no arrays" : "one of \(listed)\(names.count > 8 ? ", …" : "")"
    let nearest = NearestName.nearest(to: name, in: names)
    return FormatError(.unknownKey, path: path, found: "no array \(name.quoted())", expected: expected, suggestion: nearest)
  }
}
