import Autograd
import TensorCore

extension ONNXFunctions {
  static let resampling: [String: Function] = [
    "Resize": resize,
    // The name of versions before 10.
    "Upsample": { call in
      let x = try call.input(0)
      let scales = try call.floating(1).doubles
      return [try resized(call, x, sizes: nil, scales: scales, region: [], Array(x.shape.indices), "asymmetric", "floor")]
    },
  ]

  /// Inputs: x, region, scales, sizes; in version 10: x, scales.
  private static let resize: Function = { call in
    let x = try call.input(0)
    let axes = try call.attributeInts("axes").map { try $0.map { try call.axis($0, of: x.shape) } } ?? Array(x.shape.indices)
    let isOld = call.version < 11
    let scales = call.optional(isOld ? 1 : 2).map(\.doubles) ?? []
    let sizes = isOld ? nil : try call.optionalInts(3)
    let region = isOld ? [] : call.optional(1).map(\.doubles) ?? []
    let transformation = try call.string("coordinate_transformation_mode", isOld ? "asymmetric" : "half_pixel")
    let rounding = try call.string("nearest_mode", isOld ? "floor" : "round_prefer_floor")
    return [
      try resized(
        call, x, sizes: sizes?.isEmpty == false ? sizes : nil, scales: scales, region: region, axes, transformation, rounding)
    ]
  }

  private static func resized(
    _ call: OperatorCall, _ x: Tensor, sizes: [Int]?, scales: [Double], region: [Double], _ axes: [Int],
    _ transformation: String, _ rounding: String
  ) throws -> Tensor {
    let geometry = try extents(call, x.shape, sizes: sizes, scales: scales, axes)
    guard x.count > 0 else { throw TensorError.shape(call.name, "cannot resize \(x.shape)") }
    var (y, outside) = (x, Tensor?.none)
    let value = try call.float("extrapolation_value", 0)
    for (index, axis) in axes.enumerated() {
      let isRegional = transformation == "tf_crop_and_resize"
      guard !isRegional || region.count == 2 * axes.count else { throw call.error("found no region of interest for every axis") }
      var resize = ResizeAxis(inputs: x.shape[axis], outputs: geometry[index].size, scale: geometry[index].scale)
      if isRegional { resize.region = (region[index], region[index + axes.count]) }
      if geometry[index].size == x.shape[axis], geometry[index].scale == 1, !isRegional { continue }
      resize.transformation = transformation
      resize.mode = try call.string("mode", "nearest")
      guard ["nearest", "linear", "cubic"].contains(resize.mode) else { throw call.error("found the mode '\(resize.mode)'") }
      resize.nearestMode = rounding
      resize.cubicCoefficient = try call.float("cubic_coeff_a", -0.75)
      resize.excludesOutside = try call.flag("exclude_outside")
      resize.antialiases = try call.flag("antialias")
      let (taps, isOutside) = try resize.taps()
      var target = y.shape
      target[axis] = taps.outputs
      try call.checked(target)
      y = try call.numeric(y) { try resampled($0, taps, along: axis) }
      if isRegional, isOutside.contains(true) {
        let mask = Tensor(NDArray(isOutside, shape: Shape(y.shape.indices.map { $0 == axis ? taps.outputs : 1 })))
        let previous = outside ?? Tensor(repeating: 0, shape: [], dtype: .bool)
        outside = (mask.converted(to: .float32) + previous.converted(to: .float32)) .> 0
      }
    }
    guard let outside else { return y }
    return try call.numeric(y) { select(where: outside, value, else: $0) }
  }

  /// The result's extent and the factor along each of the axes: from sizes, or from factors.
  private static func extents(
    _ call: OperatorCall, _ shape: Shape, sizes: [Int]?, scales: [Double], _ axes: [Int]
  ) throws -> [(size: Int, scale: Double)] {
    guard let sizes else {
      guard scales.count == axes.count else { throw call.error("found \(scales.count) factors for the axes \(axes) of \(shape)") }
      return try zip(axes, scales).map { axis, scale in
        let size = (Double(shape[axis]) * scale).rounded(.down)
        guard scale > 0, 1...1e9 ~= size else { throw call.error("cannot scale axis \(axis) of \(shape) by \(scale)") }
        return (Int(size), scale)
      }
    }
    guard sizes.count == axes.count, sizes.allSatisfy({ 1...(1 << 30) ~= $0 }) else {
      throw call.error("found sizes \(sizes) for the axes \(axes) of \(shape)")
    }
    func kept(_ factor: Double) -> [(size: Int, scale: Double)] {
      axes.map { (max(1, Int((Double(shape[$0]) * factor).rounded())), factor) }
    }
    let factors = zip(axes, sizes).map { Double($1) / Double(max(1, shape[$0])) }
    switch try call.string("keep_aspect_ratio_policy", "stretch") {
    case "stretch": return zip(sizes, factors).map { ($0, $1) }
    case "not_larger": return kept(factors.min() ?? 1)
    case "not_smaller": return kept(factors.max() ?? 1)
    case let policy: throw call.error("found the policy '\(policy)'")
    }
  }

  /// Every line along an axis resampled: the axis is brought to the rows of planes.
  private static func resampled(_ x: Tensor, _ taps: AxisTaps, along axis: Int) throws -> Tensor {
    let (outer, inner) = (x.shape[..<axis].reduce(1, *), x.shape[(axis + 1)...].reduce(1, *))
    let planes = x.reshaped(to: [1, outer, x.shape[axis], inner])
    let identity = AxisTaps(inputs: inner, outputs: inner) { [($0, 1)] }
    var shape = x.shape
    shape[axis] = taps.outputs
    return try resample(planes, rows: taps, columns: identity).reshaped(to: shape)
  }
}
