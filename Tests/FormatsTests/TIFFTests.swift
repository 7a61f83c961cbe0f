import Formats
import TensorCore
import Testing

@Suite struct TIFFTests {
  @Test func channelNamesComeFromTheMetadata() throws {
    func names(_ file: String) throws -> [String]? { try NamedArrays.load(Fixture.path(file)).entries[0].channelNames }
    #expect(try names("channels.ome.tif") == ["DAPI", "CD3 & \"CD8\"", "größe <1>"])
    #expect(try names("stack.ome.tif") == ["a z0", "b z0", "c z0", "a z1", "b z1", "c z1"])
    #expect(try names("named.tif") == ["first", "second", "third"])
    #expect(try names("tiled.tif") == nil)
  }

  @Test(arguments: ["rgb.tif", "grey.tif", "bits.tif", "palette.tif"])
  func aPageOfEightBitsIsAPicture(_ file: String) throws {
    let arrays = try NamedArrays.load(Fixture.path(file))
    #expect(arrays.isPicture && arrays.entries.count == 1)
    #expect(try Picture.read(Fixture.path(file)).pixels == arrays.sole)
  }

  @Test func pagesAreChannelsAndNoPicture() throws {
    let arrays = try NamedArrays.load(Fixture.path("pages-uint8.tif"))
    #expect(!arrays.isPicture && arrays.names == ["pixels"])
    #expect(try arrays.sole.shape == [5, 4, 3])
    #expect(try NamedArrays.load(Fixture.path("pages-int16.tif")).entries[0].storedType == "int16")
    #expect(try NamedArrays.load(Fixture.path("pyramid.tif")).names == ["pixels", "page 2"])
  }

  @Test func whatIsNotReadIsNamed() throws {
    func found(_ file: String) throws -> FormatError? {
      #expect(throws: FormatError.self) { try NamedArrays.load(Fixture.path(file)).sole }
    }
    #expect(try found("refused-complex.tif")?.found == "a TIFF with complex samples")
    #expect(try found("refused-huge.tif")?.kind == .malformed)
    #expect(#expect(throws: FormatError.self) { try Picture.read(Fixture.path("tiled.tif")) }?.kind == .unsupported)
  }
}
