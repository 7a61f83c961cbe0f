import CHDF5Worker
import TensorCore

/// A dataset of an HDF5 file, or a field of one whose elements are compounds: its description, and the way to its elements.
public struct HDF5Dataset: Sendable {
  /// From the root, without a slash at the start: `data/A1/image`. A field's name stands behind that of its dataset.
  public let name: String
  /// The extents; `[]` if `problem` says that they are not known.
  public let shape: Shape
  /// The element type in the file: `uint16`, `float16`, `string`, …
  public let storedType: String
  /// The element type of the array that is read; `nil` for texts, and for what cannot be read.
  public let dtype: DType?
  /// The extents of a chunk, of which the file stores all elements together; `nil` if it is not chunked. To read by chunks
  /// decodes each one only once.
  public let chunk: Shape?
  /// The filters that chunks went through, in order: `["shuffle", "gzip"]`.
  public let filters: [String]
  /// Why it cannot be read.
  public let problem: FormatError?

  let worker: HDF5Worker
  let path: String
  /// What the worker is asked for: `name` without the field, and the field.
  let object: String
  let field: String
  /// What the worker sends.
  let element: StoredElement?

  /// Whether its elements are texts, for ``texts(from:count:)``.
  public var isText: Bool { problem == nil && element == nil }

  var description: ArrayDescription {
    if let problem { return ArrayDescription(name: name, problem: problem) }
    guard let dtype else { return ArrayDescription(name: name, texts: shape) }
    return ArrayDescription(name: name, storedType: storedType, dtype: dtype, shape: shape)
  }

  /// All elements, row-major, widened as in ``NPY``.
  public func array() throws(FormatError) -> NDArray {
    try array(from: [Int](repeating: 0, count: shape.rank), count: shape.extents)
  }

  /// The elements from the index `start` on, `count` of them along each axis. Traps if these are not as many as the dataset has
  /// axes, or reach outside of it.
  public func array(from start: [Int], count: [Int]) throws(FormatError) -> NDArray {
    if let problem { throw problem }
    guard let element else {
      throw FormatError(.unsupported, path: fullName, found: "texts", expected: "numbers")
    }
    let shape = Shape(count)
    return try worker.ask(CLEW_HDF5_READ, selection(start, count), name: fullName) { (answer) throws(FormatError) in
      let byteCount = try answer.integer()
      guard byteCount == shape.elementCount * element.byteCount else {
        throw FormatError(.malformed, path: fullName, found: "\(byteCount) bytes", expected: "those of \(shape)")
      }
      answer.remaining = byteCount
      return try ElementReading.read(element, isBigEndian: false, shape: shape, from: &answer)
    }
  }

  /// The texts from the index `start` on, row-major; by default all. Traps as ``array(from:count:)`` does.
  public func texts(from start: [Int]? = nil, count: [Int]? = nil) throws(FormatError) -> [String] {
    if let problem { throw problem }
    guard isText else { throw FormatError(.unsupported, path: fullName, found: "numbers", expected: "texts") }
    let (start, count) = (start ?? [Int](repeating: 0, count: shape.rank), count ?? shape.extents)
    let number = Shape(count).elementCount
    return try worker.ask(CLEW_HDF5_READ_TEXTS, selection(start, count), name: fullName) { (answer) throws(FormatError) in
      var texts: [String] = []
      var bytes = 0
      while try answer.hasMore() {
        let text = try answer.text()
        bytes += text.utf8.count
        // A file can point to one long text from everywhere.
        guard bytes <= Self.textLimit else {
          throw FormatError(
            .tooLarge, path: fullName, found: "more than \(Self.textLimit) bytes of texts", expected: "at most that")
        }
        texts.append(text)
      }
      guard texts.count == number else {
        throw FormatError(.malformed, path: fullName, found: "\(texts.count) texts", expected: "\(number)")
      }
      return texts
    }
  }

  private static let textLimit = 256 << 20

  private var fullName: String { "\(path):\(name)" }

  private func selection(_ start: [Int], _ count: [Int]) -> HDF5Request {
    let isInside =
      start.count == shape.rank && count.count == shape.rank
      && zip(shape, zip(start, count)).allSatisfy { $1.0 >= 0 && $1.1 >= 0 && $1.0 <= $0 && $1.1 <= $0 - $1.0 }
    if !isInside { fail(.shape("HDF5Dataset", "\(count) elements from \(start) on do not lie in the shape \(shape)")) }
    var request = HDF5Request()
    request.add(object)
    request.add(field)
    request.add(counted: start)
    for number in count { request.add(number) }
    return request
  }
}
