import Autograd
import Formats
import Networks
import Testing

/// Pictures against Pillow and torchvision, as `make_pictures.py` wrote them.
@Suite struct PictureTests {
  static let cases = ["down", "up", "wide", "tall", "odd", "grey"]

  @Test(arguments: cases, PictureResampling.allCases)
  func scalingIsPillowsBitForBit(name: String, resampling: PictureResampling) throws {
    let fixture = try Fixture("pictures")
    let expected = try fixture.arrays.array(named: "\(name).\(resampling.rawValue)")
    let found = resampling.scaled(
      try fixture.arrays.array(named: "\(name).pixels"), to: Size2D(expected.shape[0], expected.shape[1]))
    #expect(found == expected)
  }

  @Test(arguments: cases)
  func thePresetIsTorchvisions(name: String) throws {
    let fixture = try Fixture("pictures")
    var preprocessing = PicturePreprocessing.preset(.imagenet)
    preprocessing.scaling = .shorterSide(16)
    preprocessing.crop = Size2D(14, 15)
    let found = try preprocessing(try fixture.arrays.array(named: "\(name).pixels"))
    #expect(relativeDifference(found, try fixture.tensor("\(name).preset", .float32)) < 1e-6)
  }

  @Test func aCropLargerThanThePictureIsPadded() throws {
    let fixture = try Fixture("pictures")
    var preprocessing = PicturePreprocessing.preset(.half)
    preprocessing.scaling = .none
    preprocessing.crop = Size2D(40, 11)
    let found = try preprocessing(try fixture.arrays.array(named: "odd.pixels"))
    #expect(relativeDifference(found, try fixture.tensor("odd.padded", .float32)) < 1e-6)
  }

  @Test func whatIsNoPictureIsRefused() throws {
    let preprocessing = PicturePreprocessing.preset(.imagenet)
    #expect(throws: NetworkError.self) { try preprocessing(.zeros([4, 4, 3])) }
    #expect(throws: NetworkError.self) { try preprocessing(.zeros([4, 4, 5], dtype: .uint8)) }
    #expect(throws: NetworkError.self) { try preprocessing(.zeros([0, 4, 3], dtype: .uint8)) }
    var far = preprocessing
    far.scaling = .shorterSide(0)
    #expect(throws: NetworkError.self) { try far(.zeros([4, 4, 3], dtype: .uint8)) }
    far.scaling = .size(Size2D(1 << 40, 1))
    #expect(throws: NetworkError.self) { try far(.zeros([4, 4, 3], dtype: .uint8)) }
  }

  @Test func tokensBecomeAGrid() throws {
    let tokens = Tensor((0..<2 * 11 * 2).map(Double.init), shape: [2, 11, 2])
    let grid = try featureGrid(tokens)
    #expect(grid.shape == [2, 3, 3, 2])
    #expect(grid[1, 2, 0].doubles == tokens[1, 2 + 6].doubles)
    #expect(try featureGrid(tokens, grid: Size2D(2, 5)).shape == [2, 2, 5, 2])
    #expect(throws: NetworkError.self) { try featureGrid(tokens, grid: Size2D(3, 4)) }
    #expect(throws: NetworkError.self) { try featureGrid(tokens[0]) }
    let maps = Tensor((0..<24).map(Double.init), shape: [1, 2, 3, 4])
    #expect(try featureGrid(maps)[0, 1, 2].doubles == [6, 18])
  }
}
