import Autograd
import TensorCore

extension ONNXFunctions {
  static let pooling: [String: Function] = [
    "MaxPool": maxPool,
    "AveragePool": averagePool,
    "LpPool": { call in
      let (x, power) = (try call.floating(0), try call.float("p", 2))
      let window = try OperatorWindow(call, x.shape, kernel: try kernel(call), ceiling: try call.flag("ceil_mode"))
      let sums = total(try window.taps(call, try window.padded(call, pow(abs(x), power), filling: 0)))
      return [pow(sums, 1 / power)]
    },
    "GlobalAveragePool": { call in [try positions(call).mean(along: axes(call), keepingAxes: true)] },
    "GlobalMaxPool": { call in [try positions(call).max(along: axes(call), keepingAxes: true)] },
    "GlobalLpPool": { call in
      let power = try call.float("p", 2)
      return [pow(pow(abs(try positions(call)), power).sum(along: try axes(call), keepingAxes: true), 1 / power)]
    },
  ]

  private static func positions(_ call: OperatorCall) throws -> Tensor {
    let x = try call.floating(0)
    guard x.rank >= 3, x.shape[2...].allSatisfy({ $0 > 0 }) else {
      throw TensorError.shape(call.name, "expected [N, channels, positions…], found \(x.shape)")
    }
    return x
  }

  private static func axes(_ call: OperatorCall) throws -> [Int] { Array(2..<(try call.input(0).rank)) }

  private static func kernel(_ call: OperatorCall) throws -> [Int] {
    guard let kernel = try call.attributeInts("kernel_shape"), try call.product(kernel) <= 1 << 16 else {
      throw call.error("found no kernel_shape, or one of more than 65536 entries")
    }
    return kernel
  }

  private static func total(_ taps: [Tensor]) -> Tensor { taps.dropFirst().reduce(taps[0]) { $0 + $1 } }

  /// Where the plain operation fits it is used; else the mean is taken over slices, one for each place in the window.
  private static let averagePool: Function = { call in
    let x = try call.floating(0)
    let (included, ceiling) = (try call.flag("count_include_pad"), try call.flag("ceil_mode"))
    let window = try OperatorWindow(call, x.shape, kernel: try kernel(call), ceiling: ceiling)
    try call.checked(Shape(Array(x.shape.prefix(2)) + window.outputs))
    try window.requireModestWork(call, x.shape)
    if x.rank == 4, !ceiling, window.before == window.after, window.dilations == [1, 1] {
      let pooling = AveragePooling(
        kernel: Size2D(window.kernel[0], window.kernel[1]), stride: Size2D(window.strides[0], window.strides[1]),
        padding: Size2D(window.before[0], window.before[1]), countIncludePad: included)
      return try pooling(LayerArguments(inputs: [x], operation: call.name))
    }
    let sums = total(try window.taps(call, try window.padded(call, x, filling: 0)))
    return [sums / window.counts(x.shape, including: included, x.dtype)]
  }

  private static let maxPool: Function = { call in
    let x = try call.input(0)
    let window = try OperatorWindow(call, x.shape, kernel: try kernel(call), ceiling: try call.flag("ceil_mode"))
    try call.checked(Shape(Array(x.shape.prefix(2)) + window.outputs))
    try window.requireModestWork(call, x.shape)
    guard window.counts(x.shape, including: false, .float64).doubles.allSatisfy({ $0 > 0 }) else {
      throw TensorError.shape(call.name, "a window of \(window.kernel) would see only padding around \(x.shape)")
    }
    var indices: Tensor?
    let y = try call.numeric(x) { x in
      let wide = try window.padded(call, x, filling: -.infinity)
      if call.outputCount > 1 {
        let places = try maximumPlaces(call, wide, window, x.shape)
        indices = Tensor(
          NDArray(try storagePlaces(call, places, x.shape), shape: Shape(Array(x.shape.prefix(2)) + window.outputs)))
        return call.taking(places, of: x, shape: Shape(Array(x.shape.prefix(2)) + window.outputs))
      }
      if x.rank == 4 {
        // What a window that reaches beyond the edge needs is there already; a stride may leave some unread.
        return maxPool2d(
          wide, kernel: (window.kernel[0], window.kernel[1]), stride: (window.strides[0], window.strides[1]),
          dilation: (window.dilations[0], window.dilations[1]))
      }
      let taps = try window.taps(call, wide)
      return taps.dropFirst().reduce(taps[0]) { maximum($0, $1) }
    }
    return [y] + (indices.map { [$0] } ?? [])
  }

  /// Flat places in x of the first maximum of each window.
  private static func maximumPlaces(
    _ call: OperatorCall, _ wide: Tensor, _ window: OperatorWindow, _ shape: Shape
  ) throws -> [Int] {
    let flat = Tensor(NDArray((0..<shape.elementCount).map { Double($0) }, shape: shape))
    let places = try window.taps(call, try window.padded(call, flat, filling: -1)).map(\.doubles)
    let values = try window.taps(call, wide).map(\.doubles)
    return values[0].indices.map { output in
      var best = 0
      for tap in values.indices where values[tap][output] > values[best][output] || places[best][output] < 0 { best = tap }
      return Int(places[best][output])
    }
  }

  /// The same places, counted with the last axis slowest if the node asks for it.
  private static func storagePlaces(_ call: OperatorCall, _ places: [Int], _ shape: Shape) throws -> [Int64] {
    if try !call.flag("storage_order") { return places.map { Int64($0) } }
    let strides = shape.strides
    let plane = shape.dropFirst(2).reduce(1, *)
    return places.map { place in
      var (result, step) = (place / plane * plane, 1)
      for axis in 2..<shape.rank {
        result += place / strides[axis] % shape[axis] * step
        step *= shape[axis]
      }
      return Int64(result)
    }
  }
}
