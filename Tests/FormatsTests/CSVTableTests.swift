@testable import Formats
import Foundation
import Testing

@Suite struct CSVTableTests {
  private func table(_ text: String) throws -> CSVTable { try CSVTable(Array(text.utf8), path: "t.csv") }

  @Test func fieldsAndQuotes() throws {
    let text = "\u{FEFF}a, b ,\"c,\"\"d\"\"\"\r\n1, x y ,\"two\nlines\"\n\n3,,\" padded \"\n"
    let table = try table(text)
    #expect(table.header == ["a", "b", "c,\"d\""])
    #expect(table.rows == [["1", "x y", "two\nlines"], ["3", "", " padded "]])
    #expect(try table.column("b") == ["x y", ""])
  }

  @Test func separators() throws {
    #expect(try table("a;b\n1,5;2\n").rows == [["1,5", "2"]])
    #expect(try table("a\tb\n1\t2").rows == [["1", "2"]])
    #expect(try table("only\n1\n2\n").rows == [["1"], ["2"]])
  }

  /// What the writer writes is read back.
  @Test func roundTrip() throws {
    var writer = CSVWriter(header: ["name", "value"])
    writer.append(["a \"quoted\", name", 0.1])
    writer.append(["line\nbreak", 3])
    let table = try table(writer.text)
    #expect(table.rows == [["a \"quoted\", name", "0.1"], ["line\nbreak", "3"]])
  }

  @Test func refusals() throws {
    for (text, message) in [
      ("", "no line of column names"), ("a,b\n1\n", "1 fields in line 2"), ("a,a\n1,2\n", "two columns named 'a'"),
      ("a\n\"open\n", "quote that line 2 opens"),
    ] {
      #expect(throws: FormatError.self) { try table(text) }
      do { _ = try table(text) } catch { #expect("\(error)".contains(message), "\(error)") }
    }
    #expect(throws: FormatError.self) { try CSVTable([0x61, 0xFF, 0x0A], path: "t.csv") }
    do { _ = try table("length,width\n1,2\n").column("lenght") } catch {
      #expect("\(error)".contains("did you mean 'length'?"), "\(error)")
    }
  }
}
