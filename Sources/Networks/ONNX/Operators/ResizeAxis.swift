import Autograd
import TensorCore

/// Which elements make each output element along one axis of ONNX's `Resize`.
///
/// Source: the operator's reference implementation and text, https://onnx.ai/onnx/operators/onnx__Resize.html.
struct ResizeAxis {
  let inputs: Int
  let outputs: Int
  /// Outputs for one input.
  let scale: Double
  /// Begin and end of the region of interest, as shares of the axis.
  var region = (0.0, 1.0)
  var transformation = "half_pixel"
  var mode = "nearest"
  var nearestMode = "round_prefer_floor"
  var cubicCoefficient = -0.75
  var excludesOutside = false
  var antialiases = false

  /// Where output element `index` lies in the input.
  func coordinate(_ index: Int) throws(TensorError) -> Double {
    let x = Double(index)
    let length = Double(inputs) * scale
    switch transformation {
    case "half_pixel": return (x + 0.5) / scale - 0.5
    case "half_pixel_symmetric":
      let adjustment = Double(outputs) / (scale * Double(inputs))
      let centre = Double(inputs) / 2
      return centre * (1 - adjustment) + (x + 0.5) / scale - 0.5
    case "pytorch_half_pixel": return outputs > 1 ? (x + 0.5) / scale - 0.5 : 0
    // The length before rounding, as the reference implementation has it.
    case "align_corners": return length != 1 ? x * Double(inputs - 1) / (length - 1) : 0
    case "asymmetric": return x / scale
    case "tf_half_pixel_for_nn": return (x + 0.5) / scale
    case "tf_crop_and_resize":
      let last = Double(inputs - 1)
      return length != 1
        ? region.0 * last + x * (region.1 - region.0) * last / (length - 1) : 0.5 * (region.0 + region.1) * last
    default:
      throw .argument("Resize", "found the coordinate transformation '\(transformation)', which is not one of the operator's")
    }
  }

  /// Sources and weights of every output, and which outputs lie outside the input.
  func taps() throws(TensorError) -> (taps: AxisTaps, outside: [Bool]) {
    var rows: [[(source: Int, weight: Double)]] = []
    var outside: [Bool] = []
    for index in 0..<outputs {
      let place = try coordinate(index)
      guard place.isFinite, abs(place) < 1e9 else { throw .argument("Resize", "output \(index) lies at \(place) of the input") }
      outside.append(place < 0 || place > Double(inputs - 1))
      rows.append(try row(place))
    }
    return (AxisTaps(inputs: inputs, outputs: outputs) { rows[$0] }, outside)
  }

  private func row(_ place: Double) throws(TensorError) -> [(source: Int, weight: Double)] {
    func clamped(_ index: Int) -> Int { min(max(index, 0), inputs - 1) }
    if mode == "nearest" { return [(clamped(Int(try nearest(place))), 1)] }
    // A smaller result with antialiasing: the kernel is stretched to see all the elements that it stands for.
    let stretch = antialiases ? min(1, scale) : 1
    let reach = (mode == "linear" ? 1.0 : 2.0) / stretch
    // Without stretching: one neighbour at each side, or two. An element at the very edge of the kernel has no weight.
    let first = Int((place - reach).rounded(.down)) + 1
    let last = Int((place + reach).rounded(.up)) - 1
    var result: [(source: Int, weight: Double)] = []
    for source in first...max(first, last) {
      let weight = kernel((Double(source) - place) * stretch)
      if excludesOutside && !(0..<inputs ~= source) { continue }
      result.append((clamped(source), weight))
    }
    let sum = result.reduce(0) { $0 + $1.weight }
    guard sum != 0 else { return [(clamped(Int(place.rounded())), 1)] }
    return result.map { ($0.source, $0.weight / sum) }
  }

  private func nearest(_ place: Double) throws(TensorError) -> Double {
    switch nearestMode {
    case "round_prefer_floor": return (place - 0.5).rounded(.up)
    case "round_prefer_ceil": return (place + 0.5).rounded(.down)
    case "floor": return place.rounded(.down)
    case "ceil": return place.rounded(.up)
    default: throw .argument("Resize", "found the rounding '\(nearestMode)', which is not one of the operator's")
    }
  }

  /// Weight of an element at this distance: a triangle, or the cubic of Keys (1981), equation 4, with free coefficient a.
  private func kernel(_ distance: Double) -> Double {
    let (d, a) = (abs(distance), cubicCoefficient)
    if mode == "linear" { return max(0, 1 - d) }
    if d <= 1 { return ((a + 2) * d - (a + 3)) * d * d + 1 }
    return d < 2 ? ((a * d - 5 * a) * d + 8 * a) * d - 4 * a : 0
  }
}
