import Formats
import TensorCore
import Testing

@Suite struct CSVTests {
  static func read(_ text: String) throws -> CSVTable {
    try Fixture.withTemporaryFolder { folder in
      try Fixture.write(Array(text.utf8), to: "\(folder)/table.csv")
      return try CSVTable("\(folder)/table.csv")
    }
  }

  @Test func quotedFieldsNumbersAndTexts() throws {
    let table = try CSVTable(Fixture.path("table.csv"))
    #expect(table.names == ["id", "x, y", "label", "score"] && table.rowCount == 3)
    #expect(table.columns[0] == .numbers([1, 2, 3]))
    #expect(table.columns[1] == .numbers([0.5, -1000, .infinity]))
    #expect(table.columns[2] == .texts(["B \"cell\"", "T\ncell", "T"]))
    guard case .numbers(let scores) = table.columns[3] else {
      Issue.record("scores are \(table.columns[3])")
      return
    }
    #expect(scores[0].isNaN && scores[1].isNaN && scores[2] == 7)
    let arrays = try NamedArrays.load(Fixture.path("table.csv"))
    #expect(arrays.names == ["table", "label"])
    #expect(arrays.entries[0].channelNames == ["id", "x, y", "score"])
    #expect(try arrays.sole.shape == [3, 3])
    #expect(try arrays.texts(named: "label").count == 3)
    #expect(try arrays.array(named: "x, y") == NDArray([0.5, -1000, .infinity], shape: [3]))
    #expect(#expect(throws: FormatError.self) { try arrays.texts(named: "id") }?.found == "numbers")
    #expect(#expect(throws: FormatError.self) { try arrays.array(named: "label") }?.found == "texts")
    #expect(#expect(throws: FormatError.self) { try arrays.array(named: "scroe") }?.suggestion == "score")
  }

  @Test func whatIsWrittenComesBack() throws {
    var written = CSVWriter(header: ["name", "a, b"])
    written.append(["plain", 0.1])
    written.append(["with \"quotes\"", .number(1e-300)])
    written.append(["two\r\nlines", .number(-.infinity)])
    let table = try Self.read(written.text)
    #expect(table.names == ["name", "a, b"])
    #expect(table.columns == [.texts(["plain", "with \"quotes\"", "two\r\nlines"]), .numbers([0.1, 1e-300, -.infinity])])
  }

  @Test func othersOfTheKind() throws {
    #expect(try Self.read("\u{FEFF}a\tb\n1\t2\n").names == ["a", "b"])
    #expect(try Self.read("a;b\n1,5;2\n").columns[0] == .texts(["1,5"]))
    #expect(try Self.read("1,2\n3,4").columns == [.numbers([1, 3]), .numbers([2, 4])])
    #expect(try Self.read("1,2\n3,4").names == ["0", "1"])
    #expect(try Self.read("1\n2\n\n3\n").columns == [.numbers([1, 2, 3])])
    #expect(try Self.read("a,b\n").rowCount == 0)
    #expect(try Self.read("a,b\n1,\n,\n").columns[1] == .texts(["", ""]))
    #expect(try Self.read("a,b\n0x10,1e5\n").columns == [.texts(["0x10"]), .numbers([1e5])])
  }

  @Test(arguments: [
    ("a,b\n1,2\n3\n", "line 3: 1 fields", "2, as in the first line"),
    ("a,b\n\"x\ny\",2\n1,2,3\n", "line 4: 3 fields", "2, as in the first line"),
    ("a,b\n1,\"2\n3,4\n", "line 2: a quote that is never closed", "a closing quote"),
    ("a,b\n1,\"2\"3\n", "line 2: text behind a closing quote", "a separator or the end of the line"),
    ("a,b\n1,2\"\n", "line 2: a quote inside a field without quotes", "quotes around the whole field, doubled inside"),
    ("a,a\n1,2\n", "line 1: two columns 'a'", "distinct names"),
  ])
  func theLineIsNamed(_ text: String, _ found: String, _ expected: String) throws {
    let error = #expect(throws: FormatError.self) { try Self.read(text) }
    #expect(error?.kind == .malformed && error?.found == found && error?.expected == expected)
  }

  @Test(arguments: ["Some words.\n", "Some words.\nAnd, more, of, them\n", "\n\n", "\"never"])
  func textIsNoTable(_ text: String) throws {
    let error = #expect(throws: FormatError.self) { try Self.read(text) }
    #expect(error?.kind == .unsupported && error?.found == "text")
  }
}
