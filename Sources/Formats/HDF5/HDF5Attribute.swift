import TensorCore

/// The value of an attribute.
public enum HDF5Attribute: Sendable {
  case numbers(NDArray)
  /// One, or several of any shape, row-major.
  case texts([String])

  /// Reads what follows an attribute's name; `nil` if its value is of a kind that is not read.
  init?(from answer: inout HDF5Answer) throws(FormatError) {
    let problem = try answer.text()
    let wire = try answer.text()
    let rank = try answer.count()
    var extents: [Int] = []
    for _ in 0..<min(rank, 32) { extents.append(try answer.integer()) }
    guard problem.isEmpty else { return nil }
    let shape = Shape(extents)
    guard let element = StoredElement(rawValue: wire) else {
      var texts: [String] = []
      // The worker has bounded the product of the extents.
      for _ in 0..<shape.elementCount { texts.append(try answer.text()) }
      self = .texts(texts)
      return
    }
    answer.remaining = try answer.integer()
    self = .numbers(try ElementReading.read(element, isBigEndian: false, shape: shape, from: &answer))
  }
}
