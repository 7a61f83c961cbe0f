import Autograd

/// A change to one value of a network for one run: some channels set to zero, replaced or scaled.
///
/// ```swift
/// try network.run(x, interventions: [.zero(after: "stem.2", channels: [3])])
/// ```
public struct Intervention: Sendable {
  /// Which value is changed.
  public enum Place: Sendable, Equatable {
    /// The first input of a layer, as this layer alone sees it.
    case before(String)
    /// What a layer gives, for all who read it; the network's inputs have names, too.
    case after(String)
  }

  /// What becomes of it.
  public enum Change: Sendable {
    case zero
    /// By values that broadcast to the chosen channels.
    case replace(Tensor)
    /// By factors that broadcast to the chosen channels.
    case scale(Tensor)
  }

  public let place: Place
  public let change: Change
  /// Which channels; `nil` for all.
  public let channels: [Int]?
  /// The axis of channels; `nil`: the last of [N, tokens, width], else axis 1.
  public let axis: Int?

  public init(_ change: Change, at place: Place, channels: [Int]? = nil, axis: Int? = nil) {
    self.place = place
    self.change = change
    self.channels = channels
    self.axis = axis
  }

  public static func zero(after layer: String, channels: [Int]? = nil) -> Intervention {
    Intervention(.zero, at: .after(layer), channels: channels)
  }
  public static func zero(before layer: String, channels: [Int]? = nil) -> Intervention {
    Intervention(.zero, at: .before(layer), channels: channels)
  }
  public static func replace(after layer: String, with values: Tensor, channels: [Int]? = nil) -> Intervention {
    Intervention(.replace(values), at: .after(layer), channels: channels)
  }
  public static func replace(before layer: String, with values: Tensor, channels: [Int]? = nil) -> Intervention {
    Intervention(.replace(values), at: .before(layer), channels: channels)
  }
  public static func scale(after layer: String, by factors: Tensor, channels: [Int]? = nil) -> Intervention {
    Intervention(.scale(factors), at: .after(layer), channels: channels)
  }
  public static func scale(before layer: String, by factors: Tensor, channels: [Int]? = nil) -> Intervention {
    Intervention(.scale(factors), at: .before(layer), channels: channels)
  }

  /// The layer or input that is named.
  var target: String {
    switch place {
    case .before(let name), .after(let name): name
    }
  }

  /// Whether the value need not be computed, because nothing of it is left. (Its shape must then be that of the replacement.)
  func replacesAll() -> Tensor? {
    if channels == nil, case .replace(let tensor) = change { return tensor }
    return nil
  }

  /// The changed value.
  func apply(to value: Tensor) throws(NetworkError) -> Tensor {
    if let replacement = replacesAll() { return try fitting(replacement, to: value.shape, dtype: value.dtype) }
    let axis = axis ?? (value.rank == 3 ? 2 : min(1, value.rank - 1))
    guard value.rank > 0, value.shape.indices.contains(axis) else {
      throw .intervention("'\(target)' has the shape \(value.shape), which has no axis \(axis) of channels")
    }
    let all = Array(0..<value.shape[axis])
    let chosen = channels ?? all
    for channel in chosen where !all.contains(channel) {
      throw .intervention("'\(target)' has \(all.count) channels along axis \(axis), expected one of them, found \(channel)")
    }
    guard Set(chosen).count == chosen.count else {
      throw .intervention("'\(target)': found a channel twice in \(chosen), expected different ones")
    }
    if chosen.isEmpty { return value }
    let part = chosen == all ? value : value.gathering(chosen, along: axis)
    let changed: Tensor
    switch change {
    // Not times zero: what was infinite or NaN would stay so.
    case .zero: changed = Tensor(repeating: 0, shape: part.shape, dtype: part.dtype)
    case .replace(let values): changed = try fitting(values, to: part.shape, dtype: part.dtype)
    case .scale(let factors): changed = part * (try fitting(factors, to: part.shape, dtype: part.dtype))
    }
    if chosen == all { return changed }
    // Each channel from the value or, if it is a chosen one, from behind it.
    var source = all
    for (place, channel) in chosen.enumerated() { source[channel] = all.count + place }
    return concatenated([value, changed], along: axis).gathering(source, along: axis)
  }

  private func fitting(_ tensor: Tensor, to shape: Shape, dtype: DType) throws(NetworkError) -> Tensor {
    guard tensor.dtype == dtype else {
      throw .intervention("'\(target)' holds \(dtype), found values of \(tensor.dtype)")
    }
    if tensor.shape == shape { return tensor }
    guard let joined = try? Shape.broadcast(tensor.shape, shape, operation: "intervention"), joined == shape else {
      throw .intervention("'\(target)': found values of shape \(tensor.shape), expected a shape that broadcasts to \(shape)")
    }
    return tensor.broadcast(to: shape)
  }
}
