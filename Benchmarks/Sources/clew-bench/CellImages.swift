import Formats
import TensorCore

/// Generated multiplex images with the places of cells in them, in the layout that `clew channels` reads.
struct CellImages {
  var samples: Int
  /// Rows, and columns, of an image.
  var side: Int
  var channels: Int
  /// In all samples.
  var cells: Int
  var seed: UInt64 = 3

  private static let chunk = 64

  /// Writes the images band by band: they may be larger than memory.
  func write(to path: String) throws {
    try HDF5File.write(to: path) { (writer) throws(FormatError) in
      var random = RandomSource(seed: seed)
      for sample in 0..<samples {
        let name = "data/S\(sample)/image"
        let chunk: Shape = [min(Self.chunk, side), min(Self.chunk, side), channels]
        try writer.create(name, dtype: .float32, shape: [side, side, channels], compressed: true, chunk: chunk)
        for row in stride(from: 0, to: side, by: Self.chunk) {
          let rows = min(Self.chunk, side - row)
          let band = NDArray.building([rows, side, channels], as: Float.self) { output in
            // Mostly dark, as stained tissue is, in steps of a camera.
            for index in output.indices {
              let value = random.uniform()
              output[index] = Float((value * value * value * 255).rounded()) / 64
            }
          }
          try writer.write(band, into: name, from: [row, 0, 0])
        }
      }
      try writer.write((0..<channels).map { "M\($0)" }, as: "marker_names")
      try writer.write((0..<cells).map { "S\($0 % samples)" }, as: "coords/sample_id")
      for name in ["coords/DIM1", "coords/DIM2"] {
        try writer.write(NDArray((0..<cells).map { _ in Int64(random.uniform() * Double(side)) }, shape: [cells]), as: name)
      }
    }
  }
}
