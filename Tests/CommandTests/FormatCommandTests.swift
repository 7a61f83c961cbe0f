import Formats
import Foundation
import TensorCore
import Testing

/// `clew trace` and `clew inspect` on every format.
@Suite struct FormatCommandTests {
  private func trace(_ input: String, in folder: Folder) throws -> TraceDocument {
    let result = try Clew.run(["trace", input, "--segments", "3", "--json"], in: folder)
    #expect(result.status == 0, "\(result.error)")
    return try TraceDocument(result.output)
  }

  @Test func theSameArrayFromAnyFileGivesTheSameTrace() throws {
    let folder = try Folder()
    let array = groups([6, 5, 4], seed: 3)
    try folder.save(array)
    let expected = try trace("features.npy", in: folder)
    let other = NDArray.zeros([3])
    try HDF5File.write([("data/A1/image", array), ("data/other", other)], to: folder.path("cells.h5"), compressed: true)
    try Safetensors.write([("capture:layer.1", array), ("other", other)], to: folder.path("two.safetensors"))
    try Safetensors.write([("features", array)], to: folder.path("one.safetensors"))
    for input in ["cells.h5:data/A1/image", "cells.h5:/data/A1/image", "two.safetensors:capture:layer.1", "one.safetensors"] {
      let document = try trace(input, in: folder)
      #expect(document.shape == [6, 5, 4] && document.assignment == expected.assignment, "\(input)")
      #expect(document.scores == expected.scores && document.sigma == expected.sigma, "\(input)")
    }
    let result = try Clew.run(["trace", "cells.h5:data/A1/imgae", "--segments", "3"], in: folder)
    #expect(result.status == 2 && result.error.contains("did you mean 'data/A1/image'?"), "\(result.error)")
    let two = try Clew.run(["trace", "cells.h5", "--segments", "3"], in: folder)
    #expect(two.status == 2 && two.error.contains("2 arrays ('data/A1/image', 'data/other')"), "\(two.error)")
  }

  @Test func aTablesColumnsKeepTheirNames() throws {
    let folder = try Folder()
    let array = groups([30, 3], seed: 4)
    var table = CSVWriter(header: ["CD3", "cell type", "CD8", "Ki67"])
    for row in 0..<30 {
      let values = array.doubles[(row * 3)..<(row * 3 + 3)].map { CSVWriter.Cell.number($0) }
      table.append([values[0], "T", values[1], values[2]])
    }
    try table.write(to: folder.path("cells.csv"))
    let document = try trace("cells.csv", in: folder)
    #expect(document.shape == [30, 3])
    #expect(document.segments[0].channels.sorted { $0.index < $1.index }.map(\.name) == ["CD3", "CD8", "Ki67"])
  }

  @Test func aMultiplexTIFFIsTracedByItsChannels() throws {
    let document = try trace(libraryFixture("FormatsTests/Fixtures/channels.ome.tif"), in: try Folder())
    #expect(document.shape == [6, 5, 3])
    #expect(document.segments[0].channels.sorted { $0.index < $1.index }.map(\.name) == ["DAPI", "CD3 & \"CD8\"", "größe <1>"])
  }

  @Test(arguments: [
    ("views.pt", "parameter  float32 [5, 4]"), ("mmengine.pth", "backbone.stem.0.weight  float32 [4, 1, 3, 3]"),
    ("dtypes.safetensors", "bfloat16  bfloat16 [2, 3]"), ("numbers.h5", "data/A1/image  float32 [7, 9, 3]"),
    ("texts.h5", "marker_names  string [4]  CD3, größe, , Ki67"), ("channels.ome.tif", "pixels  uint16 [6, 5, 3]"),
    ("table.csv", "label  string [3]"), ("rgb-16.png", "pixels16  uint16 [4, 3, 3]"),
  ])
  func everyFormatIsInspected(_ file: String, _ line: String) throws {
    let folder = try Folder()
    let result = try Clew.run(["inspect", libraryFixture("FormatsTests/Fixtures/\(file)")], in: folder)
    #expect(result.status == 0, "\(result.error)")
    #expect(result.text.contains(line), "\(result.text)")
    let json = try Clew.run(["inspect", libraryFixture("FormatsTests/Fixtures/\(file)"), "--json"], in: folder)
    #expect(json.status == 0 && (try? JSONSerialization.jsonObject(with: json.output)) != nil)
  }

  @Test func aRunsFolderIsInspected() throws {
    let folder = try Folder()
    try folder.write(
      try Data(contentsOf: URL(fileURLWithPath: libraryFixture("FormatsTests/Fixtures/mmengine.pth"))), "iter_3.pth")
    try folder.write("iter_3.pth\n".utf8, "last_checkpoint")
    let result = try Clew.run(["inspect", folder.path("")], in: folder)
    #expect(result.status == 0 && result.text.contains("backbone.tied"), "\(result.error)")
    #expect(result.error.contains("an object of class 'mmengine.logging.history_buffer.HistoryBuffer'"))
  }

  @Test(arguments: [
    ("refused-system.pth", ".system'"), ("refused-cycle.pth", "refers to itself"), ("refused-gap.safetensors", "'b' at byte 8"),
    ("refused-complex.tif", "complex samples"),
  ])
  func hostileFilesEndInOneLine(_ file: String, _ says: String) throws {
    let result = try Clew.run(["inspect", libraryFixture("FormatsTests/Fixtures/\(file)")], in: try Folder())
    #expect(result.status == 2 && !result.wasKilled && result.output.isEmpty)
    #expect(result.complaints.count == 1 && result.error.contains(says), "\(result.error)")
  }

  @Test func damagedHDF5EndsInAnAnswerOrOneLine() throws {
    let folder = try Folder()
    let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: libraryFixture("FormatsTests/Fixtures/numbers.h5"))))
    var random = RandomSource(seed: 8)
    for _ in 0..<40 {
      var damaged = bytes
      for _ in 0..<20 { damaged[Int.random(in: 8..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random) }
      try folder.write(damaged, "damaged.h5")
      let result = try Clew.run(["inspect", "damaged.h5", "--quiet"], in: folder)
      #expect(
        !result.wasKilled && (result.status == 0 && result.error.isEmpty || result.status == 2 && result.complaints.count == 1))
    }
  }
}
