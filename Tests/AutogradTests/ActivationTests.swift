import Autograd
import GradientTesting
import Testing

private func tensor(_ values: [Double], _ shape: Shape? = nil) -> Tensor { Tensor(values, shape: shape, dtype: .float64) }

/// A function's values and derivatives at x = torch.tensor([-4., -3, -1, 0, 0.5, 3, 30]), by PyTorch in float64.
private struct Known: Sendable {
  let name: String
  let function: @Sendable (Tensor) -> Tensor
  let values: [Double]
  let slopes: [Double]
}

@Suite struct ActivationTests {
  private static let known = [
    Known(  // F.silu(x)
      name: "silu", function: silu,
      values: [-0.07194483984836623, -0.14227761953270035, -0.2689414213699951, 0, 0.3112296656009273, 2.85772238046729976, 30],
      slopes: [-0.05266461489107291, -0.08810410601516962, 0.07232948812851325, 0.5, 0.7399611873026519, 1.0881041060151693, 1]),
    Known(  // F.softplus(x, threshold=1000)
      name: "softplus", function: { softplus($0) },
      values: [
        0.018149927917809738, 0.04858735157374206, 0.31326168751822286, 0.6931471805599453, 0.9740769841801067,
        3.048587351573742, 30,
      ],
      slopes: [
        0.017986209962091555, 0.04742587317756679, 0.2689414213699951, 0.5, 0.6224593312018546, 0.9525741268224333, 1,
      ]),
    Known(  // F.softplus(x, beta=2, threshold=1000)
      name: "softplus, beta 2", function: { softplus($0, beta: 2) },
      values: [
        0.00016770318644788442, 0.0012378425688652247, 0.06346400552148625, 0.34657359027997264, 0.6566308437591114,
        3.001237842568865, 30,
      ],
      slopes: [
        0.00033535013046647816, 0.0024726231566347748, 0.11920292202211755, 0.5, 0.7310585786300049, 0.9975273768433652, 1,
      ]),
    Known(  // F.leaky_relu(x, 0.1)
      name: "leakyRelu", function: { leakyRelu($0, slope: 0.1) }, values: [-0.4, -0.3, -0.1, 0, 0.5, 3, 30],
      slopes: [0.1, 0.1, 0.1, 0.1, 1, 1, 1]),
    Known(  // F.elu(x, 1.5)
      name: "elu", function: { elu($0, alpha: 1.5) },
      values: [-1.4725265416668987, -1.4253193974482041, -0.9481808382428365, 0, 0.5, 3, 30],
      slopes: [0.027473458333101268, 0.07468060255179591, 0.5518191617571635, 1.5, 1, 1, 1]),
    Known(  // F.hardsigmoid(x)
      name: "hardSigmoid", function: hardSigmoid, values: [0, 0, 1.0 / 3, 0.5, 0.5833333333333334, 1, 1],
      slopes: [0, 0, 1.0 / 6, 1.0 / 6, 1.0 / 6, 0, 0]),
    Known(  // F.hardswish(x)
      name: "hardSwish", function: hardSwish, values: [0, 0, -1.0 / 3, 0, 0.2916666666666667, 3, 30],
      slopes: [0, 0, 1.0 / 6, 0.5, 2.0 / 3, 1, 1]),
    Known(  // F.prelu(x, torch.tensor([0.25]))
      name: "prelu", function: { prelu($0, slope: Tensor([0.25], dtype: $0.dtype)) }, values: [-1, -0.75, -0.25, 0, 0.5, 3, 30],
      slopes: [0.25, 0.25, 0.25, 0.25, 1, 1, 1]),
  ]

  @Test(arguments: known.indices) func valuesAndDerivativesAreThoseOfPyTorch(_ index: Int) throws {
    let known = Self.known[index]
    let x = tensor([-4, -3, -1, 0, 0.5, 3, 30]).recorded()
    let y = known.function(x)
    for (a, b) in zip(y.doubles, known.values) { #expect(abs(a - b) <= 1e-11, "\(known.name): \(a) and \(b)") }
    for (a, b) in zip(try y.sum().gradient(for: x).doubles, known.slopes) {
      #expect(abs(a - b) <= 1e-10, "\(known.name): slope \(a) and \(b)")
    }
  }

  @Test(arguments: known.indices) func derivativesMatchFiniteDifferences(_ index: Int) throws {
    let known = Self.known[index]
    for x in [tensor([-4, -1.5, -0.3, 0.4, 2, 3.5], [2, 3]), tensor([], [0]), tensor([0.7], [])] {
      try checkGradients(of: { [known.function($0[0])] }, at: [x], order: 2)
    }
    let single = known.function(Tensor([-2, 0.5, 4]))
    #expect(single.dtype == .float32)
    for (a, b) in zip(single.doubles, known.function(tensor([-2, 0.5, 4])).doubles) { #expect(abs(a - b) <= 1e-6) }
  }

  @Test func slopesOfChannelsAreLearnt() throws {
    let x = tensor([-4, 1, -2, 0.5, -1, -3], [1, 3, 2])
    #expect(prelu(x, slope: tensor([0.5, 0.25, 2])).doubles == [-2, 1, -0.5, 0.5, -2, -6])
    try checkGradients(of: { [prelu($0[0], slope: $0[1])] }, at: [x, tensor([0.5, 0.25, 2])], order: 2)
  }

  @Test func largeArgumentsStayFinite() throws {
    let x = tensor([-1000, 1000]).recorded()
    for (function, expected) in [
      ({ softplus($0) }, [0, 1000]), ({ elu($0) }, [-1, 1000]), ({ silu($0) }, [0, 1000]),
    ] as [((Tensor) -> Tensor, [Double])] {
      let y = function(x)
      #expect(y.doubles == expected)
      #expect(try y.sum().gradient(for: x).doubles == [0, 1])
    }
  }
}
