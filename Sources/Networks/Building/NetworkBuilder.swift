import Autograd

/// Describes a network layer by layer, and builds it with parameters from a file or from a seed.
///
/// ```swift
/// var builder = NetworkBuilder()
/// var x = builder.input(shape: [nil, 3, nil, nil])
/// x = builder.convolution("features.0", x, from: 3, to: 16, kernel: 3, padding: 1)
/// x = builder.add("features.1", Activation(.relu), x)
/// x = builder.add("pool", GlobalAveragePooling(), x)
/// x = builder.linear("head", builder.add("flatten", Flattening(), x), from: 16, to: 10)
/// builder.output(x)
/// let network = try builder.build(seed: 1)
/// ```
public struct NetworkBuilder: Sendable {
  /// A parameter that a layer needs: its values come when the network is built.
  public struct Declaration: Sendable, Equatable {
    /// What the operation calls it.
    public let role: String
    /// As in files.
    public let name: String
    public let shape: Shape
    public let initialization: Initialization

    public init(role: String, name: String, shape: Shape, initialization: Initialization) {
      self.role = role
      self.name = name
      self.shape = shape
      self.initialization = initialization
    }
  }

  private struct Step: Sendable {
    let name: String
    let operation: any LayerOperation
    let inputs: [ValueReference?]
    let declarations: [Declaration]
  }

  private var inputs: [NetworkInput] = []
  private var steps: [Step] = []
  private var outputs: [NetworkOutput] = []
  private var ignored = Set<String>()

  public init() {}

  /// Declares an input.
  ///
  /// - Parameters:
  ///   - name: of the input.
  ///   - shape: [batch, channels, …]; `nil` where any extent will do.
  public mutating func input(_ name: String = "input", shape: [Int?]? = nil) -> ValueReference {
    inputs.append(NetworkInput(name, shape: shape))
    return ValueReference(name)
  }

  /// Adds a layer, and gives its (first) output.
  public mutating func add(
    _ name: String, _ operation: any LayerOperation, _ inputs: ValueReference?..., parameters: [Declaration] = []
  ) -> ValueReference {
    steps.append(Step(name: name, operation: operation, inputs: inputs, declarations: parameters))
    return ValueReference(name)
  }

  /// Names a value as an output. The first is what ``Network/callAsFunction(_:)`` gives.
  public mutating func output(_ value: ValueReference, name: String = "output") {
    outputs.append(NetworkOutput(name, value))
  }

  /// Lets a state dictionary have an array that no evaluation reads.
  public mutating func ignore(_ name: String) { ignored.insert(name) }

  /// Every parameter, in the order of the layers.
  public var declarations: [Declaration] { steps.flatMap(\.declarations) }

  /// The network with parameters drawn from a seed, as PyTorch's defaults are distributed.
  public func build(seed: UInt64, dtype: DType = .float32) throws(NetworkError) -> Network {
    var drawn: [String: NDArray] = [:]
    for declaration in declarations where drawn[declaration.name] == nil {
      var random = RandomSource(seed: seed ^ fingerprint(of: declaration.name))
      let values = declaration.initialization.values(declaration.shape, &random)
      drawn[declaration.name] =
        values.map { NDArray($0, shape: declaration.shape).converted(to: dtype) }
        ?? .zeros(declaration.shape, dtype: dtype)
    }
    return try build { drawn[$0.name] }
  }

  /// The network with parameters from a state dictionary, strictly: every declared one must be there in its shape, and nothing else.
  ///
  /// - Throws: ``NetworkError/parameters(source:missing:unexpected:mismatched:)`` with all names that do not fit.
  public func build(filling state: StateDictionary) throws(NetworkError) -> Network {
    var (missing, mismatched): ([String], [String]) = ([], [])
    var expected = Set<String>()
    for declaration in declarations where expected.insert(declaration.name).inserted {
      guard let array = state.arrays[declaration.name] else {
        missing.append(declaration.name)
        continue
      }
      if array.shape != declaration.shape || !array.dtype.isFloating {
        mismatched.append("\(declaration.name) \(array.dtype)\(array.shape) (expected \(declaration.shape))")
      }
    }
    // A counter that PyTorch's batch normalisation keeps, and that no evaluation reads.
    let counters = Set(
      declarations.filter { $0.role == "running_mean" }.map {
        String($0.name.dropLast("running_mean".count)) + "num_batches_tracked"
      })
    let unexpected = state.names.filter { !expected.contains($0) && !counters.contains($0) && !ignored.contains($0) }
    guard missing.isEmpty, unexpected.isEmpty, mismatched.isEmpty else {
      throw .parameters(source: state.source, missing: missing, unexpected: unexpected, mismatched: mismatched)
    }
    return try build { state.arrays[$0.name] }
  }

  private func build(_ value: (Declaration) -> NDArray?) throws(NetworkError) -> Network {
    let layers = steps.map { step in
      Layer(
        name: step.name, operation: step.operation, inputs: step.inputs,
        parameters: step.declarations.map { declaration in
          Parameter(
            name: declaration.name, role: declaration.role, value: value(declaration) ?? .zeros(declaration.shape),
            initialization: declaration.initialization)
        })
    }
    return try Network(inputs: inputs, layers: layers, outputs: outputs)
  }
}
