import Autograd

extension Cases {
  /// One operation on `--count` standard normal float32 numbers, nothing recorded.
  static let elementwise = [
    elementwise("exp", { x, _ in exp(x) }), elementwise("relu", { x, _ in relu(x) }), elementwise("add", { x, y in x + y }),
  ]

  private static func elementwise(_ name: String, _ operation: @escaping @Sendable (Tensor, Tensor) -> Tensor) -> Benchmark {
    Benchmark(name: name, summary: "\(name) of float32 numbers (--count)") { input in
      var random = RandomSource(seed: 1)
      let (x, y) = (normals([input.count], &random), normals([input.count], &random))
      return { ["last": operation(x, y).value.withUnsafeBufferPointer(as: Float.self) { Double($0.last ?? 0) }] }
    }
  }

  /// Standard normal numbers in float32.
  static func normals(_ shape: Shape, _ random: inout RandomSource) -> Tensor {
    Tensor(NDArray(random.normals(shape.elementCount).map { Float($0) }, shape: shape))
  }
}
