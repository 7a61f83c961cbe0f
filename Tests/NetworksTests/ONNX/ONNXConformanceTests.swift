import Autograd
import Foundation
import Networks
import Testing

/// The backend tests of the onnx package.
@Suite struct ONNXConformanceTests {
  /// A selection that is committed, so that every test run sees some of them.
  static let committed = "\(Fixture.folder)/onnx"

  static let committedCases = (try? ONNXCase.Listing(folder: committed).cases) ?? []

  @Test func someCasesAreCommitted() { #expect(Self.committedCases.count > 50) }

  @Test(arguments: committedCases)
  func committedCase(_ test: ONNXCase) throws {
    #expect(test.isClaimed)
    #expect(try test.run(in: Self.committed) == .passed)
  }

  /// All of them, where Python has the package; the outcome is what `Documentation/ONNX.md` says.
  @Test(.enabled(if: ONNXPackage.isThere, "python3 (or $CLEW_PYTHON) without the onnx package"))
  func allCases() throws {
    try ONNXPackage.withExportedCases { folder in
      let listing = try ONNXCase.Listing(folder: folder)
      #expect(listing.cases.count > 1000)
      var page = ONNXPage(version: listing.onnx)
      for test in listing.cases {
        guard test.isSupported else {
          page.unclaimed.append(test)
          continue
        }
        let outcome = try test.run(in: folder)
        if !test.isClaimed {
          // Once it passes, it can be claimed.
          guard case .failed(let difference) = outcome else {
            Issue.record("\(test.name): \(outcome), expected other numbers")
            continue
          }
          page.rounded.append((test, difference))
          continue
        }
        if case .failed(let difference) = outcome { Issue.record("\(test.name): \(difference)") }
        if case .refused(let reason) = outcome {
          page.refused.append((test, reason))
        } else if outcome == .passed {
          page.passed.append(test)
        }
      }
      #expect(page.passed.filter { $0.name.hasPrefix("light_") }.count == 9)
      if ProcessInfo.processInfo.environment["CLEW_WRITE_ONNX_PAGE"] != nil {
        try page.text.write(toFile: ONNXPage.path, atomically: true, encoding: .utf8)
      }
      let written = try String(contentsOfFile: ONNXPage.path, encoding: .utf8)
      // Another version of the package has other cases.
      if written.contains(page.package) { #expect(written == page.text, "make conformance writes the page anew") }
    }
  }
}

/// The page that says which cases pass.
struct ONNXPage {
  /// Of the onnx package.
  let version: String
  var passed: [ONNXCase] = []
  var refused: [(case: ONNXCase, reason: String)] = []
  /// In which the package rounds to float16 between operators.
  var rounded: [(case: ONNXCase, difference: String)] = []
  var unclaimed: [ONNXCase] = []

  init(version: String) { self.version = version }

  var package: String { "`onnx` \(version)" }

  static let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appending(path: "Documentation/ONNX.md").path

  var text: String {
    var lines = [
      "# ONNX: which operators, and which tests pass", "",
      "`make conformance` writes this page: it runs the backend tests of the Python package \(package), one model each with inputs "
        + "and outputs, and its nine `light_*` models. Operator sets 9 to 21 and the operators below are supported; some cases were "
        + "written for later sets and pass all the same.", "",
      "\(passed.count) cases pass. \(refused.count) cases of supported operators are refused with an error, listed with its reason. "
        + "Other numbers come out in \(rounded.count), where the package rounds to float16 between operators and Clew does not. "
        + "\(unclaimed.count) cases have an operator that is not supported, or values that are no arrays.", "",
      "What differs from the text of the standard: a network computes in one precision, so a cast from one floating-point type to "
        + "another does nothing (float16 and bfloat16 are widened to float32, 8- and 16-bit integers to int32, unsigned 32- and "
        + "64-bit ones to int64). Values are compared with the tolerances of the cases, those in bfloat16 with that of the package's "
        + "own runner.", "",
      "## Operators", "", "| operator | passing cases |", "|---|---|",
    ]
    for function in ONNXOperator.supportedFunctions {
      let names = passed.filter { $0.operators.contains(function) }.count
      lines.append("| \(function) | \(names) |")
    }
    lines += ["", "## Refused", ""]
    lines +=
      refused.isEmpty
      ? ["None."] : refused.map { "- `\($0.case.name)`: \($0.reason.components(separatedBy: ".onnx").last ?? "")" }
    lines += ["", "## Not rounded between operators", ""]
    lines +=
      rounded.isEmpty
      ? ["None."] : rounded.map { "- `\($0.case.name)`: \($0.difference); relative tolerance \($0.case.rtol)" }
    lines += ["", "## Passing", ""]
    lines += [passed.map { "`\($0.name)`" }.joined(separator: " "), "", "## Not supported", ""]
    lines += [unclaimed.map { "`\($0.name)`" }.joined(separator: " "), ""]
    return lines.joined(separator: "\n")
  }
}
