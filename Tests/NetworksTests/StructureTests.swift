import Autograd
import Networks
import Testing

@Suite struct StructureTests {
  let resNet: Network
  let wide: Network

  init() throws {
    resNet = try ResNet(.resNet18, width: 2, classes: 3).network(seed: 1)
    wide = try FusionModel(inChannels: 3, stemWidth: 2, blockWidth: 2, layerConfig: [1, 1]).network(seed: 1)
  }

  @Test func parentsReachAcrossSkips() throws {
    #expect(try resNet.parents(of: "layer1.0.conv1") == ["conv1"])
    #expect(try resNet.parents(of: "layer1.1.conv1") == ["conv1", "layer1.0.conv2"])
    #expect(try resNet.parents(of: "layer2.0.conv2") == ["layer2.0.conv1"])
    #expect(
      try resNet.parents(of: "layer2.1.conv1") == ["layer2.0.conv2", "layer2.0.downsample.0"])
    #expect(
      try resNet.children(of: "conv1") == [
        "layer1.0.conv1", "layer1.1.conv1", "layer2.0.conv1", "layer2.0.downsample.0",
      ])
    #expect(try resNet.parents(of: "fc") == ["layer4.0.conv2", "layer4.0.downsample.0", "layer4.1.conv2"])
  }

  /// The structure's answer against the derivative's: ∂ output channel / ∂ input channel is exactly zero where it says so.
  @Test func separabilityIsWhatTheGradientShows() throws {
    #expect(try wide.channelDependence() == .separate([0, 0, 1, 1, 2, 2]))
    #expect(try wide.channelDependence(of: "stem.2") == .separate([0, 0, 1, 1, 2, 2]))
    #expect(try resNet.channelDependence() == .mixed)
    #expect(
      try FusionModel(fusion: .mid, inChannels: 3, stemWidth: 2, blockWidth: 2, layerConfig: [1]).network(seed: 1)
        .channelDependence() == .mixed)
    var random = RandomSource(seed: 2)
    let x = Tensor(random.normals(3 * 64), shape: [1, 3, 8, 8]).recorded()
    let y = try wide(x)
    for channel in 0..<6 {
      let gradient = try y[0, channel].sum().gradient(for: x).doubles
      for input in 0..<3 { #expect(gradient[input * 64..<(input + 1) * 64].contains { $0 != 0 } == (input == channel / 2)) }
    }
  }

  /// Of a ReLU net with positive weights and inputs every tap counts, so the gradient shows the field itself.
  @Test(arguments: ["conv1", "maxpool", "layer1.1.relu_1", "layer2.0.add", "layer3.1.conv2"])
  func receptiveFieldIsWhatTheGradientShows(layer: String) throws {
    let field = try #require(try resNet.receptiveField(of: layer))
    let positive = try PositiveWeights.positive(resNet)
    let x = Tensor(repeating: 1, shape: [1, 3, 128, 160]).recorded()
    let value = try positive.run(x, capturing: [layer])[layer]
    let (row, column) = (value.shape[2] / 2, value.shape[3] / 2)
    let gradient = try value[0, 0, row, column].sum().gradient(for: x)[0, 0]
    let seen = gradient.doubles.indices.filter { gradient.doubles[$0] != 0 }
    let (rows, columns) = (seen.map { $0 / 160 }, seen.map { $0 % 160 })
    // Max-pooling chooses one of equal entries, so the field can be smaller than the reach of the windows, never larger.
    let reach = (
      max(0, row * field.stride.height + field.first.height)...min(127, row * field.stride.height + field.last.height),
      max(0, column * field.stride.width + field.first.width)...min(159, column * field.stride.width + field.last.width)
    )
    #expect(rows.allSatisfy(reach.0.contains) && columns.allSatisfy(reach.1.contains))
    if layer == "conv1" { #expect(Set(rows) == Set(reach.0) && Set(columns) == Set(reach.1)) }
  }

  @Test func receptiveFieldsByHand() throws {
    #expect(try resNet.receptiveField(of: "conv1")?.size == Size2D(7, 7))
    #expect(try resNet.receptiveField(of: "maxpool")?.size == Size2D(11, 11))
    // 11 + 2·(2·4 + 2·4): four 3×3 convolutions at stride 4.
    #expect(try resNet.receptiveField(of: "layer1.1.conv2")?.size == Size2D(43, 43))
    #expect(try resNet.receptiveField(of: "layer4.1.conv2")?.size == Size2D(435, 435))
    #expect(try resNet.receptiveField(of: "layer4.1.conv2")?.stride == Size2D(32, 32))
    #expect(try resNet.receptiveField(of: "fc") == nil)
  }

  @Test func linearHead() throws {
    #expect(resNet.linearHead?.name == "fc")
    #expect(wide.linearHead == nil)
    let mlp = try MultiLinearLayers(inFeatures: 3, hidden: [4, 5], outFeatures: 2).network(seed: 1)
    #expect(mlp.linearHead?.name == "fc")
  }

  @Test func tableCountsParametersAndMultiplyAdds() throws {
    let table = try ResNet(.resNet18).network(seed: 1).table(for: ["input": [1, 3, 224, 224]])
    let weighted = table.filter { $0.operation.hasPrefix("Convolution") || $0.operation.hasPrefix("Linear") }
    // 1.814 G multiply-adds, as published for ResNet-18.
    #expect(weighted.reduce(0) { $0 + $1.multiplyAdds } == 1_814_073_344)
    #expect(table.first { $0.name == "layer4.1.conv2" }?.shapes == [[1, 512, 7, 7]])
  }

  @Test func reinitialisationDrawsTheChosenLayersAlone() throws {
    let drawn = try resNet.reinitialized(["fc", "layer1.0.conv1"], seed: 9)
    for (old, new) in zip(resNet.parameters, drawn.parameters) {
      let isChosen = old.name.hasPrefix("fc.") || old.name.hasPrefix("layer1.0.conv1.")
      #expect((old.value == new.value) == !isChosen, "\(old.name)")
    }
    let alone = try resNet.reinitialized(["fc"], seed: 9).layer(named: "fc").parameter("weight")
    let together = try drawn.layer(named: "fc").parameter("weight")
    #expect(alone == together)
    #expect(throws: NetworkError.self) { try resNet.reinitialized(["f"], seed: 1) }
    let weights = try #require(try drawn.layer(named: "layer1.0.conv1").parameter("weight")).doubles
    #expect(weights.allSatisfy { abs($0) <= 1 / 18.0.squareRoot() })
  }

  @Test func everyOperationIsInTheCatalogue() throws {
    let names = LayerOperationCatalogue.operations.map { $0.name }
    #expect(names == names.sorted())
    #expect(Set(names).count == names.count)
    for name in names { #expect(LayerOperationCatalogue.operation(named: name)?.name == name) }
  }
}

/// Weights that are all positive.
enum PositiveWeights {
  static func positive(_ network: Network) throws -> Network {
    var result = network
    for parameter in network.parameters where parameter.role == "weight" && parameter.value.rank == 4 {
      let values = parameter.value.scalars(as: Float.self).map { abs($0) + 0.01 }
      result = try result.replacing(parameter: parameter.name, with: NDArray(values, shape: parameter.value.shape))
    }
    return result
  }
}
