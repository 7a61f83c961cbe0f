import Formats
import Foundation
import TensorCore
import Testing

@Suite struct InputPathTests {
  @Test func aColonSeparatesAKeyUnlessTheWholeNameExists() throws {
    try Fixture.withTemporaryFolder { folder in
      for name in ["a.npz", "b:c.npz", "d.npz:e"] { try NPZ.write([("w:1", .zeros([2]))], to: "\(folder)/\(name)") }
      #expect(InputPath(parsing: "\(folder)/a.npz") == InputPath(path: "\(folder)/a.npz"))
      #expect(InputPath(parsing: "\(folder)/a.npz:key") == InputPath(path: "\(folder)/a.npz", key: "key"))
      #expect(InputPath(parsing: "\(folder)/a.npz:w:1") == InputPath(path: "\(folder)/a.npz", key: "w:1"))
      #expect(InputPath(parsing: "\(folder)/b:c.npz:w:1") == InputPath(path: "\(folder)/b:c.npz", key: "w:1"))
      #expect(InputPath(parsing: "\(folder)/d.npz:e") == InputPath(path: "\(folder)/d.npz:e"))
      #expect(InputPath(parsing: "\(folder)/a.npz:").key == "")
      #expect(try InputPath(parsing: "\(folder)/a.npz:w:1").array().shape == [2])
      #expect(try InputPath(parsing: "\(folder)/a.npz").array().shape == [2])
    }
  }

  @Test func theNameOfAMissingFileIsFound() {
    #expect(InputPath(parsing: "no/such.npz:k:1") == InputPath(path: "no/such.npz", key: "k:1"))
    #expect(InputPath(parsing: "no/such:file") == InputPath(path: "no/such:file"))
    #expect(InputPath(parsing: "").path == "")
    #expect(InputPath(parsing: ":").path == ":")
    #expect(InputPath(path: "a", key: "b").description == "a:b")
  }

  @Test func nearestNamesAreNear() {
    let names = ["features", "labels", "layer.1.weight", "layer.2.weight"]
    #expect(NearestName.nearest(to: "feature", in: names) == "features")
    #expect(NearestName.nearest(to: "Labels", in: names) == "labels")
    #expect(NearestName.nearest(to: "lables", in: names) == "labels")
    #expect(NearestName.nearest(to: "layer.3.weight", in: names) == "layer.1.weight")
    #expect(NearestName.nearest(to: "x", in: names) == nil)
    #expect(NearestName.nearest(to: "", in: names) == nil)
    #expect(NearestName.nearest(to: "anything", in: []) == nil)
    let long = String(repeating: "a", count: 1_000_000)
    #expect(NearestName.nearest(to: long, in: [long]) == long)
  }
}
