import Autograd

extension Cases {
  /// A·B of two normal matrices, --size rows and columns.
  static let products = [DType.float32, .float64].map { dtype in
    Benchmark(
      name: dtype == .float32 ? "sgemm" : "dgemm", summary: "product of two square \(dtype) matrices (--size)"
    ) { input in
      var random = RandomSource(seed: 1)
      let (a, b) = (square(input.size, dtype, &random), square(input.size, dtype, &random))
      return { ["rows": Double(matmul(a, b).shape[0])] }
    }
  }

  /// Eigenvalues and eigenvectors of a symmetric normal matrix, --size rows and columns.
  static let eigenproblem = Benchmark(
    name: "eigh", summary: "eigenvalues and eigenvectors of a symmetric float64 matrix (--size)"
  ) { input in
    var random = RandomSource(seed: 1)
    let a = square(input.size, .float64, &random)
    let symmetric = a + a.transposed
    return { ["largest": try eigh(symmetric).values.doubles.last ?? 0] }
  }

  private static func square(_ size: Int, _ dtype: DType, _ random: inout RandomSource) -> Tensor {
    Tensor(NDArray(random.normals(size * size), shape: [size, size]).converted(to: dtype))
  }
}
