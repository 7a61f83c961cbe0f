/// What a convolution and its two adjoints share: everything but the operands.
struct ConvolutionGeometry: Sendable, Hashable {
  var stride = Size2D(1, 1)
  var padding = Size2D(0, 0)
  var dilation = Size2D(1, 1)
  var groups = 1

  func shape(_ input: Shape, _ weight: Shape, operation: String) throws(TensorError) -> Convolution2DShape {
    try Convolution2DShape(
      input: input, weight: weight, stride: stride, padding: padding, dilation: dilation, groups: groups,
      operation: operation)
  }

  // The rules below are applied to shapes that the forward computation has accepted, so they cannot fail.
  func convolution(_ x: Tensor, _ w: Tensor) -> Tensor {
    Convolution2D(geometry: self)(x, w)
  }
  /// - Parameter size: the shape of the input, of which the last two extents count.
  func inputGradient(_ g: Tensor, _ w: Tensor, size: Shape) -> Tensor {
    Convolution2DInputGradient(size: Size2D(size[2], size[3]), geometry: self)(g, w)
  }
  /// - Parameter kernel: the shape of the weight, of which the last two extents count.
  func weightGradient(_ x: Tensor, _ g: Tensor, kernel: Shape) -> Tensor {
    Convolution2DWeightGradient(kernel: Size2D(kernel[2], kernel[3]), geometry: self)(x, g)
  }

  // For samples: each of these breaks a different simplification of the kernels.
  static let strided = ConvolutionGeometry(stride: Size2D(3, 2), padding: Size2D(1, 2))
  static let dilated = ConvolutionGeometry(stride: Size2D(1, 2), padding: Size2D(2, 0), dilation: Size2D(2, 3))
  static let depthwise = ConvolutionGeometry(padding: Size2D(1, 0), groups: 3)
  static let twoGroups = ConvolutionGeometry(padding: Size2D(0, 1), groups: 2)
}
