import TensorCore

/// What a file says about one of its arrays, before the elements are read.
public struct ArrayDescription: Sendable, Equatable {
  /// Under which it is asked for.
  public let name: String
  /// The element type in the file, which ``dtype`` widens: `uint16`, `float16`, …
  public let storedType: String?
  /// The element type of the array that will be read; `nil` if it cannot be.
  public let dtype: DType?
  /// `nil` if it cannot be read.
  public let shape: Shape?
  /// Why the array cannot be read. One such array (strings, say) leaves the others of its file readable.
  public let problem: FormatError?

  init(name: String, storedType: String, dtype: DType, shape: Shape) {
    self.name = name
    self.storedType = storedType
    self.dtype = dtype
    self.shape = shape
    problem = nil
  }

  init(name: String, header: NPYHeader) {
    self.init(name: name, storedType: header.element.rawValue, dtype: header.element.widened, shape: header.shape)
  }

  init(name: String, problem: FormatError) {
    self.name = name
    self.problem = problem
    storedType = nil
    dtype = nil
    shape = nil
  }
}
