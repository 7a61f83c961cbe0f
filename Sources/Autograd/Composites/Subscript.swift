/// What to take along one axis in a tensor's subscript: an index, which removes the axis, or a range.
public protocol AxisSelection {
  /// Place of the first element and of the one after the last; `nil` for the axis's own end.
  var bounds: (from: Int, to: Int?) { get }
  var removesAxis: Bool { get }
}

extension AxisSelection {
  public var removesAxis: Bool { false }
}

extension Int: AxisSelection {
  // After the last element there is nothing to name: −1 + 1 would be the first.
  public var bounds: (from: Int, to: Int?) { (self, self == -1 ? nil : self + 1) }
  public var removesAxis: Bool { true }
}
extension Range: AxisSelection where Bound == Int {
  public var bounds: (from: Int, to: Int?) { (lowerBound, upperBound) }
}
extension ClosedRange: AxisSelection where Bound == Int {
  public var bounds: (from: Int, to: Int?) { (lowerBound, upperBound == -1 ? nil : upperBound + 1) }
}
extension PartialRangeFrom: AxisSelection where Bound == Int {
  public var bounds: (from: Int, to: Int?) { (lowerBound, nil) }
}
extension PartialRangeUpTo: AxisSelection where Bound == Int {
  public var bounds: (from: Int, to: Int?) { (0, upperBound) }
}

extension Tensor {
  /// A part of the tensor, one selection for each of the first axes: `x[0, 2...]`, `x[1..<3, -1]`.
  ///
  /// An index removes its axis, a range keeps it; negative places count from the end. Traps for places that do not exist.
  public subscript(_ selections: any AxisSelection...) -> Tensor {
    if selections.count > rank { fail(.shape("subscript", "\(selections.count) selections for \(shape)")) }
    var result = self
    for (axis, selection) in selections.enumerated() {
      result = result.sliced(axis, from: selection.bounds.from, to: selection.bounds.to)
    }
    let removed = selections.indices.filter { selections[$0].removesAxis }
    return result.reshaped(to: result.shape.reducing(removed, keepingAxes: false))
  }
}
