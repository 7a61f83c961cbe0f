import Formats
import Foundation
import TensorCore
import Testing

/// Every array of every valid fixture, against the values that NumPy and Pillow hold.
@Suite struct ReadingTests {
  @Test func thereAreExpectations() {
    #expect(Fixture.expected.count > 130)
    let listed = Set(Fixture.expected.map(\.file))
    // Networks are read as what they compute: `ONNXTests`.
    let networks = [".onnx", ".bin"]
    let others = Fixture.all.filter { name in !name.hasPrefix("refused") && !networks.contains { name.hasSuffix($0) } }
    #expect(others.filter { !listed.contains($0) } == [])
  }

  @Test(arguments: Fixture.expected)
  func readsAsExpected(_ expected: Fixture.Expected) throws {
    let arrays = try NamedArrays.load(Fixture.path(expected.file))
    let array = try arrays.array(named: expected.key)
    #expect(array.dtype.description == expected.dtype)
    #expect(array.shape.extents == expected.shape)
    let entry = try #require(arrays.entries.first { $0.name == expected.key })
    #expect(entry.dtype == array.dtype)
    #expect(entry.shape == array.shape)
    if array.dtype.isFloating || expected.tolerance > 0 {
      let values = array.doubles
      try #require(values.count == expected.values.count)
      for (value, text) in zip(values, expected.values) {
        let reference = try #require(Double(text))
        let isEqual = value == reference && value.sign == reference.sign || value.isNaN && reference.isNaN
        #expect(isEqual || abs(value - reference) <= expected.tolerance, "\(value) for \(text)")
      }
    } else {
      #expect(array.scalars(as: Int64.self).map(String.init) == expected.values)
    }
  }

  @Test func everyHalfPrecisionNumberIsExact() throws {
    let header = "{'descr': '<f2', 'fortran_order': False, 'shape': (65536,), }\n"
    var bytes: [UInt8] = [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(header.utf8.count), 0] + Array(header.utf8)
    for bits in UInt16.min ... .max { bytes += [UInt8(bits & 255), UInt8(bits >> 8)] }
    let array = try Fixture.withTemporaryFolder { folder in
      try Fixture.write(bytes, to: "\(folder)/half.npy")
      return try NPY.read("\(folder)/half.npy")
    }
    let values = array.scalars(as: Float.self)
    for bits in UInt16.min ... .max {
      let half = Float16(bitPattern: bits)
      let value = values[Int(bits)]
      #expect(half.isNaN ? value.isNaN : value.bitPattern == Float(half).bitPattern)
    }
  }

  @Test func boolsOfAnyByteAreOneInMemory() throws {
    let header = "{'descr': '|b1', 'fortran_order': False, 'shape': (3,), }\n"
    let bytes: [UInt8] = [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(header.utf8.count), 0] + Array(header.utf8) + [0, 1, 7]
    try Fixture.withTemporaryFolder { folder in
      try Fixture.write(bytes, to: "\(folder)/bool.npy")
      #expect(try NPY.read("\(folder)/bool.npy") == NDArray([false, true, true], shape: [3]))
    }
  }

  @Test func anUnreadableArrayLeavesTheOthersReadable() throws {
    let arrays = try NamedArrays.load(Fixture.path("with-strings.npz"))
    #expect(arrays.names == ["features", "names"])
    #expect(arrays.entries[0].problem == nil)
    #expect(arrays.entries[1].problem?.kind == .unsupported)
    #expect(try arrays["features"].shape == [3, 4])
    #expect(throws: FormatError.self) { try arrays["names"] }
  }

  @Test func solePicksTheOnlyArray() throws {
    #expect(try NamedArrays.load(Fixture.path("vector.npy")).sole.shape == [5])
    #expect(try NamedArrays.load(Fixture.path("deflated-plain.npz")).sole.shape == [3, 4])
    let error = #expect(throws: FormatError.self) { try NamedArrays.load(Fixture.path("stored.npz")).sole }
    #expect(error?.found == "4 arrays ('features', 'labels', 'layer.1/weight', 'mask')")
    let none = #expect(throws: FormatError.self) { try NamedArrays.load(Fixture.path("refused-none.npz")).sole }
    #expect(none?.found == "no arrays")
  }

  @Test func storedTypesAreReported() throws {
    #expect(try NamedArrays.load(Fixture.path("uint16-big.npy")).entries[0].storedType == "uint16")
    #expect(try NamedArrays.load(Fixture.path("rgb-16.png")).entries[0].storedType == "PNG, 3 channels of 16 bits")
    #expect(try NamedArrays.load(Fixture.path("jpeg-named.png")).entries[0].storedType == "JPEG, 3 channels of 8 bits")
  }
}
