import CKernels

/// Elements in one chunk of an elementwise loop: large enough to pay for a thread, small enough for the cache.
package let elementwiseChunk = 1 << 15

extension NDArray {
  /// One array of the same shape and dtype, each element from its own: the frame of every one-input kernel. Writes over this
  /// array if nobody else holds it.
  private consuming func mapping<T: RealScalar>(
    _: T.Type, _ kernel: (UnsafePointer<T>, UnsafeMutablePointer<T>, Int) -> Void
  ) -> NDArray {
    let (input, result) = reused()
    let x = input.pointer.assumingMemoryBound(to: T.self), y = result.storage.pointer.assumingMemoryBound(to: T.self)
    Parallel.forEachChunk(of: result.count, size: elementwiseChunk) { range in
      kernel(UnsafePointer(x + range.lowerBound), y + range.lowerBound, range.count)
    }
    withExtendedLifetime((input, result.storage)) {}
    return result
  }

  /// This array's memory, and an array like it to write to: the same memory if nobody else holds it.
  private consuming func reused() -> (input: Storage, result: NDArray) {
    if isHeldOnce() { return (storage, self) }
    return (storage, NDArray(dtype: dtype, shape: shape, storage: Storage(byteCount: byteCount)))
  }

  /// Elementwise function. Floating-point only.
  package consuming func map(_ operation: UnaryOperation) -> NDArray {
    switch dtype {
    case .float32: return mapping(Float.self) { Float.map(operation, $0, $1, $2) }
    case .float64: return mapping(Double.self) { Double.map(operation, $0, $1, $2) }
    default: failReal("map", dtype)
    }
  }

  /// `scale · x + shift`. Floating-point only.
  package consuming func affine(scale: Double, shift: Double) -> NDArray {
    switch dtype {
    case .float32: return mapping(Float.self) { Float.affine(Float(scale), Float(shift), $0, $1, $2) }
    case .float64: return mapping(Double.self) { Double.affine(scale, shift, $0, $1, $2) }
    default: failReal("affine", dtype)
    }
  }

  /// `xᵖ` for a constant exponent. Floating-point only.
  package consuming func power(_ exponent: Double) -> NDArray {
    switch dtype {
    case .float32: return mapping(Float.self) { Float.power(Float(exponent), $0, $1, $2) }
    case .float64: return mapping(Double.self) { Double.power(exponent, $0, $1, $2) }
    default: failReal("power", dtype)
    }
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
