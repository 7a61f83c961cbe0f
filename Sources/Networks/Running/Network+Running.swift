import Autograd

extension Network {
  /// Runs the network in evaluation and gives its first output.
  ///
  /// - Parameter x: the only input, or the first of several if the others are constants of no consequence.
  public func callAsFunction(_ x: Tensor) throws(NetworkError) -> Tensor { try run(x).output }

  /// Runs a network of one input. The parameters are those of the other `run`.
  public func run(
    _ x: Tensor, capturing captures: [String] = [], interventions: [Intervention] = [], mode: RunMode = .evaluation,
    parameters: [String: Tensor] = [:], recordingCaptures: Bool = false
  ) throws(NetworkError) -> NetworkRun {
    guard inputs.count == 1 else {
      throw .input("found one input, expected \(inputs.count): \(inputs.map(\.name).joined(separator: ", "))")
    }
    return try run(
      [inputs[0].name: x], capturing: captures, interventions: interventions, mode: mode, parameters: parameters,
      recordingCaptures: recordingCaptures)
  }

  /// Runs the network. In float32, where nothing but the outputs is asked for, it goes by an inference plan, if the layers are of the
  /// kinds that it has (convolutions, pooling, sums, activations, linear layers at the end): the same numbers up to rounding (largest
  /// difference 10⁻⁵ of the largest entry). So do gradients with respect to the input, if all activations are ReLU; where one of them is
  /// within rounding of 0, its derivative may be the other one. Layers that lead to no output and no captured value are left out.
  ///
  /// - Parameters:
  ///   - values: one tensor for each input, by name; floating-point ones in the network's precision. Recorded ones can be
  ///     differentiated with respect to: ask the run's output for `gradient(for:)`.
  ///   - captures: layers (or inputs) whose values are kept, as all who read them see them; `layer:1` for a further output.
  ///   - interventions: changes for this run alone, applied in order.
  ///   - mode: evaluation unless said otherwise.
  ///   - parameters: used in place of the network's own, by name: to differentiate with respect to them.
  ///   - recordingCaptures: whether captured values become starts of a record where they are not recorded already: then gradients
  ///     with respect to inner layers need no way back to the input.
  /// - Throws: ``NetworkError`` for names that do not exist and for values that do not fit.
  public func run(
    _ values: [String: Tensor], capturing captures: [String] = [], interventions: [Intervention] = [],
    mode: RunMode = .evaluation, parameters: [String: Tensor] = [:], recordingCaptures: Bool = false
  ) throws(NetworkError) -> NetworkRun {
    try check(values, parameters)
    if captures.isEmpty, interventions.isEmpty, mode == .evaluation, parameters.isEmpty, let output = planned(values) {
      return NetworkRun(outputs: [outputs[0].name: output], output: output, captured: [:])
    }
    return try runLayers(
      values, capturing: captures, interventions: interventions, mode: mode, parameters: parameters,
      recordingCaptures: recordingCaptures)
  }

  /// The same, one layer after another, of values that have been checked.
  func runLayers(
    _ values: [String: Tensor], capturing captures: [String] = [], interventions: [Intervention] = [],
    mode: RunMode = .evaluation, parameters: [String: Tensor] = [:], recordingCaptures: Bool = false
  ) throws(NetworkError) -> NetworkRun {
    var wanted: [String: ValueReference] = [:]
    for name in captures { wanted[name] = try reference(name) }
    let changes = try Interventions(interventions, in: self)
    let keptValues = Set(wanted.values)
    var evaluation = Evaluation(
      network: self, values: values, kept: keptValues, changes: changes, mode: mode, parameters: parameters,
      recordsCaptures: recordingCaptures)
    try evaluation.run()
    var outputs: [String: Tensor] = [:]
    for output in self.outputs { outputs[output.name] = try evaluation.value(output.value) }
    var captured: [String: Tensor] = [:]
    for (name, value) in wanted { captured[name] = try evaluation.value(value) }
    return NetworkRun(outputs: outputs, output: try evaluation.value(self.outputs[0].value), captured: captured)
  }

  /// The output by an inference plan: in float32, with the network's own weights, if the network is one that plans can be made of.
  private func planned(_ values: [String: Tensor]) -> Tensor? {
    guard values.count == 1, let x = values.first?.value, x.dtype == .float32, x.rank == 4,
      let plan = plans.plan(for: self, shape: x.shape, isDifferentiable: x.isRecorded)
    else { return nil }
    if !x.isRecorded { return plan.run(x.value).map { Tensor($0.y) } }
    return try? PlannedNetwork(network: self, plan: plan).apply([x])[0]
  }

  /// Inputs must be complete, known, of the network's precision, and of a shape that the network says it takes.
  func check(_ values: [String: Tensor], _ parameters: [String: Tensor] = [:]) throws(NetworkError) {
    let names = inputs.map(\.name)
    for name in values.keys.sorted() where !names.contains(name) {
      throw .input("found '\(name)', expected \(names.joined(separator: ", "))")
    }
    let precision = dtype
    for input in inputs {
      guard let value = values[input.name] else { throw .input("'\(input.name)' is missing") }
      if let precision, value.dtype.isFloating, value.dtype != precision {
        throw .input("'\(input.name)': found \(value.dtype), expected \(precision), in which the network computes")
      }
      guard let shape = input.shape else { continue }
      let fits = shape.count == value.rank && zip(shape, value.shape).allSatisfy { $0.0 == nil || $0.0 == $0.1 }
      if !fits {
        let expected = shape.map { $0.map(String.init) ?? "any" }.joined(separator: ", ")
        throw .input("'\(input.name)': found the shape \(value.shape), expected [\(expected)]")
      }
    }
    let own = parameters.isEmpty ? [] : self.parameters
    for (name, value) in parameters {
      guard let parameter = own.first(where: { $0.name == name }) else {
        throw .unknownLayer(name, among: own.map(\.name))
      }
      if parameter.value.shape != value.shape || parameter.value.dtype != value.dtype {
        throw .input(
          "parameter '\(name)': found \(value.dtype)\(value.shape), "
            + "expected \(parameter.value.dtype)\(parameter.value.shape)")
      }
    }
  }
}

/// Interventions by the layer that they change.
struct Interventions {
  var before: [String: [Intervention]] = [:]
  var after: [String: [Intervention]] = [:]

  static let none = Interventions()
  private init() {}

  init(_ interventions: [Intervention], in network: Network) throws(NetworkError) {
    for intervention in interventions {
      switch intervention.place {
      case .before(let name):
        guard !(try network.layer(named: name).inputs.isEmpty) else {
          throw .intervention("'\(name)' reads nothing that could be changed before it")
        }
        before[name, default: []].append(intervention)
      case .after(let name):
        _ = try network.reference(name)
        after[name, default: []].append(intervention)
      }
    }
  }

  /// A value that takes the place of all that a layer would compute.
  func replacement(of layer: String) -> Tensor? { after[layer]?.first?.replacesAll() }

  func changed(_ value: Tensor, by changes: [Intervention]?) throws(NetworkError) -> Tensor {
    var value = value
    for change in changes ?? [] { value = try change.apply(to: value) }
    return value
  }
}
