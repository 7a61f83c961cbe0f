/// One operand of ⟨y, x ⋆ w⟩: the one that is computed from the other two.
package enum ConvolutionOperand: Sendable, Hashable, CaseIterable { case output, input, weight }

/// How a convolution is computed. float64 knows `columns` alone, by which the others are tested.
package enum ConvolutionMethod: Sendable, Hashable, CaseIterable {
  /// Products with a matrix of columns.
  case columns
  /// oneDNN, on pieces in its own blocked layouts.
  case blocked
  /// Tap by tap, in the plain layout.
  case direct
}

/// Where the operands are; all but the computed one are only read.
struct ConvolutionOperands<T> {
  let x, w, y: UnsafeMutablePointer<T>
}

extension NDArray {
  /// y[n, o, p] = Σ w[o, c, k]·x[n, c, p·stride − padding + k·dilation], each group of channels on its own.
  package static func convolution2D(
    _ x: NDArray, _ w: NDArray, _ shape: Convolution2DShape, by method: ConvolutionMethod? = nil
  ) -> NDArray {
    convolved(.output, x, w, shape, method)
  }

  /// The adjoint of convolution in x: x̄[n, c, i] = Σ w[o, c, k]·g[n, o, p] over all (o, k, p) that read i.
  package static func convolution2DInputGradient(
    _ g: NDArray, _ w: NDArray, _ shape: Convolution2DShape, by method: ConvolutionMethod? = nil
  ) -> NDArray {
    convolved(.input, g, w, shape, method)
  }

  /// The adjoint of convolution in w: w̄[o, c, k] = Σ g[n, o, p]·x[n, c, p·stride − padding + k·dilation].
  package static func convolution2DWeightGradient(
    _ x: NDArray, _ g: NDArray, _ shape: Convolution2DShape, by method: ConvolutionMethod? = nil
  ) -> NDArray {
    convolved(.weight, x, g, shape, method)
  }

  /// - Parameter method: the fastest that is known for the shape, unless given.
  private static func convolved(
    _ operand: ConvolutionOperand, _ a: NDArray, _ b: NDArray, _ shape: Convolution2DShape, _ method: ConvolutionMethod?
  ) -> NDArray {
    func run<T: RealScalar>(_: T.Type, _ body: (ConvolutionOperands<T>) -> Void) -> NDArray {
      NDArray.building(shape.shape(of: operand), as: T.self) { result in
        a.withUnsafeBufferPointer(as: T.self) { a in
          b.withUnsafeBufferPointer(as: T.self) { b in
            guard let r = result.baseAddress, let pa = a.baseAddress, let pb = b.baseAddress else { return }
            let (a, b) = (UnsafeMutablePointer(mutating: pa), UnsafeMutablePointer(mutating: pb))
            if shape.isEmpty {
              result.update(repeating: 0)
              return
            }
            switch operand {
            case .output: body(ConvolutionOperands(x: a, w: b, y: r))
            case .input: body(ConvolutionOperands(x: r, w: b, y: a))
            case .weight: body(ConvolutionOperands(x: a, w: r, y: b))
            }
          }
        }
      }
    }
    // Not `withRealType`: naming both types here lets the compiler specialise the gather loops.
    guard a.dtype == .float32 else { return run(Double.self) { ColumnConvolution.run(shape, operand, $0) } }
    return run(Float.self) { operands in
      switch method ?? shape.preferredMethod(for: operand) {
      case .blocked:
        if let blocked = BlockedConvolution(shape, operand) {
          blocked.run(operands)
        } else {
          ColumnConvolution.run(shape, operand, operands)
        }
      case .direct: DirectConvolution(shape: shape).run(operand, operands)
      case .columns: ColumnConvolution.run(shape, operand, operands)
      }
    }
  }
}

extension Convolution2DShape {
  func shape(of operand: ConvolutionOperand) -> Shape {
    switch operand {
    case .output: outputShape
    case .input: inputShape
    case .weight: weightShape
    }
  }

  /// Multiply-adds, those in the padding included.
  package var work: Int { batch * outputChannels * output.area * taps }

  /// The fastest float32 method by measurement; it depends on nothing but the shape. oneDNN's blocks hold 16 channels.
  package func preferredMethod(for operand: ConvolutionOperand) -> ConvolutionMethod {
    let (least, most) = (min(inputDepth, outputDepth), max(inputDepth, outputDepth))
    if groups > 1 && most == 1 {
      // Blocks of 16 depthwise channels; its weight gradient is fast for small kernels alone.
      return operand == .weight && window.kernel.area > 9 ? .direct : worthAKernel
    }
    if most <= 8 { return .direct }
    // Bound by writing the result, which `direct` does past the caches.
    if groups > 1 && least < 8 { return operand == .output ? .direct : most < 16 ? .direct : .columns }
    if operand == .input && inputDepth < 8 { return .columns }
    // One product without any copies, if it is long enough.
    if isPointwise && groups == 1 && operand != .weight && output.area >= 512 { return .columns }
    return worthAKernel
  }

  /// `blocked`, unless making a kernel for the shape would cost more than it brings.
  private var worthAKernel: ConvolutionMethod { work < 1 << 18 ? .columns : .blocked }

  /// Whether a method exists for the shape; where it does not, `columns` stands in for it.
  package func offers(_ method: ConvolutionMethod, for operand: ConvolutionOperand) -> Bool {
    method != .blocked || BlockedConvolution(self, operand) != nil
  }
}
