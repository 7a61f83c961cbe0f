import TensorCore

/// The header of an `.npy` file (NumPy Enhancement Proposal 1, versions 1.0 to 3.0): element type, order and shape.
struct NPYHeader: Sendable, Equatable {
  let element: StoredElement
  let isBigEndian: Bool
  /// Whether the first axis varies fastest.
  let isFortranOrder: Bool
  let shape: Shape
  /// Bytes of all stored elements.
  let payloadByteCount: Int

  static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)
  /// The longest header that is read. Those of NumPy take some hundred bytes.
  private static let maximalLength = 1 << 16
  /// As many axes as NumPy allows.
  private static let maximalRank = 64

  /// Reads a header and stops before the first element. Throws ``FormatError`` unless it is well-formed, its elements are
  /// of a supported type, and `source` holds exactly the bytes that it promises.
  static func read(from source: inout some ByteSource & ~Copyable) throws(FormatError) -> NPYHeader {
    let path = source.path
    let start = try source.read(8, of: "an .npy header")
    guard start.starts(with: magic) else {
      throw FormatError(.malformed, path: path, found: "other bytes", expected: "the signature of an .npy array")
    }
    guard (1...3).contains(start[6]), start[7] == 0 else {
      throw FormatError(
        .unsupported, path: path, found: ".npy version \(start[6]).\(start[7])", expected: "version 1.0, 2.0 or 3.0")
    }
    let lengthBytes = try source.read(start[6] == 1 ? 2 : 4, of: "an .npy header")
    let length = lengthBytes.reversed().reduce(0) { $0 << 8 | Int($1) }
    guard length <= maximalLength else {
      throw FormatError(.malformed, path: path, found: "an .npy header of \(length) bytes", expected: "at most \(maximalLength)")
    }
    let header = try NPYHeader(text: try source.read(length, of: "an .npy header"), path: path)
    guard header.payloadByteCount == source.remaining else {
      let promised = "\(header.payloadByteCount) bytes for \(header.element.rawValue) \(header.shape)"
      throw FormatError(.malformed, path: path, found: "\(source.remaining) bytes of elements", expected: promised)
    }
    return header
  }

  /// Reads the elements that follow this header, whose size ``read(from:)`` has held against the source's.
  func readElements(from source: inout some ByteSource & ~Copyable) throws(FormatError) -> NDArray {
    // An array in Fortran order is a row-major one with its axes reversed.
    let isTransposed = isFortranOrder && shape.rank > 1
    let stored = isTransposed ? Shape(shape.reversed()) : shape
    let array = try ElementReading.read(element, isBigEndian: isBigEndian, shape: stored, from: &source)
    return isTransposed ? ElementReading.reversingAxes(array) : array
  }

  init(text: [UInt8], path: String) throws(FormatError) {
    func malformed(_ found: String, _ expected: String) -> FormatError {
      FormatError(.malformed, path: path, found: "an .npy header with \(found)", expected: expected)
    }
    let literal: PythonLiteral
    do { literal = try PythonLiteral.parse(text) } catch {
      throw malformed("a syntax error", "\(error.expected) at byte \(error.offset) of it")
    }
    guard case .dictionary(let pairs) = literal, pairs.map(\.key).sorted() == ["descr", "fortran_order", "shape"] else {
      throw malformed("other contents", "the keys descr, fortran_order and shape")
    }
    let values = Dictionary(uniqueKeysWithValues: pairs.map { ($0.key, $0.value) })
    guard case .boolean(let isFortranOrder) = values["fortran_order"] else {
      throw malformed("another fortran_order", "True or False")
    }
    guard case .tuple(let items) = values["shape"] else { throw malformed("another shape", "a tuple") }
    self.isFortranOrder = isFortranOrder
    (element, isBigEndian) = try Self.element(values["descr"] ?? .none, path: path)
    (shape, payloadByteCount) = try Self.shape(items, element: element, malformed: malformed)
  }

  private static func element(_ descriptor: PythonLiteral, path: String) throws(FormatError) -> (StoredElement, Bool) {
    let expected = "booleans, integers or real floating-point numbers of up to 64 bits"
    guard case .string(let text) = descriptor else {
      let found = if case .list = descriptor { "a structured dtype" } else { "a dtype that is not a text" }
      throw FormatError(.unsupported, path: path, found: found, expected: expected)
    }
    if let parsed = StoredElement.parse(descriptor: text) { return parsed }
    let meaning = StoredElement.meaning(ofDescriptor: text).map { " (\($0))" } ?? ""
    throw FormatError(.unsupported, path: path, found: "dtype \(text.quoted())\(meaning)", expected: expected)
  }

  /// The shape, and the bytes that its elements take. No product of extents can overflow later: it is formed here from
  /// all extents but the zeros, widened elements counted.
  private static func shape(
    _ items: [PythonLiteral], element: StoredElement, malformed: (String, String) -> FormatError
  ) throws(FormatError) -> (Shape, Int) {
    guard items.count <= maximalRank else { throw malformed("\(items.count) axes", "at most \(maximalRank)") }
    var extents: [Int] = []
    var bound = max(element.byteCount, element.widened.byteCount)
    for item in items {
      guard case .integer(let extent) = item else { throw malformed("another shape", "a tuple of integers") }
      guard extent >= 0 else { throw malformed("the extent \(extent)", "no negative extent") }
      let (product, overflowed) = bound.multipliedReportingOverflow(by: max(1, extent))
      if overflowed { throw malformed("a shape whose product overflows", "an array that fits in memory") }
      bound = product
      extents.append(extent)
    }
    let shape = Shape(extents)
    return (shape, shape.elementCount * element.byteCount)
  }

  /// The header under which an array is written, byte for byte what NumPy writes: version 1.0, padded such that elements
  /// start at a multiple of 64 bytes, with room for the first extent to grow to 21 digits.
  static func bytes(_ dtype: DType, _ shape: Shape) -> [UInt8] {
    let tuple = shape.rank == 1 ? "(\(shape[0]),)" : "(\(shape.map(String.init).joined(separator: ", ")))"
    var text = "{'descr': '\(StoredElement.descriptor(of: dtype))', 'fortran_order': False, 'shape': \(tuple), }"
    if shape.rank > 0 { text += String(repeating: " ", count: max(0, 21 - "\(shape[0])".count)) }
    let start = magic.count + 4
    text += String(repeating: " ", count: 63 - (start + text.utf8.count) % 64) + "\n"
    return magic + [1, 0, UInt8(text.utf8.count & 255), UInt8(text.utf8.count >> 8)] + Array(text.utf8)
  }
}
