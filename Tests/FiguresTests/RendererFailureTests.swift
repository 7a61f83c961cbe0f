import Figures
import Foundation
import TensorCore
import Testing

/// What happens around the plotting program, tested with shell scripts in its place.
@Suite struct RendererFailureTests {
  private let chart = BarChart("t", panels: [.init("p", bars: [.init("a", 1)])])

  @Test func absentProgramIsNamedWithItsPackage() throws {
    try Scratch.with { folder in
      let error = #expect(throws: FigureError.self) { try Gnuplot.find(searchPath: folder) }
      #expect(error?.description.contains("apt-get install gnuplot-nox") == true)
      #expect(throws: FigureError.self) {
        try chart.render(to: folder + "/x.png", format: .png, using: Gnuplot(executable: folder + "/gnuplot"))
      }
      let program = try Scratch.program("exit 0", in: folder)
      #expect(try Gnuplot.find(searchPath: "/nowhere:\(folder)") == Gnuplot(executable: program))
    }
  }

  @Test func failureGivesTheLastLineAndKeepsTheOldFile() throws {
    try Scratch.with { folder in
      let script = "echo first >&2; echo '  the reason ' >&2; echo >&2; echo half > figure.out; exit 3"
      let program = try Scratch.program(script, in: folder)
      let target = folder + "/x.png"
      try Data("old".utf8).write(to: URL(fileURLWithPath: target))
      #expect(throws: FigureError.rendererFailed(status: 3, message: "the reason")) {
        try chart.render(to: target, format: .png, using: Gnuplot(executable: program))
      }
      #expect(try Scratch.text(target) == "old")
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder).sorted() == ["gnuplot", "x.png"])
    }
  }

  @Test func nothingWrittenIsAFailure() throws {
    try Scratch.with { folder in
      let program = try Scratch.program("exit 0", in: folder)
      #expect(throws: FigureError.rendererFailed(status: 0, message: "it wrote no file")) {
        try chart.render(to: folder + "/x.png", format: .png, using: Gnuplot(executable: program))
      }
    }
  }

  @Test func unwritableTargetIsNamed() throws {
    try Scratch.with { folder in
      let program = try Scratch.program("echo picture > figure.out", in: folder)
      let error = #expect(throws: FigureError.self) {
        try chart.render(to: folder + "/absent/x.png", format: .png, using: Gnuplot(executable: program))
      }
      guard case .unwritable(let path, let reason)? = error else {
        Issue.record("\(String(describing: error))")
        return
      }
      #expect(path == folder + "/absent/x.png")
      #expect(!reason.isEmpty)
    }
  }

  @Test func dataStayInAPrivateFolderThatIsRemoved() throws {
    try Scratch.with { folder in
      let program = try Scratch.program("pwd > \(folder)/where; stat -c %a . > \(folder)/mode; exit 1", in: folder)
      #expect(throws: FigureError.self) {
        try chart.render(to: folder + "/x.png", format: .png, using: Gnuplot(executable: program))
      }
      #expect(try Scratch.text(folder + "/mode") == "700\n")
      let place = try Scratch.text(folder + "/where").trimmingCharacters(in: .newlines)
      #expect(place.contains("clew-figure-"))
      #expect(!FileManager.default.fileExists(atPath: place))
    }
  }

  @Test func pixelsComeFromTheBottomRowUpAndKeepTheirColours() throws {
    try Scratch.with { folder in
      let program = try Scratch.program("cat > \(folder)/script; cp data1 \(folder)/pixels; echo x > figure.out", in: folder)
      let picture = NDArray([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12] as [UInt8], shape: [2, 2, 3])
      try PanelGrid("", panels: [ImagePanel("", .picture(picture))], columns: 1)
        .render(to: folder + "/x", format: .svg, using: Gnuplot(executable: program))
      let pixels = try Data(contentsOf: URL(fileURLWithPath: folder + "/pixels"))
      #expect(Array(pixels) == [7, 8, 9, 10, 11, 12, 1, 2, 3, 4, 5, 6])
      #expect(try Scratch.text(folder + "/script").contains("binary array=(2,2) dx=130.0"))
    }
  }

  @Test func picturesKeepTheirAspectRatio() throws {
    try Scratch.with { folder in
      let program = try Scratch.program("cat > \(folder)/script; echo x > figure.out", in: folder)
      for (height, width) in [(10, 100), (100, 10), (64, 64)] {
        try PanelGrid("", panels: [ImagePanel("", .picture(FigureSamples.picture(height, width)))], columns: 1, panelWidth: 200)
          .render(to: folder + "/x", format: .svg, using: Gnuplot(executable: program))
        let script = try Scratch.text(folder + "/script")
        let match = try #require(script.firstMatch(of: /dx=([0-9.]+) dy=([0-9.]+)/))
        let (dx, dy) = (try #require(Double(match.1)), try #require(Double(match.2)))
        #expect(abs(dx - dy) < 1e-6)
        #expect(dx * Double(width) <= 200 && dy * Double(height) <= 250)
      }
    }
  }
}
