import Foundation
import TensorCore
import Testing

/// What `clew trace` prints and writes.
@Suite struct DocumentTests {
  private func trace(_ extra: [String], in folder: Folder) throws -> Clew.Result {
    let result = try Clew.run(["trace", "features.npy", "--segments", "3"] + extra, in: folder)
    #expect(result.status == 0 && !result.wasKilled, "\(result.error)")
    return result
  }

  @Test func oneDocumentWithTheKeysPromised() throws {
    let folder = try Folder()
    try folder.save(groups([5, 6, 4]))
    try folder.write(Array("nucleus, membrane ,Größe,CD8\n".utf8), "names.txt")
    let result = try trace(["--json", "--seed", "7", "--threads", "1", "--channel-names", "names.txt"], in: folder)
    #expect(result.error.isEmpty)
    // Decoding one value from the whole of the output is the proof that nothing else is in it.
    let object = try #require(try JSONSerialization.jsonObject(with: result.output) as? [String: Any])
    let keys: Set = [
      "shape", "sigma", "eigenvalues", "spectralGap", "residuals", "heldFixed", "grid", "assignment", "segments", "warnings",
      "provenance",
    ]
    #expect(keys.isSubset(of: object.keys))
    let segment = try #require((object["segments"] as? [[String: Any]])?.first)
    #expect(Set(["id", "size", "firstPixel", "objective", "channels", "ranking"]).isSubset(of: segment.keys))
    let channel = try #require((segment["channels"] as? [[String: Any]])?.first)
    let scores = ["index", "name", "meanSigned", "meanAbsolute", "rootMeanSquare", "gradientTimesInput"]
    #expect(Set(scores).isSubset(of: channel.keys))

    let document = try TraceDocument(result.output)
    #expect(document.shape == [5, 6, 4] && document.grid == [5, 6])
    #expect(document.assignment.count == 30)
    #expect(document.segments.map(\.id) == [0, 1, 2])
    for segment in document.segments {
      #expect(segment.size == document.assignment.count { $0 == segment.id })
      #expect(segment.firstPixel == document.assignment.firstIndex(of: segment.id))
      #expect(segment.channels.map(\.name) == ["nucleus", "membrane", "Größe", "CD8"])
      #expect(segment.channels.map(\.index) == [0, 1, 2, 3])
      #expect(segment.ranking.sorted() == [0, 1, 2, 3])
    }
  }

  /// A key that is promised is there even if there is no number for it.
  @Test func whatThereIsNotIsNull() throws {
    let folder = try Folder()
    try folder.save(groups([3, 4]))
    let result = try trace(["--json"], in: folder)
    let object = try #require(try JSONSerialization.jsonObject(with: result.output) as? [String: Any])
    #expect(object["spectralGap"] is NSNull)
    let segment = try #require((object["segments"] as? [[String: Any]])?.first)
    let channel = try #require((segment["channels"] as? [[String: Any]])?.first)
    #expect(channel["standardError"] is NSNull)
  }

  @Test func provenanceSaysWhereTheResultComesFrom() throws {
    let folder = try Folder()
    try folder.save(groups([5, 6, 4]))
    let result = try trace(["--json", "--seed", "7", "--threads", "1"], in: folder)
    let provenance = try TraceDocument(result.output).provenance
    #expect(provenance.seed == 7 && provenance.threads == 1)
    #expect(
      provenance.command.dropFirst() == ["trace", "features.npy", "--segments", "3", "--json", "--seed", "7", "--threads", "1"])
    let version = try Clew.run(["--version"], in: folder).text
    #expect(version == provenance.version + "\n")
    #expect(provenance.inputs.map(\.path) == ["features.npy"])
    let sum = try Clew.shell("sha256sum features.npy", in: folder).text
    #expect(provenance.inputs.first?.sha256.map { sum.hasPrefix($0 + " ") } == true)
  }

  @Test func withoutJSONATableForPeople() throws {
    let folder = try Folder()
    try folder.save(groups([5, 6, 4]))
    let text = try trace([], in: folder).text
    #expect(!text.contains("{"))
    #expect(text.hasPrefix("30 nodes in 3 segments by 4 channels"))
    for id in 0..<3 { #expect(text.contains("segment \(id): ")) }
    #expect(text.contains("1. channel "))
  }

  @Test func theFolderHoldsTheSameNumbers() throws {
    let folder = try Folder()
    try folder.save(groups([2, 4, 5, 4]))
    let result = try trace(["--json", "--output", "deep/out"], in: folder)
    #expect(try folder.bytes("deep/out/result.json") == result.output)
    let document = try TraceDocument(result.output)
    let names = folder.names("deep/out")
    #expect(names.allSatisfy { !$0.hasPrefix(".") })
    for name in names {
      let start = [UInt8](try folder.bytes("deep/out/" + name).prefix(8))
      if name.hasSuffix(".png") { #expect(start == [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) }
      if name.hasSuffix(".pdf") { #expect(start.starts(with: Array("%PDF-".utf8))) }
    }
    // One of each for both pictures of the batch.
    for name in ["segmentation-0.png", "segmentation-1.pdf", "channel-maps-0.pdf", "channel-maps-1.png", "top-channels.png"] {
      #expect(names.contains(name))
    }

    let assignment = try table("deep/out/assignment.csv", folder)
    #expect(assignment.header == ["picture", "row", "column", "segment"])
    #expect(assignment.rows.map { Int($0[3]) } == document.assignment)
    #expect(assignment.rows.last == ["1", "3", "4", "\(document.assignment.last ?? -1)"])

    let scores = try table("deep/out/channel-scores.csv", folder)
    #expect(scores.rows.count == 12)
    for row in scores.rows {
      let values = Dictionary(uniqueKeysWithValues: zip(scores.header, row))
      let segment = document.segments[try #require(values["segment"].flatMap { Int($0) })]
      let channel = segment.channels[try #require(values["index"].flatMap { Int($0) })]
      #expect(segment.ranking.firstIndex(of: channel.index) == values["rank"].flatMap { Int($0) }.map { $0 - 1 })
      #expect(values["channel"] == channel.name)
      #expect(values["meanSigned"].flatMap(Double.init) == channel.meanSigned)
      #expect(values["meanAbsolute"].flatMap(Double.init) == channel.meanAbsolute)
      #expect(values["rootMeanSquare"].flatMap(Double.init) == channel.rootMeanSquare)
      #expect(values["gradientTimesInput"].flatMap(Double.init) == channel.gradientTimesInput)
    }
  }

  private func table(_ name: String, _ folder: Folder) throws -> (header: [String], rows: [[String]]) {
    let lines = String(decoding: try folder.bytes(name), as: UTF8.self).split(whereSeparator: \.isNewline)
      .map { $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init) }
    return (try #require(lines.first), Array(lines.dropFirst()))
  }

  @Test(arguments: ["float32", "float64"])
  func theSameBytesAgainAndOnAnyNumberOfThreads(precision: String) throws {
    let folder = try Folder()
    // Above the size to which the eigenproblem is solved in full.
    try folder.save(groups([24, 25, 6]))
    let runs = [("first", "1"), ("again", "1"), ("threads", "2")]
    for (name, threads) in runs {
      let result = try trace(["--precision", precision, "--threads", threads, "--output", name, "--json"], in: folder)
      #expect(try folder.bytes("\(name)/result.json") == result.output)
    }
    let names = folder.names("first")
    #expect(names.count > 8)
    for (other, _) in runs.dropFirst() {
      #expect(folder.names(other) == names)
      for name in names {
        let (a, b) = (try folder.bytes("first/\(name)"), try folder.bytes("\(other)/\(name)"))
        if name == "result.json" {
          #expect(try withoutProvenance(a) == withoutProvenance(b))
        } else {
          #expect(a == b, "\(name) differs")
        }
      }
    }
  }

  @Test func anExistingFolderIsWrittenOver() throws {
    let folder = try Folder()
    try folder.save(groups([12, 3]))
    try FileManager.default.createDirectory(atPath: folder.path("out"), withIntermediateDirectories: false)
    try folder.write(Array("old".utf8), "out/result.json")
    try folder.write(Array("mine".utf8), "out/notes.txt")
    let result = try trace(["--output", "out", "--json"], in: folder)
    #expect(try folder.bytes("out/result.json") == result.output)
    #expect(try folder.bytes("out/notes.txt") == Data("mine".utf8))
  }

  /// A reader that goes away ends the command like any other, silently; what cannot be written at all is an error.
  @Test(arguments: [
    ("$CLEW trace features.npy --segments 3 --json | head -c 0; echo ${PIPESTATUS[0]}", "141", false),
    ("trap '' PIPE; $CLEW trace features.npy --segments 3 --json | head -c 0; echo ${PIPESTATUS[0]}", "141", false),
    ("$CLEW trace features.npy --segments 3 > /dev/full; echo $?", "1", true),
    ("$CLEW trace features.npy --segments 3 >&-; echo $?", "1", true),
    ("$CLEW trace missing.npy --segments 3 2>&-; echo $?", "2", false),
  ])
  func outputThatCannotBeWritten(_ line: String, _ status: String, _ complains: Bool) throws {
    let folder = try Folder()
    // A document longer than a pipe holds, so that its reader is gone before it is written.
    try folder.save(groups([120, 120]))
    let result = try Clew.shell(line, in: folder)
    #expect(result.text == status + "\n")
    #expect(result.complaints.count == (complains ? 1 : 0), "\(result.error)")
    #expect(result.complaints.allSatisfy { $0.hasPrefix("clew: standard output: ") })
  }
}
