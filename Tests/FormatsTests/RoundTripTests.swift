import Formats
import Foundation
import TensorCore
import Testing

/// The libraries that others use read what is written here, and what they write is read here. Needs `python3` with the library;
/// `CLEW_PYTHON` names another interpreter.
@Suite struct RoundTripTests {
  static func has(_ modules: String) -> Bool { NumPyTests.run("import \(modules)", []) != nil }

  /// Prints arrays as lines that ``line(_:_:)`` makes, too.
  static let show = """
    def show(name, array):
      array = numpy.asarray(array)
      print(name, array.dtype, list(array.shape), [float(v) for v in array.ravel()])

    """

  static func line(_ name: String, _ array: NDArray) -> String {
    "\(name) \(array.dtype) \(array.shape) [" + array.doubles.map { "\($0)" }.joined(separator: ", ") + "]"
  }

  static let arrays = DType.allCases.flatMap { dtype in
    WritingTests.samples(dtype).enumerated().map { (name: "\(dtype).\($0.offset)", array: $0.element) }
  }

  private func check(_ script: String, _ path: String) throws {
    let output = try #require(NumPyTests.run("import sys, numpy\n" + Self.show + script, [path]))
    #expect(output.split(separator: "\n").map(String.init).sorted() == Self.arrays.map { Self.line($0.name, $0.array) }.sorted())
  }

  @Test(.enabled(if: has("numpy, safetensors.numpy"), "needs python3 with safetensors"))
  func safetensorsReadsWhatIsWritten() throws {
    try Fixture.withTemporaryFolder { folder in
      let path = "\(folder)/arrays.safetensors"
      try Safetensors.write(Self.arrays, metadata: ["note": "a \"quoted\" é\n"], to: path)
      try check(
        """
        from safetensors import safe_open
        with safe_open(sys.argv[1], 'numpy') as file:
          assert file.metadata() == {'note': 'a "quoted" é\\n'}
          for name in file.keys(): show(name, file.get_tensor(name))
        """, path)
      // And it writes the same bytes.
      let again = "\(folder)/again.safetensors"
      let script = """
        import sys
        from safetensors.numpy import load_file, save_file
        save_file(load_file(sys.argv[1]), sys.argv[2], metadata={'note': 'a "quoted" é\\n'})
        """
      _ = try #require(NumPyTests.run(script, [path, again]))
      #expect(try Data(contentsOf: URL(fileURLWithPath: again)) == Data(contentsOf: URL(fileURLWithPath: path)))
    }
  }

  @Test(.enabled(if: has("numpy, h5py"), "needs python3 with h5py"), arguments: [false, true])
  func h5pyReadsWhatIsWritten(compressed: Bool) throws {
    try Fixture.withTemporaryFolder { folder in
      let path = "\(folder)/arrays.h5"
      try HDF5File.write(to: path) { (writer) throws(FormatError) in
        for (name, array) in Self.arrays { try writer.write(array, as: "group/\(name)", compressed: compressed) }
        try writer.write(["CD3", "größe", ""], as: "names")
        try writer.setAttribute("title", to: "ü")
        try writer.setAttribute("units", of: "names", to: "px")
      }
      try check(
        """
        import h5py
        file = h5py.File(sys.argv[1])
        assert list(file['names'].asstr()[:]) == ['CD3', 'größe', '']
        assert file.attrs['title'] == 'ü' and file['names'].attrs['units'] == 'px'
        for name in file['group']: show(name, file['group'][name][()])
        """, path)
    }
  }

  struct Source: Sendable, CustomTestStringConvertible {
    let file, modules, statement: String
    var testDescription: String { file }
    var isThere: Bool { RoundTripTests.has("numpy, \(modules)") }
  }

  static let sources = [
    Source(file: "a.npz", modules: "numpy", statement: "numpy.savez(path, **arrays)"),
    Source(file: "b.npz", modules: "numpy", statement: "numpy.savez_compressed(path, **arrays)"),
    Source(
      file: "c.npz", modules: "zipfile",
      statement: """
        archive = zipfile.ZipFile(path, 'w')
        for name, array in arrays.items():
          with archive.open(name + '.npy', 'w', force_zip64=True) as entry: numpy.lib.format.write_array(entry, array)
        archive.close()
        """),
    Source(
      file: "d.safetensors", modules: "safetensors.numpy",
      statement: "safetensors.numpy.save_file({k: numpy.array(v, order='C') for k, v in arrays.items()}, path)"),
    Source(
      file: "e.h5", modules: "h5py",
      statement: """
        with h5py.File(path, 'w') as file:
          for n, (name, array) in enumerate(arrays.items()):
            file.create_dataset(name, data=array, compression='gzip' if n % 2 and array.ndim else None)
        """),
    Source(
      file: "f.pt", modules: "torch",
      statement: "torch.save({k: torch.from_numpy(v.copy()) for k, v in arrays.items()}, path)"),
    Source(
      file: "g.pt", modules: "torch",
      statement: "torch.save({k: torch.from_numpy(v.copy()).T.contiguous().T for k, v in arrays.items() if v.ndim == 2}, path)"),
  ]

  struct Contents: Decodable {
    let shape: [Int]
    let values: [Double]
  }

  /// Random arrays of every type, seeded, in both memory orders; expectations come in the same run.
  @Test(arguments: sources)
  func whatPythonWritesIsRead(_ source: Source) throws {
    guard source.isThere else { return }
    let script =
      "import sys, json, numpy, \(source.modules)\npath = sys.argv[1]\n" + """
        random = numpy.random.default_rng(5)
        arrays = {}
        for name in ('bool', 'int8', 'int16', 'int32', 'int64', 'uint8', 'uint16', 'uint32', 'float16', 'float32', 'float64'):
          for n, shape in enumerate([(), (3,), (4, 5), (2, 3, 4), (0, 2)]):
            array = (random.normal(size=shape) * 30).astype('int64' if name.startswith(('u', 'i', 'b')) else 'float64')
            array = numpy.asarray(numpy.abs(array) if name.startswith('u') else array).astype(name)
            arrays[f'{name}.{n}'] = numpy.asfortranarray(array) if n == 2 else array

        """ + source.statement + "\n"
      + "print(json.dumps({k: {'shape': v.shape, 'values': [float(x) for x in v.ravel()]} for k, v in arrays.items()}))"
    try Fixture.withTemporaryFolder { folder in
      let path = "\(folder)/\(source.file)"
      let output = try #require(NumPyTests.run(script, [path]))
      let expected = try JSONDecoder().decode([String: Contents].self, from: Data(output.utf8))
      let read = try NamedArrays.load(path)
      #expect(read.names.count == (source.file == "g.pt" ? 22 : expected.count))
      for name in read.names {
        let array = try read.array(named: name)
        #expect(array.shape.extents == expected[name]?.shape)
        #expect(array.doubles == expected[name]?.values)
      }
    }
  }
}
