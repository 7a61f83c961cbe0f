import Autograd

/// The part of the network's input that one position of a value sees: position (y, x) sees rows
/// y·stride + first … y·stride + last, and columns alike. What lies outside the input is padding.
public struct ReceptiveField: Sendable, Equatable {
  public let stride: Size2D
  /// Of position 0; negative where it begins in the padding.
  public let first: Size2D
  public let last: Size2D

  /// Rows and columns seen.
  public var size: Size2D { Size2D(last.height - first.height + 1, last.width - first.width + 1) }

  static let point = ReceptiveField(stride: Size2D(1, 1), first: Size2D(0, 0), last: Size2D(0, 0))

  func seen(through kernel: Size2D, _ step: Size2D, _ padding: Size2D, _ dilation: Size2D) -> ReceptiveField {
    ReceptiveField(
      stride: Size2D(stride.height * step.height, stride.width * step.width),
      first: Size2D(first.height - padding.height * stride.height, first.width - padding.width * stride.width),
      last: Size2D(
        last.height + ((kernel.height - 1) * dilation.height - padding.height) * stride.height,
        last.width + ((kernel.width - 1) * dilation.width - padding.width) * stride.width))
  }

  /// Of a value computed from both. `nil` if they step differently, and so do not fit on each other.
  func joined(with other: ReceptiveField) -> ReceptiveField? {
    guard stride == other.stride else { return nil }
    return ReceptiveField(
      stride: stride,
      first: Size2D(min(first.height, other.first.height), min(first.width, other.first.width)),
      last: Size2D(max(last.height, other.last.height), max(last.width, other.last.width)))
  }
}

extension Network {
  /// What part of the input one position of a layer's value sees; `nil` if it sees everything (attention, global means).
  public func receptiveField(of name: String) throws(NetworkError) -> ReceptiveField? {
    _ = try layer(named: name)
    // A constant sees nothing, so it is in no table and widens nothing.
    var fields: [String: ReceptiveField?] = [:]
    for input in inputs { fields[input.name] = .some(.point) }
    for layer in layers {
      let seen = layer.inputs.compactMap { $0.flatMap { fields[$0.source] } }
      guard let first = seen.first else { continue }
      var field = first
      for other in seen.dropFirst() { field = field.flatMap { a in other.flatMap { a.joined(with: $0) } } }
      switch layer.operation.reach(parameters: layer.parameterShapes) {
      case .pointwise: break
      case .everything: field = nil
      case .window(let kernel, let stride, let padding, let dilation):
        field = field?.seen(through: kernel, stride, padding, dilation)
      }
      fields[layer.name] = .some(field)
      if layer.name == name { break }
    }
    return fields[name].flatMap { $0 }
  }
}
