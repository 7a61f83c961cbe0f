import Autograd

/// A network with constant weights as one operation on its input: y = f(x);  x̄ = (∂f/∂x)ᵀ ȳ, by an ``InferencePlan``.
///
/// Its second output is what the plan keeps for the way back: where activations were positive, and where maxima were. Derivatives of
/// derivatives, and tangents, are those of the layers, one by one.
struct PlannedNetwork: Primitive {
  static let name = "network"
  let network: Network
  let plan: InferencePlan

  func infer(_ inputs: [Signature]) throws(TensorError) -> [Signature] {
    [Signature(plan.result, .float32), Signature(plan.keptShape, .uint8)]
  }

  func forward(_ inputs: [NDArray]) throws(TensorError) -> [NDArray] {
    guard let (y, kept) = plan.run(inputs[0]) else { throw .numerical(name, "a kernel of the plan failed") }
    return [y, kept]
  }

  var saves: Saved { [.inputs, .outputs] }

  func vjp(_ pullback: Pullback) throws(TensorError) -> [Tensor?] {
    if !pullback.isRecording {
      guard let x = plan.pullBack(pullback.cotangent.value, kept: pullback.output(1).value) else {
        throw .numerical(name, "a kernel of the plan failed")
      }
      return [Tensor(x)]
    }
    let cotangent = pullback.cotangent
    let (_, cotangents) = try layers { function in
      try Autograd.vjp(at: [pullback.input(0)], cotangents: [cotangent], function)
    }
    return [cotangents[0]]
  }

  func jvp(_ pushforward: Pushforward) throws(TensorError) -> [Tensor?] {
    let tangent = pushforward.tangent
    let (_, tangents) = try layers { function in
      try Autograd.jvp(at: [pushforward.input(0)], tangents: [tangent], function)
    }
    return [tangents[0], nil]
  }

  /// Hands the network's layers, one by one, to a transform.
  private func layers<R>(_ transform: (([Tensor]) throws -> [Tensor]) throws -> R) throws(TensorError) -> R {
    do {
      return try transform { inputs in [try network.runLayers([network.inputs[0].name: inputs[0]]).output] }
    } catch {
      throw error as? TensorError ?? .numerical(name, "\(error)")
    }
  }

  static let samples: [Sample] = []
  static let errorSamples: [ErrorSample] = []
}
