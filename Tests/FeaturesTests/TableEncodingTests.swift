import Features
import Formats
import Foundation
import TensorCore
import Testing

@Suite struct TableEncodingTests {
  private func table(_ text: String) throws -> CSVTable {
    let path = FileManager.default.temporaryDirectory.appending(path: "clew-\(UUID().uuidString).csv").path
    try AtomicFile.write(text, to: path)
    defer { try? FileManager.default.removeItem(atPath: path) }
    return try CSVTable(path)
  }

  @Test func rangesAndCategoriesOfTheFittedTable() throws {
    let train = try table("age,sex,stage,same,label\n20,m,2,5,0\n60,f,10,5,1\n40,m,2,5,0\n")
    let encoding = try TableEncoding(fitting: train, excluding: ["label"], categorical: ["stage"])
    #expect(encoding.names == ["age", "sex=f", "sex=m", "stage=2", "stage=10", "same"])
    let fitted = try encoding.encode(train)
    #expect(fitted.values.doubles == [0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 0, 0.5, 0, 1, 1, 0, 0] && fitted.unknown == 0)
    // Another order of columns, values outside the range, an unknown category.
    let test = try encoding.encode(try table("label,same,sex,stage,age\n1,6,x,10,80\n"))
    #expect(test.values.doubles == [1.5, 0, 0, 0, 1, 0] && test.unknown == 1)
  }

  @Test func refusals() throws {
    let train = try table("age,label\n20,0\n60,1\n")
    #expect(throws: FormatError.self) { try TableEncoding(fitting: train, excluding: ["labels"]) }
    let encoding = try TableEncoding(fitting: train, excluding: ["label"])
    #expect(throws: FormatError.self) { try encoding.encode(try table("height,label\n20,0\n")) }
    #expect(throws: FormatError.self) { try encoding.encode(try table("age,label\nyoung,0\n")) }
    #expect(throws: FormatError.self) { try TableEncoding(fitting: try table("age,label\n"), excluding: ["label"]) }
  }
}
