import Foundation
import TensorCore
import Testing

/// `clew trace --foreground`, and the colours of eigenvectors beside segments.
@Suite struct PromptCommandTests {
  private typealias Object = [String: Any]

  /// Noise, and in each third of the nodes one of the first three channels is bright.
  private func thirds(_ shape: Shape) -> NDArray {
    var random = RandomSource(seed: 2)
    let (channels, nodes) = (shape[shape.rank - 1], shape.elementCount / shape[shape.rank - 1])
    let values = (0..<nodes * channels).map { index in
      Float((index / channels * 3 / nodes == index % channels ? 2 : 0) + 0.15 * random.normal())
    }
    return NDArray(values, shape: shape)
  }

  /// [12, 10, 4] in three groups of four rows.
  private func folder() throws -> Folder {
    let folder = try Folder()
    try folder.save(thirds([12, 10, 4]))
    return folder
  }

  private func json(_ arguments: [String], in folder: Folder) throws -> Object {
    let result = try Clew.run(["trace", "features.npy", "--json"] + arguments, in: folder)
    #expect(result.status == 0 && !result.wasKilled, "\(result.error)")
    return try #require(try JSONSerialization.jsonObject(with: result.output) as? Object)
  }

  @Test func theForegroundOfAPointIsItsGroup() throws {
    let folder = try folder()
    let document = try json(["--segments", "3", "--foreground", "5,2", "--background", "0,9"], in: folder)
    #expect(document["mask"] as? [Int] == (0..<120).map { (40..<80).contains($0) ? 1 : 0 })
    let scores = try #require(document["scores"] as? [Double])
    #expect(scores.count == 120 && scores.allSatisfy { abs($0) <= 1 })
    let threshold = try #require(document["threshold"] as? Double)
    for (node, score) in scores.enumerated() { #expect((score > threshold) == (40..<80).contains(node)) }
    let strict = try json(
      ["--segments", "3", "--foreground", "5,2", "--background", "0,9", "--threshold", "-0.9"], in: folder)
    #expect(strict["threshold"] as? Double == -0.9 && strict["scores"] as? [Double] == scores)
    #expect(strict["mask"] as? [Int] == scores.map { $0 > -0.9 ? 1 : 0 })
    let prompts = try #require(document["prompts"] as? Object)
    #expect(prompts["foreground"] as? [Int] == [52] && prompts["background"] as? [Int] == [9])
    #expect(prompts["backgroundWeight"] as? Double == 0.25 && (prompts["filter"] as? [Double])?.count == 3)
    let foreground = try #require(document["foreground"] as? Object)
    #expect(foreground["size"] as? Int == 40 && foreground["firstPixel"] as? Int == 40)
    let mean = scores[40..<80].reduce(0, +) / 40
    #expect(abs((foreground["objective"] as? Double ?? 0) - mean) < 1e-12)
    let channels = try #require(foreground["channels"] as? [Object])
    let ranking = try #require(foreground["ranking"] as? [Int])
    #expect(channels.count == 4 && ranking.sorted() == [0, 1, 2, 3])
    let ranked = ranking.map { channels[$0]["distinctiveness"] as? Double ?? .nan }
    #expect(ranked == ranked.sorted(by: >))
    #expect(document["heldFixed"] as? [String] == ["sigma", "foreground"] && document["provenance"] is Object)
    let certificate = try #require(document["certificate"] as? Object)
    #expect(certificate["gap"] is Double && certificate["reason"] is String && document["segments"] == nil)
    #expect((document["warnings"] as? [String])?.isEmpty == true)
  }

  @Test func pointsMayBeGivenInPercentAndInAnyOrder() throws {
    let folder = try folder()
    let exact = ["--foreground", "5,2", "--foreground", "6,3", "--background", "11,9"]
    let percent = ["--foreground", "50%,35%", "--foreground", "45%, 20%", "--background", "100%,100%"]
    let runs = try [exact, percent].map {
      try Clew.run(["trace", "features.npy", "--json", "--memory", "1GB"] + $0, in: folder)
    }
    #expect(try withoutProvenance(runs[0].output) == withoutProvenance(runs[1].output), "\(runs[1].error)")
    // Six eigenvectors unless another number is given.
    let document = try #require(try JSONSerialization.jsonObject(with: runs[0].output) as? Object)
    #expect((document["eigenvalues"] as? [Double])?.count == 6)
  }

  @Test func batchesAndListsOfNodesHavePointsOfTheirOwn() throws {
    let folder = try Folder()
    try folder.save(thirds([3, 8, 5, 4]))
    let batch = try json(["--segments", "3", "--foreground", "1,3,3", "--output", "out"], in: folder)
    #expect(batch["mask"] as? [Int] == (0..<120).map { $0 / 40 == 1 ? 1 : 0 })
    for name in ["foreground-0.png", "foreground-2.pdf", "channel-maps-1.png", "foreground-scores.csv", "top-channels.png"] {
      #expect(folder.names("out").contains(name), "\(folder.names("out"))")
    }
    try folder.save(thirds([60, 4]))
    let list = try json(["--segments", "3", "--foreground", "45", "--background", "3"], in: folder)
    #expect(list["mask"] as? [Int] == (0..<60).map { $0 >= 40 ? 1 : 0 })
    for point in ["4,5", "x"] {
      let refused = try Clew.run(["trace", "features.npy", "--foreground", point], in: folder)
      #expect(
        refused.status == 2 && refused.error.contains("found '\(point)', expected the number of a node of features.npy"),
        "\(refused.error)")
    }
  }

  @Test func tilesStoredAndThreadsAgree() throws {
    let folder = try folder()
    let options = ["--segments", "3", "--foreground", "5,2"]
    let (stored, tiles) = (
      try json(options + ["--memory", "1GB"], in: folder), try json(options + ["--memory", "0"], in: folder)
    )
    #expect(stored["regime"] as? String == "stored" && tiles["regime"] as? String == "tiles")
    let pairs = zip(stored["scores"] as? [Double] ?? [], tiles["scores"] as? [Double] ?? [])
    #expect(pairs.map { abs($0 - $1) }.max() ?? 1 < 1e-5)
    let runs = try ["1", "3"].map { threads in
      try Clew.run(["trace", "features.npy", "--json", "--memory", "0", "--threads", threads] + options, in: folder)
    }
    #expect(try withoutProvenance(runs[0].output) == withoutProvenance(runs[1].output))
  }

  @Test func theTableAndTheFolderShowTheForeground() throws {
    let folder = try folder()
    let result = try Clew.run(
      ["trace", "features.npy", "--segments", "3", "--foreground", "9,1", "--output", "out", "--quiet"], in: folder)
    #expect(result.status == 0, "\(result.error)")
    #expect(result.text.contains("prompted by 1 foreground point through 3 eigenvectors"))
    #expect(result.text.contains("foreground: 40 nodes (33.3 %), score above") && result.text.contains("  1. channel"))
    let names = folder.names("out")
    for name in ["result.json", "channel-scores.csv", "foreground.png", "foreground.pdf", "channel-maps.png", "top-channels.pdf"]
    {
      #expect(names.contains(name), "\(names)")
    }
    let table = String(decoding: try folder.bytes("out/foreground-scores.csv"), as: UTF8.self).split(separator: "\n")
    #expect(table.count == 121 && table[0] == "row,column,score,foreground")
    #expect(
      table[1].hasPrefix("0,0,-") && table[1].hasSuffix(",0") && table[120].hasPrefix("11,9,0.") && table[120].hasSuffix(",1"))
  }

  static let refusals: [([String], [String])] = [
    (["--foreground", "12,3"], ["--foreground", "'12,3'", "a row from 0 to 11", "12 rows, 10 columns"]),
    (["--foreground", "3,-1"], ["'3,-1'", "a column from 0 to 9"]), (["--foreground", "3"], ["'3'", "row,column"]),
    (["--foreground", "a,b"], ["'a,b'", "numbers"]), (["--foreground", "120%,1"], ["'120%,1'", "0 % to 100 %"]),
    (["--foreground", "1,1", "--background", "1,1"], ["--background", "1,1", "one side only"]),
    (["--background", "1,1"], ["--foreground", "no point", "at least one"]),
    (["--foreground", "1,1", "--background", "2,2", "--background-weight", "2"], ["--background-weight", "0 to 1"]),
    (["--foreground", "1,1", "--background-weight", "0.5"], ["--background-weight", "no --background"]),
    (["--foreground", "1,1", "--threshold", "-3"], ["--threshold", "-3", "from -1 to 1"]),
    (["--threshold", "0.2"], ["--foreground", "no point", "--threshold"]),
    (["--foreground", "1,1", "--segments", "1"], ["--segments", "from 2 to 120"]),
  ]

  @Test(arguments: refusals)
  func whatIsNoPointIsRefusedInOneLine(_ arguments: [String], _ says: [String]) throws {
    let result = try Clew.run(["trace", "features.npy"] + arguments, in: try folder())
    #expect(result.status == 2 && result.output.isEmpty && result.complaints.count == 1, "\(result.error)")
    for text in ["found", "expected"] + says { #expect(result.error.contains(text), "\(result.error)") }
  }

  @Test func whatDoesNotGoTogetherIsMalformed() throws {
    let folder = try folder()
    for extra in [
      ["--separate"], ["--assign", "features.npy"], ["--colors", "tsne", "--output", "out"], ["--rotation", "frozen"],
    ] {
      let result = try Clew.run(["trace", "features.npy", "--foreground", "1,1"] + extra, in: folder)
      #expect(result.status == 64 && result.error.contains(extra[0]), "\(result.error)")
    }
    #expect(try Clew.run(["trace", "features.npy", "--segments", "3", "--colors", "tsne"], in: folder).status == 64)
    #expect(
      try Clew.run(["trace", "features.npy", "--segments", "3", "--colors", "rainbow", "--output", "out"], in: folder).status
        == 64)
  }

  /// Colours beside segments: a picture of each, one table, and the same whatever the threads.
  @Test(arguments: [[], ["--colors", "spectral"], ["--colors", "tsne"]])
  func eigenvectorsAreShownAsColours(_ options: [String]) throws {
    let folder = try folder()
    for threads in ["1", "2"] {
      let result = try Clew.run(
        ["trace", "features.npy", "--segments", "3", "--output", threads, "--threads", threads] + options, in: folder)
      #expect(
        result.status == 0 && result.text.contains("eigenvectors as colours: \(threads)/eigenvector-colors.png"),
        "\(result.error)")
      #expect(folder.names(threads).contains("eigenvector-colors.pdf"))
    }
    let table = try folder.bytes("1/colors.csv")
    for name in ["colors.csv", "eigenvector-colors.png"] {
      let (one, two) = (try folder.bytes("1/" + name), try folder.bytes("2/" + name))
      #expect(one == two)
    }
    let rows = String(decoding: table, as: UTF8.self).split(separator: "\n")
    #expect(rows.count == 121 && rows[0] == "row,column,red,green,blue")
    let colors = rows.dropFirst().map { $0.split(separator: ",").suffix(3).map { Double($0) ?? .nan } }
    #expect(colors.allSatisfy { $0.allSatisfy { (0...1).contains($0) } })
    func mean(_ group: Int) -> [Double] {
      (0..<3).map { axis in colors[40 * group..<40 * group + 40].reduce(0) { $0 + $1[axis] } / 40 }
    }
    for (a, b) in [(0, 1), (0, 2), (1, 2)] {
      #expect(zip(mean(a), mean(b)).map { ($0 - $1) * ($0 - $1) }.reduce(0, +) > 0.1)
    }
  }

  @Test func aBatchHasAPictureEachAndAListATableOnly() throws {
    let folder = try Folder()
    try folder.save(thirds([2, 6, 7, 4]))
    #expect(try Clew.run(["trace", "features.npy", "--segments", "3", "--output", "whole"], in: folder).status == 0)
    #expect(folder.names("whole").filter { $0.hasPrefix("eigenvector-colors") && $0.hasSuffix("png") }.count == 2)
    #expect(
      try Clew.run(["trace", "features.npy", "--segments", "3", "--output", "apart", "--separate"], in: folder).status == 0)
    #expect(folder.names("apart/picture-1").contains("eigenvector-colors.png"))
    try folder.save(thirds([30, 4]))
    #expect(try Clew.run(["trace", "features.npy", "--segments", "3", "--output", "list"], in: folder).status == 0)
    #expect(folder.names("list").contains("colors.csv") && !folder.names("list").contains("eigenvector-colors.png"))
  }
}
