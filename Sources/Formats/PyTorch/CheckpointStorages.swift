import TensorCore

/// Where the elements of a checkpoint's storages are: in entries of an archive, or, before PyTorch 1.6, in the file itself behind the
/// pickles.
enum CheckpointStorages: Sendable {
  case archive(ZipArchive, entries: [String: ZipArchive.Entry], isBigEndian: Bool)
  case file(String, places: [String: Place])

  struct Place: Sendable {
    let offset: Int
    let byteCount: Int
  }

  /// Bytes of the storage `key`; `nil` if there is none.
  func byteCount(of key: String) -> Int? {
    switch self {
    case .archive(_, let entries, _): entries[key]?.byteCount
    case .file(_, let places): places[key]?.byteCount
    }
  }

  /// Reads elements of the storage `key`, as an array of `shape`, `offset` bytes behind its start. The caller has held the end
  /// against ``byteCount(of:)``.
  func read(
    _ element: StoredElement, shape: Shape, from key: String, offset: Int, name: String
  ) throws(FormatError) -> NDArray {
    let missing = FormatError(.malformed, path: name, found: "no storage \(key.quoted())", expected: "its elements")
    switch self {
    case .archive(let archive, let entries, let isBigEndian):
      guard let entry = entries[key] else { throw missing }
      return try archive.withEntry(entry, name: name) { (source) throws(FormatError) in
        try source.skip(offset)
        let array = try ElementReading.read(element, isBigEndian: isBigEndian, shape: shape, from: &source)
        if source.remaining == 0 { try source.finish() }
        return array
      }
    case .file(let path, let places):
      guard let place = places[key] else { throw missing }
      var file = try InputFile(path)
      try file.skip(place.offset + offset)
      return try ElementReading.read(element, isBigEndian: false, shape: shape, from: &file)
    }
  }
}
