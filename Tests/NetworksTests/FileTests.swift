import Autograd
import Formats
import Foundation
import Networks
import Testing

/// A saved network is the network: graph, parameters, and what they compute.
@Suite struct FileTests {
  private func inTemporaryFile<R>(_ body: (String) throws -> R) throws -> R {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("clew-\(UUID().uuidString).safetensors").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    return try body(path)
  }

  @Test(arguments: ZooTests.cases)
  func whatIsSavedIsLoaded(name: String, zoo: Zoo) throws {
    let fixture = try Fixture(name)
    let network = try zoo.network(filling: try fixture.state(), options: ZooTests.options(name))
    try inTemporaryFile { path in
      try network.save(to: path)
      let first = try Data(contentsOf: URL(fileURLWithPath: path))
      let loaded = try Network(contentsOf: path)
      #expect(loaded.parameters == network.parameters)
      #expect(loaded.inputs == network.inputs && loaded.outputs == network.outputs)
      #expect(loaded.layers.map(\.name) == network.layers.map(\.name))
      let x = try fixture.tensor("input", .float32)
      #expect(try loaded(x).value == (try network(x)).value)
      try loaded.save(to: path)
      #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == first)
      // The weights alone are a checkpoint like any other.
      let state = try StateDictionary.load(path)
      #expect(Set(state.names) == Set(network.parameters.map(\.name)))
    }
  }

  @Test func whatIsNoSavedNetworkIsRefused() throws {
    try inTemporaryFile { path in
      for graph in ["", "{", "[]", "{\"version\":2}", "{\"version\":1,\"inputs\":[],\"layers\":[],\"outputs\":[]}"] {
        try Safetensors.write([(name: "w", array: .zeros([2]))], metadata: ["clew.network": graph], to: path)
        #expect(throws: NetworkError.self) { try Network(contentsOf: path) }
      }
      try Safetensors.write([(name: "w", array: .zeros([2]))], to: path)
      #expect(throws: NetworkError.self) { try Network(contentsOf: path) }
    }
    #expect(throws: FormatError.self) { try Network(contentsOf: "/nowhere.safetensors") }
  }
}
