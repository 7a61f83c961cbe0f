import Autograd
import TensorCore

extension ONNXFunctions {
  static let normalisations: [String: Function] = [
    "BatchNormalization": batchNormalization,
    "InstanceNormalization": { call in
      let (x, scale, shift) = (try call.floating(0), try call.floating(1), try call.floating(2))
      try requireChannels(call, x, scale, shift)
      return [instanceNorm(x, scale: scale, shift: shift, epsilon: try call.float("epsilon", 1e-5))]
    },
    "GroupNormalization": groupNormalization,
    "LayerNormalization": layerNormalization,
    "RMSNormalization": { call in
      let (x, scale) = (try call.floating(0), try call.floating(1))
      let axis = try call.axis(try call.int("axis", -1), of: x.shape)
      let mean = square(x).mean(along: Array(axis..<x.rank), keepingAxes: true)
      return [try call.scaled(x / sqrt(mean + call.float("epsilon", 1e-5)), scale, nil)]
    },
    "MeanVarianceNormalization": { call in
      let x = try call.floating(0)
      let axes = try x.shape.normalizedAxes(try call.attributeInts("axes") ?? [0, 2, 3], operation: call.name)
      try requireElements(call, x, axes)
      let centred = x - x.mean(along: axes, keepingAxes: true)
      // The small number is that of the operator's definition.
      return [centred / (sqrt(square(centred).mean(along: axes, keepingAxes: true)) + 1e-9)]
    },
    "LpNormalization": { call in
      let x = try call.floating(0)
      let axis = try call.axis(try call.int("axis", -1), of: x.shape)
      let order = try call.int("p", 2)
      guard order == 1 || order == 2 else { throw call.error("found p = \(order), expected 1 or 2") }
      let norm = order == 2 ? x.norm(.two, along: [axis], keepingAxes: true) : abs(x).sum(along: [axis], keepingAxes: true)
      // Nothing but zeros stays so.
      return [x / select(where: norm .> 0, norm, else: 1)]
    },
    "LRN": localResponse,
  ]

  private static func requireChannels(_ call: OperatorCall, _ x: Tensor, _ parameters: Tensor...) throws {
    guard x.rank >= 2, x.shape[1] > 0, parameters.allSatisfy({ $0.shape == [x.shape[1]] && $0.dtype == x.dtype }) else {
      throw TensorError.shape(call.name, "parameters \(parameters.map(\.shape)) do not fit the channels of \(x.shape)")
    }
    try requireElements(call, x, Array(2..<x.rank))
  }

  private static func requireElements(_ call: OperatorCall, _ x: Tensor, _ axes: [Int]) throws {
    guard axes.allSatisfy({ x.shape[$0] > 0 }) else {
      throw TensorError.shape(call.name, "there is nothing to take a mean of in \(x.shape)")
    }
  }

  private static let batchNormalization: Function = { call in
    let x = try call.floating(0)
    let (scale, shift) = (try call.floating(1), try call.floating(2))
    let (mean, variance) = (try call.floating(3), try call.floating(4))
    let epsilon = try call.float("epsilon", 1e-5)
    try requireChannels(call, x, scale, shift, mean, variance)
    guard try call.flag("training_mode") else {
      return [batchNorm(x, scale: scale, shift: shift, mean: mean, variance: variance, epsilon: epsilon)]
    }
    guard x.count > 0 else { throw TensorError.shape(call.name, "an empty batch \(x.shape) has no statistics") }
    let momentum = try call.float("momentum", 0.9)
    let (value, batchMean, batchVariance): (Tensor, Tensor, Tensor) = batchNorm(x, scale: scale, shift: shift, epsilon: epsilon)
    return [
      value, momentum * mean + (1 - momentum) * batchMean, momentum * variance + (1 - momentum) * batchVariance,
    ]
  }

  /// Scale and shift belong to groups in version 18, to channels from version 21 on.
  private static let groupNormalization: Function = { call in
    let (x, scale, shift) = (try call.floating(0), try call.floating(1), try call.floating(2))
    let groups = try call.int("num_groups")
    guard x.rank >= 3, groups >= 1, x.shape[1] > 0, x.shape[1] % groups == 0 else {
      throw TensorError.shape(call.name, "the channels of \(x.shape) cannot be split into \(groups) groups")
    }
    try requireElements(call, x, Array(2..<x.rank))
    let spread: (Tensor) throws -> Tensor = { parameter in
      guard parameter.dtype == x.dtype, parameter.shape == [groups] || parameter.shape == [x.shape[1]] else {
        throw TensorError.shape(call.name, "a parameter \(parameter.shape) does not fit \(groups) groups of \(x.shape)")
      }
      return parameter.shape == [x.shape[1]] ? parameter : parameter.repeated(x.shape[1] / groups, along: 0)
    }
    return [
      groupNorm(
        x, groups: groups, scale: try spread(scale), shift: try spread(shift), epsilon: try call.float("epsilon", 1e-5))
    ]
  }

  private static let layerNormalization: Function = { call in
    let (x, scale) = (try call.floating(0), try call.floating(1))
    let axis = try call.axis(try call.int("axis", -1), of: x.shape)
    let axes = Array(axis..<x.rank)
    try requireElements(call, x, axes)
    let epsilon = try call.float("epsilon", 1e-5)
    let value = try call.scaled(layerNorm(x, overLast: axes.count, epsilon: epsilon), scale, call.optional(2))
    if call.outputCount == 1 { return [value] }
    let mean = x.mean(along: axes, keepingAxes: true)
    return [value, mean, 1 / sqrt(square(x - mean).mean(along: axes, keepingAxes: true) + epsilon)]
  }

  /// x / (bias + alpha/size · Σ x²)^beta over `size` neighbouring channels.
  private static let localResponse: Function = { call in
    let (x, size) = (try call.floating(0), try call.int("size"))
    guard x.rank >= 2, 1...(1 << 12) ~= size else { throw call.error("found size \(size) for \(x.shape)") }
    let (alpha, beta, bias) = (try call.float("alpha", 1e-4), try call.float("beta", 0.75), try call.float("bias", 1))
    let (before, after) = ((size - 1) / 2, size / 2)
    // Running sums would cancel: the window is small, so its terms are added up.
    let wide = square(x).padded(
      before: x.shape.indices.map { $0 == 1 ? before : 0 }, after: x.shape.indices.map { $0 == 1 ? after : 0 })
    var sum = wide.sliced(1, from: 0, count: x.shape[1])
    for offset in 1..<max(1, size) { sum = sum + wide.sliced(1, from: offset, count: x.shape[1]) }
    return [x / pow(sum * (alpha / Double(size)) + bias, beta)]
  }
}

extension OperatorCall {
  /// x·scale + shift, both broadcast to x.
  func scaled(_ x: Tensor, _ scale: Tensor, _ shift: Tensor?) throws(TensorError) -> Tensor {
    for parameter in [scale, shift] {
      guard let parameter else { continue }
      guard parameter.dtype == x.dtype, try broadcast([x.shape, parameter.shape]) == x.shape else {
        throw .shape(name, "a parameter \(parameter.dtype)\(parameter.shape) does not fit \(x.dtype)\(x.shape)")
      }
    }
    let y = x * scale
    return shift.map { y + $0 } ?? y
  }
}
