/// y = R·x·Cᵀ for each plane x, with sparse R and C;  x̄ = Rᵀ·ȳ·C, which is the operation itself with both transposed.
struct Resample2D: Primitive {
  let rows: AxisTaps
  let columns: AxisTaps

  func infer(_ inputs: [Signature]) throws(TensorError) -> [Signature] {
    let dtype = try floatingDType(inputs)
    let shape = inputs[0].shape
    guard shape.rank == 4, shape[2] == rows.inputs, shape[3] == columns.inputs else {
      throw .shape(name, "expected [N, C, \(rows.inputs), \(columns.inputs)], found \(shape)")
    }
    return [Signature([shape[0], shape[1], rows.outputs, columns.outputs], dtype)]
  }
  func forward(_ inputs: [NDArray]) -> [NDArray] { [inputs[0].resampled2D(rows: rows, columns: columns)] }
  var saves: Saved { .nothing }
  func vjp(_ pullback: Pullback) -> [Tensor?] {
    [Resample2D(rows: rows.transposed, columns: columns.transposed)(pullback.cotangent)]
  }
  func jvp(_ pushforward: Pushforward) -> [Tensor?] { [self(pushforward.tangent)] }

  static let samples = [
    Sample(Resample2D(rows: .linear(3, 5), columns: .linear(4, 3)), .normal([2, 2, 3, 4])),
    Sample(
      Resample2D(rows: .linear(3, 5, aligningCorners: true), columns: .nearest(4, 7)), .normal([1, 2, 3, 4])),
    Sample(Resample2D(rows: .averages(5, 3), columns: .averages(4, 2)), .normal([1, 2, 5, 4])),
    Sample(Resample2D(rows: .linear(1, 1), columns: .nearest(1, 1)), .normal([1, 1, 1, 1])),
    Sample(Resample2D(rows: .linear(2, 3), columns: .nearest(2, 1)), .zeros([0, 1, 2, 2])),
  ]
  static let errorSamples = [
    ErrorSample(Resample2D(rows: .linear(3, 5), columns: .linear(4, 3)), [2, 2, 4, 3]),
    ErrorSample(Resample2D(rows: .linear(3, 5), columns: .linear(4, 3)), [2, 3, 4]),
    ErrorSample(Resample2D(rows: .linear(3, 5), columns: .linear(4, 3)), [2, 2, 3, 4], dtype: .int32),
  ]
}

// The tables. `scale` is input elements for one output element: the ratio of both extents unless the caller gave a factor.

extension AxisTaps {
  /// The element under each output's near corner.
  static func nearest(_ inputs: Int, _ outputs: Int, scale: Double? = nil) -> AxisTaps {
    let scale = scale ?? Double(inputs) / Double(outputs)
    return AxisTaps(inputs: inputs, outputs: outputs) { output in
      [(Swift.min(Int(Double(output) * scale), inputs - 1), 1)]
    }
  }

  /// Linear between the centres of elements, or with the first and last elements of both axes on each other.
  static func linear(
    _ inputs: Int, _ outputs: Int, scale: Double? = nil, aligningCorners: Bool = false
  ) -> AxisTaps {
    let aligned = outputs > 1 ? Double(inputs - 1) / Double(outputs - 1) : 0
    let scale = aligningCorners ? aligned : scale ?? Double(inputs) / Double(outputs)
    return AxisTaps(inputs: inputs, outputs: outputs) { output in
      let place = aligningCorners ? Double(output) * scale : Swift.max(0, (Double(output) + 0.5) * scale - 0.5)
      let lower = Swift.min(Int(place), inputs - 1)
      let fraction = Swift.min(place - Double(lower), 1)
      if lower == inputs - 1 { return [(lower, 1)] }
      return [(lower, 1 - fraction), (lower + 1, fraction)]
    }
  }

  /// Means over `outputs` windows that cover the axis: from ⌊i·in/out⌋ up to ⌈(i + 1)·in/out⌉, as PyTorch's adaptive pooling.
  static func averages(_ inputs: Int, _ outputs: Int) -> AxisTaps {
    AxisTaps(inputs: inputs, outputs: outputs) { output in
      let window = output * inputs / outputs..<((output + 1) * inputs + outputs - 1) / outputs
      return window.map { ($0, 1 / Double(window.count)) }
    }
  }
}
