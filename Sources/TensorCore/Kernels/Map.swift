import CKernels

/// Elements in one chunk of an elementwise loop: large enough to pay for a thread, small enough for the cache.
package let elementwiseChunk = 1 << 15

extension NDArray {
  /// One array of the same shape and dtype, each element from its own: the frame of every one-input kernel.
  private func mapping<T: RealScalar>(
    _: T.Type, _ kernel: (UnsafePointer<T>, UnsafeMutablePointer<T>, Int) -> Void
  ) -> NDArray {
    NDArray.building(shape, as: T.self) { output in
      guard let y = output.baseAddress, output.count > 0 else { return }
      withUnsafeBufferPointer(as: T.self) { input in
        guard let x = input.baseAddress else { return }
        Parallel.forEachChunk(of: output.count, size: elementwiseChunk) { range in
          kernel(x + range.lowerBound, y + range.lowerBound, range.count)
        }
      }
    }
  }

  /// Elementwise function. Floating-point only.
  package func map(_ operation: UnaryOperation) -> NDArray {
    func run<T: RealScalar>(_: T.Type) -> NDArray { mapping(T.self) { T.map(operation, $0, $1, $2) } }
    return withRealType(dtype, "map") { run($0) }
  }

  /// `scale · x + shift`. Floating-point only.
  package func affine(scale: Double, shift: Double) -> NDArray {
    func run<T: RealScalar>(_: T.Type) -> NDArray { mapping(T.self) { T.affine(T(scale), T(shift), $0, $1, $2) } }
    return withRealType(dtype, "affine") { run($0) }
  }

  /// `xᵖ` for a constant exponent. Floating-point only.
  package func power(_ exponent: Double) -> NDArray {
    func run<T: RealScalar>(_: T.Type) -> NDArray { mapping(T.self) { T.power(T(exponent), $0, $1, $2) } }
    return withRealType(dtype, "power") { run($0) }
  }

  /// The elements converted to another dtype: floats to integers towards zero, saturating; to `bool` by `≠ 0`.
  public func converted(to target: DType) -> NDArray {
    if target == dtype { return self }
    func run<S: Scalar, T: Scalar>(_: S.Type, _: T.Type) -> NDArray {
      NDArray.building(shape, as: T.self) { output in
        withUnsafeBufferPointer(as: S.self) { input in
          for index in input.indices { output[index] = T(asDouble: input[index].asDouble) }
        }
      }
    }
    func from<S: Scalar>(_ source: S.Type) -> NDArray {
      withScalarType(target) { run(source, $0) }
    }
    if case (.int64, .int32) = (dtype, target) {  // Exact where a double is not.
      let values = scalars(as: Int64.self).map { Int32(clamping: $0) }
      return NDArray(values, shape: shape)
    }
    return withScalarType(dtype) { from($0) }
  }
}
