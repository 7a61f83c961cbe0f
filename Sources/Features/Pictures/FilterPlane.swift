import Autograd

/// A plane of numbers that filters are applied to, mirrored at its border, so that the border is no edge.
struct FilterPlane {
  /// [1, 1, H, W]
  let map: Tensor

  init(_ values: [Double], height: Int, width: Int) {
    map = Tensor(NDArray(values.map { Float($0) }, shape: [1, 1, height, width]))
  }

  /// Responses [1, kernels, H, W] to kernels [kernels, 1, odd, odd].
  func filtered(_ kernels: Tensor) -> Tensor {
    conv2d(reflected(kernels.shape[2] / 2, kernels.shape[3] / 2), kernels)
  }

  /// A separable filter: `columns` along each row, `rows` down each column.
  func filtered(rows: [Double], columns: [Double]) -> Tensor {
    conv2d(conv2d(reflected(rows.count / 2, columns.count / 2), FilterKernels.row(columns)), FilterKernels.column(rows))
  }

  /// Mirrored again where the plane is smaller than the kernel.
  private func reflected(_ vertical: Int, _ horizontal: Int) -> Tensor {
    let (height, width) = (map.shape[2], map.shape[3])
    func mirrored(_ index: Int, _ count: Int) -> Int {
      let period = 2 * count
      let folded = ((index % period) + period) % period
      return folded < count ? folded : period - 1 - folded
    }
    let shape: Shape = [1, 1, height + 2 * vertical, width + 2 * horizontal]
    return map.value.withUnsafeBufferPointer(as: Float.self) { source in
      Tensor(
        NDArray.building(shape, as: Float.self) { target in
          for y in 0..<shape[2] {
            let row = mirrored(y - vertical, height) * width
            for x in 0..<shape[3] { target[y * shape[3] + x] = source[row + mirrored(x - horizontal, width)] }
          }
        })
    }
  }
}
