import TensorCore

/// A file of named arrays, opened: what every format offers, so that ``NamedArrays`` needs no more.
protocol ArrayFile: Sendable {
  var path: String { get }
  var entries: [ArrayDescription] { get }
  func array(named name: String) throws(FormatError) -> NDArray
}

extension NPZ: ArrayFile {}
extension Safetensors: ArrayFile {}
extension PyTorchCheckpoint: ArrayFile {}

/// An `.npy` file: its only array is called `array`.
struct SingleArrayFile: ArrayFile {
  let path: String
  let entries: [ArrayDescription]

  func array(named name: String) throws(FormatError) -> NDArray {
    guard name == entries.first?.name else { throw .unknownKey(name, in: path, names: entries.map(\.name)) }
    return try NPY.read(path)
  }
}

/// A picture: its only array is called `pixels`.
struct PictureFile: ArrayFile {
  let path: String
  let picture: Picture
  let entries: [ArrayDescription]

  init(path: String, picture: Picture) {
    self.path = path
    self.picture = picture
    entries = [
      ArrayDescription(name: "pixels", storedType: picture.storedType, dtype: .uint8, shape: picture.pixels.shape)
    ]
  }

  func array(named name: String) throws(FormatError) -> NDArray {
    guard name == entries.first?.name else { throw .unknownKey(name, in: path, names: entries.map(\.name)) }
    return picture.pixels
  }
}
