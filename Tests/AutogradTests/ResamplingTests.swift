import GradientTesting
import Testing

@testable import Autograd

private func ramp(_ shape: Shape) -> Tensor {
  Tensor((0..<shape.elementCount).map(Double.init), shape: shape, dtype: .float64)
}

private func expectClose(_ a: Tensor, _ b: [Double], _ tolerance: Double = 1e-12) {
  #expect(a.count == b.count)
  for (x, y) in zip(a.doubles, b) { #expect(abs(x - y) <= tolerance, "\(x) and \(y)") }
}

@Suite struct ResamplingTests {
  @Test func enlargesAsPyTorch() {
    // F.interpolate(torch.arange(4.).reshape(1, 1, 2, 2), size=(3, 4), mode=…, align_corners=…)
    let x = ramp([1, 1, 2, 2])
    #expect(interpolate(x, size: (3, 4), mode: .nearest).doubles == [0, 0, 1, 1, 0, 0, 1, 1, 2, 2, 3, 3])
    expectClose(interpolate(x, size: (3, 4)), [0, 0.25, 0.75, 1, 1, 1.25, 1.75, 2, 2, 2.25, 2.75, 3])
    let third = 1.0 / 3
    expectClose(
      interpolate(x, size: (3, 4), mode: .bilinear(aligningCorners: true)),
      [0, third, 2 * third, 1, 1, 1 + third, 1 + 2 * third, 2, 2, 2 + third, 2 + 2 * third, 3])
  }

  @Test func reducesAsPyTorch() {
    // F.interpolate(torch.arange(15.).reshape(1, 1, 3, 5)**2, size=(2, 3), mode=…, align_corners=…)
    let x = square(ramp([1, 1, 3, 5]))
    expectClose(interpolate(x, size: (2, 3), mode: .nearest), [0, 1, 9, 25, 36, 64])
    expectClose(
      interpolate(x, size: (2, 3)),
      [7.416666666666666, 15.25, 29.083333333333336, 87.41666666666666, 120.25, 159.08333333333334])
    expectClose(interpolate(x, size: (2, 3), mode: .bilinear(aligningCorners: true)), [0, 4, 16, 100, 144, 196])
  }

  @Test func theFactorSaysWhichPlacesAreRead() {
    // F.interpolate(torch.arange(6.).reshape(1, 1, 2, 3), scale_factor=(1.5, 1.7), mode=…, align_corners=…)
    let x = ramp([1, 1, 2, 3])
    let nearest = interpolate(x, scale: (1.5, 1.7), mode: .nearest)
    #expect(nearest.shape == [1, 1, 3, 5] && nearest.doubles == [0, 0, 1, 1, 2, 0, 0, 1, 1, 2, 3, 3, 4, 4, 5])
    expectClose(
      interpolate(x, scale: (1.5, 1.7)),
      [
        0, 0.3823529411764706, 0.9705882352941178, 1.5588235294117647, 2, 1.5, 1.8823529411764703, 2.4705882352941178,
        3.0588235294117645, 3.5, 3, 3.382352941176471, 3.9705882352941178, 4.5588235294117645, 5,
      ])
    expectClose(
      interpolate(x, scale: (1.5, 1.7), mode: .bilinear(aligningCorners: true)),
      [0, 0.5, 1, 1.5, 2, 1.5, 2, 2.5, 3, 3.5, 3, 3.5, 4, 4.5, 5])
  }

  @Test func impossibleSizesAreRefused() {
    #expect(throws: TensorError.self) { try resized(ramp([1, 2, 2]), Size2D(2, 2), factors: nil, .nearest) }
    #expect(throws: TensorError.self) { try resized(ramp([1, 1, 0, 2]), Size2D(2, 2), factors: nil, .nearest) }
    #expect(throws: TensorError.self) { try resized(ramp([1, 1, 2, 2]), Size2D(0, 2), factors: nil, .nearest) }
  }

  @Test func derivativesMatchFiniteDifferences() throws {
    let functions: [(Tensor) -> Tensor] = [
      { interpolate($0, size: (5, 2)) }, { interpolate($0, scale: (0.7, 2.3), mode: .nearest) },
      { interpolate($0, scale: (1.3, 1.6), mode: .bilinear(aligningCorners: true)) },
      { adaptiveAveragePool2d($0, size: (2, 3)) }, { globalAveragePool($0) }, { globalMaxPool($0) },
      { maxPool2dWithIndices($0, kernel: (2, 2)).values }, { instanceNorm($0) },
    ]
    let x = ramp([1, 2, 3, 4]) / 7 - 1.2
    for function in functions { try checkGradients(of: { [function($0[0] * $0[0] * $0[0])] }, at: [x], order: 2) }
  }

  @Test func poolsAreThoseOfPyTorch() {
    // F.adaptive_avg_pool2d(torch.arange(20.).reshape(1, 1, 4, 5)**2, (3, 2))
    expectClose(
      adaptiveAveragePool2d(square(ramp([1, 1, 4, 5])), size: (3, 2)),
      [
        19.166666666666668, 37.166666666666664, 79.16666666666667, 117.16666666666667, 189.16666666666666,
        247.16666666666666,
      ])
    // F.max_pool2d(torch.tensor([[[[1., 5, 2], [7, 0, 3], [4, 4, 9]]]]), 2, 1, return_indices=True)
    let x = Tensor([1, 5, 2, 7, 0, 3, 4, 4, 9], shape: [1, 1, 3, 3])
    let (values, indices) = maxPool2dWithIndices(x, kernel: (2, 2), stride: (1, 1))
    #expect(values.doubles == [7, 5, 7, 9] && indices.doubles == [3, 1, 3, 8])
    #expect(globalMaxPool(x).doubles == [9] && abs(globalAveragePool(x).scalar - 35.0 / 9) < 1e-6)
    #expect(globalAveragePool(ramp([2, 3, 4])).shape == [2, 3, 1])
  }

  @Test func windowsMayReachBeyondTheFarEdge() throws {
    // x = (torch.arange(30.)*7 % 11 - 5).reshape(1, 1, 5, 6)
    // F.max_pool2d(x, kernel, stride, padding, dilation, ceil_mode=True, return_indices=True)
    let x = Tensor((0..<30).map { Double($0 * 7 % 11 - 5) }, shape: [1, 1, 5, 6], dtype: .float64)
    let tall = maxPool2dWithIndices(x, kernel: (2, 3), stride: (2, 2), padding: (1, 0), ceilMode: true)
    #expect(tall.values.shape == [1, 1, 3, 3] && tall.values.doubles == [2, 5, 1, 5, 5, 4, 5, 4, 4])
    #expect(tall.indices.doubles == [1, 3, 4, 14, 14, 17, 25, 28, 28])
    let wide = maxPool2dWithIndices(
      x, kernel: (3, 2), stride: (3, 3), padding: (1, 1), dilation: (1, 2), ceilMode: true)
    #expect(wide.values.shape == [1, 1, 2, 3] && wide.values.doubles == [2, 1, -3, 5, 5, 4])
    #expect(wide.indices.doubles == [1, 4, 5, 25, 14, 17])
    let square = maxPool2d(x, kernel: (2, 2), ceilMode: true)
    #expect(square.doubles == [4, 5, 1, 2, 5, 4, 5, 1, 4] && maxPool2d(x, kernel: (2, 2)).shape == [1, 1, 2, 3])
    let ladder = Tensor((0..<30).map { Double($0 * 7 % 31) }, shape: [1, 1, 5, 6], dtype: .float64)
    try checkGradients(of: { [maxPool2d($0[0] * $0[0], kernel: (2, 4), ceilMode: true)] }, at: [ladder], order: 2)
  }

  @Test func meansBeyondTheFarEdgeAreThoseOfPyTorch() {
    // F.avg_pool2d(torch.arange(20.).reshape(1, 1, 4, 5)**2, 2, ceil_mode=True)
    let x = square(ramp([1, 1, 4, 5]))
    expectClose(averagePool2d(x, kernel: (2, 2), ceilMode: true), [15.5, 31.5, 48.5, 175.5, 231.5, 278.5])
    // F.avg_pool2d(x, (3, 2), 2, 1, ceil_mode=True, count_include_pad=…)
    expectClose(
      averagePool2d(x, kernel: (3, 2), stride: (2, 2), padding: (1, 1), ceilMode: true),
      [
        4.166666666666667, 15, 28.333333333333332, 58.333333333333336, 149.16666666666666, 199.16666666666666, 56.25, 136.25,
        171.25,
      ])
    expectClose(
      averagePool2d(x, kernel: (3, 2), stride: (2, 2), padding: (1, 1), countIncludePad: false, ceilMode: true),
      [12.5, 22.5, 42.5, 116.66666666666667, 149.16666666666666, 199.16666666666666, 225, 272.5, 342.5])
    // F.adaptive_max_pool2d(x, (3, 2)); two by five tile the plane
    #expect(adaptiveMaxPool2d(x, size: (3, 2)).doubles == [49, 81, 144, 196, 289, 361])
    #expect(adaptiveMaxPool2d(x, size: (2, 5)).doubles == [25, 36, 49, 64, 81, 225, 256, 289, 324, 361])
    #expect(adaptiveAveragePool2d(x, size: (2, 5)).doubles == averagePool2d(x, kernel: (2, 1)).doubles)
  }

  @Test func instanceNormIsThatOfPyTorch() {
    // F.instance_norm(torch.tensor([[[1., 2, 4], [0, 0, 3]]]))
    expectClose(
      instanceNorm(Tensor([1, 2, 4, 0, 0, 3], shape: [1, 2, 3], dtype: .float64)),
      [
        -1.0690415314502977, -0.2672603828625746, 1.3363019143128716, -0.7071050134262237, -0.7071050134262237,
        1.4142100268524473,
      ])
  }

  @Test func convolutionsAreThoseOfPyTorch() throws {
    // F.conv_transpose2d(torch.arange(4.).reshape(1, 2, 1, 2), torch.arange(12.).reshape(2, 1, 2, 3), torch.tensor([0.5]),
    //   stride=(2, 2), padding=(0, 1), output_padding=(1, 0))
    let (x, w, bias) = (ramp([1, 2, 1, 2]), ramp([2, 1, 2, 3]), Tensor([0.5], dtype: .float64))
    let y = convTranspose2d(x, w, bias: bias, stride: (2, 2), padding: (0, 1), outputPadding: (1, 0))
    #expect(y.shape == [1, 1, 3, 3] && y.doubles == [14.5, 34.5, 22.5, 20.5, 52.5, 34.5, 0.5, 0.5, 0.5])
    // F.conv1d(torch.arange(10.).reshape(1, 2, 5), torch.arange(6.).reshape(1, 2, 3), torch.tensor([1.]), stride=2, padding=1)
    let z = conv1d(ramp([1, 2, 5]), ramp([1, 2, 3]), bias: Tensor([1], dtype: .float64), stride: 2, padding: 1)
    #expect(z.shape == [1, 1, 3] && z.doubles == [53, 95, 65])
    try checkGradients(
      of: { [convTranspose2d($0[0], $0[1], bias: $0[2], stride: (2, 2), padding: (0, 1), outputPadding: (1, 0))] },
      at: [x, w, bias], order: 2)
    try checkGradients(
      of: { [conv1d($0[0], $0[1], dilation: 2, groups: 2)] }, at: [ramp([1, 2, 5]), ramp([4, 1, 2])], order: 2)
  }

  @Test func theAdjointIsAConvolutionsInputGradient() throws {
    // With an odd extent and stride 2, only the output padding tells 7 rows from 8.
    for (height, added) in [(7, 0), (8, 1)] {
      let (x, w) = (ramp([2, 3, height, 5]).recorded(), ramp([4, 3, 3, 2]))
      let y = conv2d(x, w, stride: (2, 1))
      let expected = try y.gradient(for: [x], cotangent: y.detached)[0]
      let found = convTranspose2d(y.detached, w, stride: (2, 1), outputPadding: (added, 0))
      #expect(found.value == expected.value)
    }
  }
}
