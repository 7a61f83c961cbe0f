import Autograd

/// One run under way: values as they are computed, freed when the last layer that reads them has done so.
struct Evaluation {
  let network: Network
  /// Captured values stay, whoever reads them.
  let kept: Set<ValueReference>
  let changes: Interventions
  let mode: RunMode
  let parameters: [String: Tensor]
  let recordsCaptures: Bool
  /// What is known so far.
  private var values: [ValueReference: Tensor] = [:]
  /// How many layers will still read a value.
  private var readers: [ValueReference: Int] = [:]
  /// Whether each layer is needed at all.
  private let isNeeded: [Bool]

  init(
    network: Network, values inputs: [String: Tensor], kept: Set<ValueReference> = [], changes: Interventions = .none,
    mode: RunMode = .evaluation, parameters: [String: Tensor] = [:], recordsCaptures: Bool = false
  ) {
    self.network = network
    self.changes = changes
    self.mode = mode
    self.parameters = parameters
    self.recordsCaptures = recordsCaptures
    let roots = kept.union(network.outputs.map(\.value))
    self.kept = roots
    var isNeeded = [Bool](repeating: false, count: network.layers.count)
    for root in roots { if let place = network.places[root.source] { isNeeded[place] = true } }
    for place in network.layers.indices.reversed() where isNeeded[place] {
      let layer = network.layers[place]
      if changes.replacement(of: layer.name) != nil { continue }
      for case let input? in layer.inputs {
        readers[input, default: 0] += 1
        if let source = network.places[input.source] { isNeeded[source] = true }
      }
    }
    self.isNeeded = isNeeded
    for (name, tensor) in inputs { values[ValueReference(name)] = tensor }
  }

  /// - Parameter observe: called with every value as it is computed.
  mutating func run(observing observe: (ValueReference, Tensor) -> Void = { _, _ in }) throws(NetworkError) {
    for input in network.inputs {
      let reference = ValueReference(input.name)
      if let value = values[reference] {
        values[reference] = captured(try changes.changed(value, by: changes.after[input.name]), reference)
        observe(reference, value)
      }
    }
    for (place, layer) in network.layers.enumerated() where isNeeded[place] {
      let outputs: [Tensor]
      if let replacement = changes.replacement(of: layer.name) {
        outputs = [replacement]
      } else {
        outputs = try compute(layer)
      }
      for (index, output) in outputs.enumerated() {
        let reference = ValueReference(layer.name, index: index)
        let changed = try changes.changed(output, by: changes.after[reference.description])
        observe(reference, changed)
        if readers[reference] != nil || kept.contains(reference) { values[reference] = captured(changed, reference) }
      }
    }
  }

  private mutating func compute(_ layer: Layer) throws(NetworkError) -> [Tensor] {
    var inputs: [Tensor?] = []
    for reference in layer.inputs {
      guard let reference else {
        inputs.append(nil)
        continue
      }
      inputs.append(try value(reference))
      readers[reference, default: 1] -= 1
    }
    // After all are fetched: a layer may read one value twice.
    for case let reference? in layer.inputs where readers[reference] == 0 && !kept.contains(reference) {
      values[reference] = nil
    }
    if let first = inputs.first, let value = first {
      inputs[0] = try changes.changed(value, by: changes.before[layer.name])
    }
    var own: [String: Tensor] = [:]
    for parameter in layer.parameters { own[parameter.role] = parameters[parameter.name] ?? Tensor(parameter.value) }
    let arguments = LayerArguments(
      inputs: inputs, parameters: own, mode: mode, layer: layer.name, operation: layer.operation.name)
    do throws(TensorError) { return try layer.operation(arguments) } catch { throw .layer(layer.name, error) }
  }

  private func captured(_ value: Tensor, _ reference: ValueReference) -> Tensor {
    recordsCaptures && kept.contains(reference) && !value.isRecorded && value.dtype.isFloating ? value.recorded() : value
  }

  func value(_ reference: ValueReference) throws(NetworkError) -> Tensor {
    guard let value = values[reference] else {
      throw .malformed("'\(reference)' is read, but '\(reference.source)' does not give it")
    }
    return value
  }
}
