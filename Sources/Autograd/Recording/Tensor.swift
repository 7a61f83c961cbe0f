@_exported import TensorCore

/// An immutable array that remembers, while it is being recorded, how it was computed.
///
/// A tensor is a value: an `NDArray` and, when it descends from a recorded tensor, a place in the graph.
/// Ask for gradients with ``gradient(at:_:)`` or, by value, with ``gradient(for:cotangent:recording:)``.
public struct Tensor: Sendable {
  /// The numbers, without history.
  public let value: NDArray
  let node: Node?
  let outputIndex: Int

  /// A constant: operations on constants alone are not recorded.
  public init(_ value: NDArray) {
    self.init(value, node: nil, outputIndex: 0)
  }

  init(_ value: NDArray, node: Node?, outputIndex: Int) {
    self.value = value
    self.node = node
    self.outputIndex = outputIndex
  }

  /// A constant of the given shape, from values in row-major order. float32 unless `dtype` says otherwise.
  public init(_ values: [Double], shape: Shape? = nil, dtype: DType = .float32) {
    let array = NDArray(values, shape: shape ?? [values.count])
    self.init(array.converted(to: dtype))
  }

  /// A constant filled with one value. float32 unless `dtype` says otherwise.
  public init(repeating value: Double, shape: Shape, dtype: DType = .float32) {
    self.init(NDArray(repeating: value, shape: shape, dtype: dtype))
  }

  public var shape: Shape { value.shape }
  public var dtype: DType { value.dtype }
  /// Number of axes.
  public var rank: Int { value.rank }
  /// Number of elements.
  public var count: Int { value.count }

  /// The only element. Traps unless there is exactly one.
  public var scalar: Double { value.scalar }

  /// The elements in row-major order.
  public var doubles: [Double] { value.doubles }

  /// Whether gradients can be asked for with respect to this tensor.
  public var isRecorded: Bool { node != nil }

  /// The same value as the start of a new record: what is computed from it can be differentiated with respect to it.
  public func recorded() -> Tensor {
    if !dtype.isFloating { fail(.dtype("recorded", "gradients need float32 or float64, found \(dtype)")) }
    return Tensor(value, node: Node(primitive: Variable(), edges: [], outputs: nil, outputCount: 1), outputIndex: 0)
  }

  /// The same value without history: a constant of the derivative.
  public var detached: Tensor { Tensor(value) }

  static func zeros(like tensor: Tensor) -> Tensor { Tensor(.zeros(tensor.shape, dtype: tensor.dtype)) }
}

extension Tensor: CustomStringConvertible {
  public var description: String { value.description }
}
