import TensorCore

/// A file of named arrays, opened: what every format offers, so that ``NamedArrays`` needs no more.
protocol ArrayFile: Sendable {
  var path: String { get }
  var entries: [ArrayDescription] { get }
  func array(named name: String) throws(FormatError) -> NDArray
  func texts(named name: String) throws(FormatError) -> [String]
}

extension ArrayFile {
  /// Of most formats, which hold no texts that are read here.
  func texts(named name: String) throws(FormatError) -> [String] {
    let names = entries.map(\.name)
    guard names.contains(name) else { throw .unknownKey(name, in: path, names: names) }
    throw FormatError(.unsupported, path: "\(path):\(name)", found: "numbers", expected: "texts")
  }
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

/// A picture: its `pixels`, of 8 bits, and where the file has 16 of them, the exact ones as `pixels16`.
struct PictureFile: ArrayFile {
  let path: String
  let picture: Picture
  let entries: [ArrayDescription]

  init(path: String, picture: Picture) {
    self.path = path
    self.picture = picture
    var entries = [
      ArrayDescription(name: "pixels", storedType: picture.storedType, dtype: .uint8, shape: picture.pixels.shape)
    ]
    if let deep = picture.deep {
      entries.append(ArrayDescription(name: "pixels16", storedType: "uint16", dtype: .int32, shape: deep.shape))
    }
    self.entries = entries
  }

  func array(named name: String) throws(FormatError) -> NDArray {
    if name == "pixels" { return picture.pixels }
    if name == "pixels16", let deep = picture.deep { return deep }
    throw .unknownKey(name, in: path, names: entries.map(\.name))
  }
}
