import TensorCore

/// Named tensors in the safetensors format: a header in JSON, then the elements, little-endian and row-major.
///
/// Opening reads the header; elements are read when a tensor is asked for, each time anew. Element types are widened as in
/// ``NPY``, bfloat16 to float32.
public struct Safetensors: Sendable {
  /// The file.
  public let path: String
  /// The tensors in the order of their bytes. One whose element type is not read here says so.
  public let entries: [ArrayDescription]
  /// Texts that the file carries, in its order.
  public let metadata: [(key: String, value: String)]
  private let header: SafetensorsHeader
  private let indices: [String: Int]

  /// Opens the file `path`. Throws ``FormatError`` if it cannot be read, or its header does not account for every byte of it.
  public init(_ path: String) throws(FormatError) {
    var file = try InputFile(path)
    try self.init(&file)
  }

  init(_ file: inout InputFile) throws(FormatError) {
    let path = file.path
    header = try SafetensorsHeader.read(from: &file)
    self.path = path
    metadata = header.metadata
    entries = header.entries.map { entry in
      guard let element = entry.element else {
        let known = SafetensorsHeader.elements.keys.sorted().joined(separator: ", ")
        let problem = FormatError(
          .unsupported, path: "\(path):\(entry.name)", found: "elements of the type \(entry.storedType)",
          expected: "one of \(known)")
        return ArrayDescription(name: entry.name, problem: problem)
      }
      return ArrayDescription(name: entry.name, storedType: element.rawValue, dtype: element.widened, shape: entry.shape)
    }
    indices = Dictionary(uniqueKeysWithValues: header.entries.enumerated().map { ($0.element.name, $0.offset) })
  }

  /// Reads the tensor `name`. Throws ``FormatError`` if there is none, or its element type is not read here.
  public func array(named name: String) throws(FormatError) -> NDArray {
    guard let index = indices[name] else { throw .unknownKey(name, in: path, names: entries.map(\.name)) }
    let entry = header.entries[index]
    guard let element = entry.element else { throw entries[index].problem ?? .unknownKey(name, in: path, names: []) }
    var file = try InputFile(path)
    try file.skip(header.dataStart + entry.offset)
    guard entry.byteCount <= file.remaining else {
      throw FormatError(
        .malformed, path: path, found: "a file that became shorter", expected: "\(entry.byteCount) bytes of \(name.quoted())")
    }
    return try ElementReading.read(element, isBigEndian: false, shape: entry.shape, from: &file)
  }
}
