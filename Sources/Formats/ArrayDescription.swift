import TensorCore

/// What a file says about one of its arrays, before the elements are read.
public struct ArrayDescription: Sendable, Equatable {
  /// Under which it is asked for.
  public let name: String
  /// The element type in the file, which ``dtype`` widens: `uint16`, `float16`, …
  public let storedType: String?
  /// The element type of the array that will be read; `nil` if it cannot be, or holds texts.
  public let dtype: DType?
  /// `nil` if it cannot be read.
  public let shape: Shape?
  /// Names of the last axis's members, where the file has them: of a picture's channels, of a table's columns.
  public let channelNames: [String]?
  /// Why the array cannot be read. One such array (dates, say) leaves the others of its file readable.
  public let problem: FormatError?

  init(name: String, storedType: String, dtype: DType, shape: Shape, channelNames: [String]? = nil) {
    self.name = name
    self.channelNames = channelNames
    self.storedType = storedType
    self.dtype = dtype
    self.shape = shape
    problem = nil
  }

  /// Whether it is an array of texts.
  public var isText: Bool { problem == nil && dtype == nil }

  init(name: String, header: NPYHeader) {
    self.init(name: name, storedType: header.element.rawValue, dtype: header.element.widened, shape: header.shape)
  }

  /// An array of texts.
  init(name: String, texts shape: Shape) {
    self.name = name
    self.shape = shape
    storedType = "string"
    dtype = nil
    channelNames = nil
    problem = nil
  }

  init(name: String, problem: FormatError) {
    self.name = name
    self.problem = problem
    storedType = nil
    dtype = nil
    shape = nil
    channelNames = nil
  }
}
