import TensorCore

/// The header of a safetensors file: for each tensor its element type, its shape and the bytes that it takes.
struct SafetensorsHeader: Sendable {
  struct Entry: Sendable {
    let name: String
    /// `nil` if elements of `storedType` are not read here.
    let element: StoredElement?
    /// As the file spells it: `F32`, `BF16`, …
    let storedType: String
    let shape: Shape
    /// First byte, counted from the end of the header, and number of bytes.
    let offset: Int
    let byteCount: Int
  }

  /// In the order of their bytes.
  let entries: [Entry]
  /// Texts under `__metadata__`, in the order of the file.
  let metadata: [(key: String, value: String)]
  /// Where in the file the bytes of tensors start.
  let dataStart: Int

  /// The longest header that the format allows.
  static let maximalLength = 100_000_000
  /// As many axes as NumPy allows.
  static let maximalRank = 64

  /// Element types that are read, by the file's names, with those that are only known by their size (in bits).
  static let elements: [String: StoredElement] = [
    "BOOL": .bool, "I8": .int8, "I16": .int16, "I32": .int32, "I64": .int64, "U8": .uint8, "U16": .uint16, "U32": .uint32,
    "U64": .uint64, "F16": .float16, "BF16": .bfloat16, "F32": .float32, "F64": .float64,
  ]
  private static let bits: [String: Int] = [
    "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6, "F8_E5M2": 8, "F8_E4M3": 8, "F8_E8M0": 8, "C64": 64,
  ]

  /// Reads the header of `file`, from its start. Throws ``FormatError`` unless the tensors fill the rest of the file without
  /// gap or overlap, as the format demands.
  static func read(from file: inout InputFile) throws(FormatError) -> SafetensorsHeader {
    let lengthBytes = try file.read(8, of: "the length of a safetensors header")
    let length = lengthBytes.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard length <= maximalLength, Int(length) <= file.remaining else {
      throw FormatError(
        .malformed, path: file.path, found: "a safetensors header of \(length) bytes",
        expected: "at most \(min(maximalLength, file.remaining))")
    }
    let text = try file.read(Int(length), of: "a safetensors header")
    return try SafetensorsHeader(text: text, dataByteCount: file.remaining, path: file.path)
  }

  init(text: [UInt8], dataByteCount: Int, path: String) throws(FormatError) {
    func malformed(_ found: String, _ expected: String) -> FormatError {
      FormatError(.malformed, path: path, found: "a safetensors header with \(found)", expected: expected)
    }
    var parser = SafetensorsHeaderParser(text: text)
    do { try parser.parse() } catch { throw malformed("a syntax error", "\(error.expected) at byte \(error.offset) of it") }
    metadata = parser.metadata
    dataStart = 8 + text.count
    var entries: [Entry] = []
    entries.reserveCapacity(parser.tensors.count)
    for tensor in parser.tensors {
      do { entries.append(try Self.entry(tensor, dataByteCount: dataByteCount)) } catch {
        throw malformed("\(tensor.name.quoted()): \(error.found)", error.expected)
      }
    }
    // Tensors of no bytes may share an offset: before the one that has some.
    entries.sort { ($0.offset, $0.byteCount) < ($1.offset, $1.byteCount) }
    var end = 0
    var names: Set<String> = []
    for entry in entries {
      guard names.insert(entry.name).inserted else { throw malformed("two tensors \(entry.name.quoted())", "distinct names") }
      guard entry.offset == end else {
        throw malformed("\(entry.name.quoted()) at byte \(entry.offset)", "byte \(end): tensors stand one behind another")
      }
      end += entry.byteCount
    }
    guard end == dataByteCount else {
      throw FormatError(
        .malformed, path: path, found: "\(dataByteCount) bytes behind the safetensors header", expected: "\(end) bytes of tensors"
      )
    }
    self.entries = entries
  }

  private struct Refusal: Error {
    let found: String
    let expected: String
  }

  private static func entry(
    _ tensor: SafetensorsHeaderParser.Tensor, dataByteCount: Int
  ) throws(Refusal) -> Entry {
    let element = elements[tensor.dtype]
    guard let bits = element.map({ $0.byteCount * 8 }) ?? bits[tensor.dtype] else {
      throw Refusal(
        found: "the element type \(tensor.dtype.quoted())", expected: "one of \(elements.keys.sorted().joined(separator: ", "))")
    }
    guard tensor.shape.count <= maximalRank else {
      throw Refusal(found: "\(tensor.shape.count) axes", expected: "at most \(maximalRank)")
    }
    // From all extents but the zeros, in the widest type, so that no product of extents can overflow later.
    var bound = 64
    for extent in tensor.shape {
      let (product, overflowed) = bound.multipliedReportingOverflow(by: max(1, extent))
      if overflowed { throw Refusal(found: "a shape whose product overflows", expected: "a tensor that fits in memory") }
      bound = product
    }
    guard tensor.start <= tensor.end, tensor.end <= dataByteCount else {
      throw Refusal(
        found: "the offsets \(tensor.start) to \(tensor.end)", expected: "ascending offsets up to \(dataByteCount)")
    }
    let shape = Shape(tensor.shape)
    let stated = shape.elementCount * bits
    guard stated % 8 == 0, stated / 8 == tensor.end - tensor.start else {
      throw Refusal(
        found: "\(tensor.end - tensor.start) bytes", expected: "\((stated + 7) / 8) bytes for \(tensor.dtype) \(shape)")
    }
    return Entry(
      name: tensor.name, element: element, storedType: tensor.dtype, shape: shape, offset: tensor.start,
      byteCount: tensor.end - tensor.start)
  }
}
