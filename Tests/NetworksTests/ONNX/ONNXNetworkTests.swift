import Autograd
import Formats
import Networks
import Testing

/// Networks that PyTorch exported, against what it computes itself.
@Suite struct ONNXNetworkTests {
  static func network(_ name: String) throws -> Network {
    try Network(onnx: try ONNXModel.load("\(Fixture.folder)/\(name).onnx"))
  }

  static let exported = ["residual", "transformer", "decoder", "decoder_11"]
  /// Folded constants, and the √2 that the older exporter writes, are float32 in the file.
  static let rounded = ["residual_folded", "transformer_14"]

  @Test(arguments: exported)
  func outputsAndGradientsAgreeInFloat64(_ name: String) throws {
    let fixture = try Fixture("\(name)_onnx")
    let x = try fixture.tensor("input").recorded()
    let y = try Self.network(name).converted(to: .float64)(x)
    #expect(relativeDifference(y, try fixture.tensor("output")) < 1e-10)
    let gradient = try y[0..., 1].sum().gradient(for: x)
    #expect(relativeDifference(gradient, try fixture.tensor("gradient")) < 1e-8)
  }

  @Test(arguments: exported + rounded)
  func outputsAgreeInFloat32(_ name: String) throws {
    let fixture = try Fixture("\(name)_onnx")
    let y = try Self.network(name)(try fixture.tensor("input", .float32))
    #expect(y.dtype == .float32)
    #expect(relativeDifference(y, try fixture.tensor("output")) < 1e-4)
  }

  @Test(arguments: exported)
  func anySizeOfBatchWillDo(_ name: String) throws {
    let fixture = try Fixture("\(name)_onnx")
    let y = try Self.network(name).converted(to: .float64)(try fixture.tensor("input")[0..<1])
    #expect(relativeDifference(y, try fixture.tensor("output")[0..<1]) < 1e-10)
  }

  @Test func layersAreNamedByTheirWeights() throws {
    let network = try Self.network("residual")
    let weighted = network.layers.filter(\.isWeighted).map(\.name)
    #expect(
      weighted == [
        "conv1", "layer1.conv1", "layer1.conv2", "layer1.downsample.0", "layer2.conv1", "layer2.conv2", "layer2.downsample.0",
        "fc",
      ])
    #expect(try network.parents(of: "layer2.conv1") == ["layer1.conv2", "layer1.downsample.0"])
    #expect(try network.layer(named: "layer1.bn1").operation is BatchNormalization)
    #expect(network.linearHead?.name == "fc")
    #expect(network.parameters.map(\.name).contains("layer1.bn1.running_var"))
    // Zeros that the exporter wrote are no biases.
    #expect(try network.layer(named: "conv1").parameter("bias") == nil)
    let folded = try Self.network("residual_folded").layers.filter(\.isWeighted).map(\.name)
    #expect(folded == weighted)
  }

  /// Exporters turn the matrices of linear layers and give them other names; the biases keep theirs.
  @Test func turnedMatricesAreNamedByTheirBiases() throws {
    let network = try Self.network("transformer")
    #expect(try network.layer(named: "mlp.0").parameter("weight")?.shape == [24, 16])
    #expect(try network.layer(named: "attention.in_proj").parameter("weight")?.shape == [48, 16])
    #expect(network.parameters.map(\.name).contains("attention.in_proj_weight"))
  }

  @Test func whatDependsOnNoInputIsComputedOnce() throws {
    let network = try Self.network("residual")
    #expect(!network.layers.contains { $0.operation.summary == "CastLike" || $0.operation.summary == "Expand" })
  }

  @Test func unknownOperatorsAreNamed() throws {
    let path = "\(Fixture.folder)/onnx/test_abs.onnx"
    let abs = try ONNXModel.load(path)
    let summaries = try Network(onnx: abs).layers.map(\.operation.summary)
    #expect(summaries == ["Abs"])
    let error = #expect(throws: NetworkError.self) {
      try Network(onnx: abs.replacingNodes { ONNXNode(name: $0.name, operation: "Abz", inputs: $0.inputs, outputs: $0.outputs) })
    }
    #expect(
      error?.description == "\(path):y: found the operator Abz, expected one of the supported operators (the nearest is Abs)")
  }

  @Test func functionsOfTheModelAreInlined() throws {
    let abs = try ONNXModel.load("\(Fixture.folder)/onnx/test_abs.onnx")
    let body = [
      ONNXNode(name: "", operation: "Neg", inputs: ["a"], outputs: ["t"]),
      ONNXNode(
        name: "", operation: "LeakyRelu", inputs: ["t"], outputs: ["b"], attributes: ["alpha": .reference("slope")]),
    ]
    let function = ONNXFunction(
      name: "Turn", domain: "own", inputs: ["a"], outputs: ["b"], defaults: ["slope": .float(0.5)], nodes: body)
    let calling = abs.replacingNodes(functions: [function]) {
      ONNXNode(name: "", operation: "Turn", domain: "own", inputs: $0.inputs, outputs: $0.outputs)
    }
    let network = try Network(onnx: calling)
    let shape = Shape(try #require(network.inputs[0].shape).map { $0 ?? 1 })
    let (above, below) = (
      try network(Tensor(repeating: 2, shape: shape)).doubles, try network(Tensor(repeating: -2, shape: shape)).doubles
    )
    #expect(Set(above) == [-1] && Set(below) == [2])
    // One that calls itself has no end.
    let endless = ONNXFunction(
      name: "Turn", domain: "own", inputs: ["a"], outputs: ["b"], defaults: [:],
      nodes: [ONNXNode(name: "", operation: "Turn", domain: "own", inputs: ["a"], outputs: ["b"])])
    let circular = calling.replacingNodes(functions: [endless]) { $0 }
    #expect(throws: NetworkError.self) { try Network(onnx: circular) }
  }
}

extension ONNXModel {
  /// The same model with other nodes and functions.
  func replacingNodes(functions: [ONNXFunction] = [], _ change: (ONNXNode) -> ONNXNode) -> ONNXModel {
    ONNXModel(
      path: path, producer: producer, operatorSets: operatorSets,
      graph: ONNXGraph(
        name: graph.name, nodes: graph.nodes.map(change), initializers: graph.initializers, inputs: graph.inputs,
        outputs: graph.outputs), functions: functions)
  }
}
