import Autograd
import Networks
import Testing

/// The zoo against PyTorch, torchvision and timm, and what strict filling refuses.
@Suite struct ZooTests {
  static let cases: [(String, Zoo)] = [
    ("wide", .wide), ("wide_late", .wide), ("early_fusion", .earlyFusion), ("mid_fusion", .midFusion),
    ("resnet_baseline", .resNetBaseline), ("mlp", .mlp), ("cnn", .cnn), ("cnn_plain", .cnn), ("resnet18", .resNet18),
    ("resnet34", .resNet34), ("resnet50", .resNet50), ("vgg11", .vgg11), ("vgg16_bn", .vgg16BN), ("vit", .vit),
    ("vit_timm", .vit), ("vit_registers", .vit), ("vit_layer_scale", .vit),
  ]

  static func options(_ name: String) -> ArchitectureOptions {
    ArchitectureOptions(
      heads: 3, inChannels: name == "mid_fusion" ? 3 : nil, strides: name == "cnn" ? [1, 1, 2] : nil)
  }

  @Test(arguments: cases)
  func outputsAndInputGradientsAreThoseOfPyTorch(name: String, zoo: Zoo) throws {
    let fixture = try Fixture(name)
    let network = try zoo.network(filling: try fixture.state(), options: Self.options(name)).converted(to: .float64)
    let x = try fixture.tensor("input").recorded()
    let y = try network(x)
    #expect(relativeDifference(y, try fixture.tensor("output")) < 1e-10)
    let target = y.reshaped(to: [y.shape[0], y.count / y.shape[0]])[0..., 1].sum()
    #expect(relativeDifference(try target.gradient(for: x), try fixture.tensor("gradient")) < 1e-8)
  }

  @Test(arguments: cases)
  func float32IsCloseToFloat64(name: String, zoo: Zoo) throws {
    let fixture = try Fixture(name)
    let network = try zoo.network(filling: try fixture.state(), options: Self.options(name))
    #expect(network.dtype == .float32)
    let y = try network(try fixture.tensor("input", .float32))
    #expect(relativeDifference(y.converted(to: .float64), try fixture.tensor("output")) < 1e-4)
  }

  @Test func whatIsMissingUnexpectedOrOfAnotherShapeIsListed() throws {
    let state = try Fixture("resnet18").state()
    var arrays = state.names.map { (name: $0, value: state.arrays[$0]!) }
    arrays.removeAll { $0.name == "layer2.0.bn1.bias" }
    arrays.append((name: "extra.weight", value: .zeros([2])))
    arrays = arrays.map { $0.name == "fc.bias" ? (name: $0.name, value: .zeros([7])) : $0 }
    let changed = try StateDictionary(arrays, source: "file", prefix: "")
    #expect(
      throws: NetworkError.parameters(
        source: "file", missing: ["layer2.0.bn1.bias"], unexpected: ["extra.weight"],
        mismatched: ["fc.bias float32[7] (expected [5])"])
    ) { try Zoo.resNet18.network(filling: changed) }
  }

  @Test func anotherArchitectureIsRefused() throws {
    let state = try Fixture("resnet18").state()
    for zoo in Zoo.allCases where zoo != .resNet18 {
      #expect(throws: NetworkError.self, "\(zoo)") { try zoo.network(filling: state, options: Self.options("")) }
    }
  }

  @Test func wrappersAreTakenOff() throws {
    let state = try Fixture("mlp").state()
    for prefix in ["backbone.", "wrapped_model.", "module.", "module.backbone."] {
      var arrays = state.names.map { (name: prefix + $0, value: state.arrays[$0]!) }
      arrays.append((name: "neck.fc.weight", value: .zeros([2, 2])))
      let wrapped = try StateDictionary(arrays, source: "file")
      #expect(wrapped.prefix == prefix)
      #expect(wrapped.leftOut == ["neck.fc.weight"])
      _ = try Zoo.mlp.network(filling: wrapped)
    }
    #expect(throws: NetworkError.self) {
      try StateDictionary([(name: "a", value: .zeros([1]))], source: "file", prefix: "model.")
    }
  }

  @Test func headsMustBeToldWhereTheWidthDoesNotTellThem() throws {
    #expect(throws: NetworkError.self) { try Zoo.vit.network(filling: try Fixture("vit").state()) }
    #expect(throws: NetworkError.self) {
      try Zoo.vit.network(filling: try Fixture("vit").state(), options: ArchitectureOptions(heads: 5))
    }
  }

  @Test func standardWidths() throws {
    #expect(ResNet(.resNet18).builder.declarations.reduce(0) { $0 + $1.shape.elementCount } == 11_689_512 + 9600)
    #expect(ResNet(.resNet50).builder.declarations.reduce(0) { $0 + $1.shape.elementCount } == 25_557_032 + 53_120)
    #expect(VGG(.vgg16).builder.declarations.reduce(0) { $0 + $1.shape.elementCount } == 138_357_544)
    let base = VisionTransformer(width: 768, heads: 12)
    #expect(base.builder.declarations.reduce(0) { $0 + $1.shape.elementCount } == 86_567_656)
  }
}
