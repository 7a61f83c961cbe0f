import Formats
import Foundation
import TensorCore
import Testing

/// What `clew neurons ablate --json` prints.
struct AblationDocument: Decodable {
  struct Outcome: Decodable {
    let headAccuracy: Double
    let groupProbe: Double?
    let targetProbe: Double
    let margin, logLoss, refittedGroupProbe, refittedTargetProbe: Double?
  }
  struct Control: Decodable {
    let headAccuracyMean, headAccuracyStd: Double
    let pValue, groupProbePValue: Double?
  }
  struct Row: Decodable {
    let k: Int
    let group, target: Outcome
    let random: Control?
    let matchedNorm: Control?
  }
  struct Probe: Decodable {
    let solver: String
    let iterations: Int
    let gradientNorm: Double
  }
  let featureNames: [String]
  let groupScore, groupScoreMaximum, targetScore: [Double]
  let groupRanking, targetRanking, groupTop10: [Int]
  let sweep: [Row]
  let splits: [String: [Row]]
  let otherBaselines: [String: [String: [Row]]]
  let samples: [String: Int]
  let probes: [String: Probe]
  let warnings: [String]

  init(_ data: Data) throws { self = try JSONDecoder().decode(AblationDocument.self, from: data) }
}

/// What scikit-learn and one pass for each number of ablated features give (see `make_neuron_fixtures.py`).
private struct Expected: Decodable {
  struct Row: Decodable {
    let k: Int
    let group, target: AblationDocument.Outcome
  }
  let groupScore, groupScoreMaximum, targetScore: [Double]
  let groupRanking, targetRanking: [Int]
  struct Stopped: Decodable {
    let score: [Double]
    let iterations: Int
  }
  let splits: [String: [String: [Row]]]
  /// Of scikit-learn's default solver, by the rule it stops by and the probe.
  let defaultSolver: [String: [String: Stopped]]
}

@Suite struct AblateTests {
  static let features = libraryFixture("AttributionTests/Fixtures/ablation_features.npz")
  static let head = libraryFixture("AttributionTests/Fixtures/ablation_head.npz")

  private func ablate(_ options: [String], features: String = features, in folder: Folder) throws -> AblationDocument {
    let result = try Clew.run(["neurons", "ablate", "--features", features, "--head", Self.head, "--json"] + options, in: folder)
    #expect(result.status == 0, "\(result.error)")
    return try AblationDocument(result.output)
  }

  private func expected() throws -> Expected {
    let data = try Data(contentsOf: URL(fileURLWithPath: libraryFixture("AttributionTests/Fixtures/ablation_expected.json")))
    return try JSONDecoder().decode(Expected.self, from: data)
  }

  @Test func everyNumberOfTheReference() throws {
    let expected = try expected()
    let document = try ablate(
      ["--ks", "all", "--baseline", "trainMean,zero,splitMean", "--refit-probes", "--random", "20"], in: Folder())
    for (found, wanted) in [
      (document.groupScore, expected.groupScore), (document.groupScoreMaximum, expected.groupScoreMaximum),
      (document.targetScore, expected.targetScore),
    ] {
      #expect(found.count == wanted.count)
      #expect(zip(found, wanted).allSatisfy { abs($0 - $1) <= 1e-6 * abs($1) + 1e-12 })
    }
    // Those are of Newton's method, converged as ours is.
    #expect(document.probes.values.allSatisfy { $0.solver == "newton" && $0.gradientNorm <= 1e-8 })
    #expect(document.groupRanking == expected.groupRanking && document.targetRanking == expected.targetRanking)
    #expect(document.groupTop10 == Array(expected.groupRanking.prefix(10)))
    #expect(document.sweep.map(\.group.headAccuracy) == document.splits["test"]?.map(\.group.headAccuracy))
    for (split, baselines) in expected.splits {
      for (baseline, rows) in baselines {
        let found = try #require(baseline == "trainMean" ? document.splits[split] : document.otherBaselines[baseline]?[split])
        #expect(found.map(\.k) == rows.map(\.k))
        for (row, wanted) in zip(found, rows) {
          for (a, b) in [(row.group, wanted.group), (row.target, wanted.target)] {
            let place = "\(split), \(baseline), k = \(row.k)"
            #expect(
              a.headAccuracy == b.headAccuracy && a.groupProbe == b.groupProbe && a.targetProbe == b.targetProbe, "\(place)")
            #expect(a.refittedGroupProbe == b.refittedGroupProbe && a.refittedTargetProbe == b.refittedTargetProbe, "\(place)")
            let (margin, loss) = (try #require(a.margin), try #require(a.logLoss))
            #expect(abs(margin - (b.margin ?? .nan)) < 1e-9 && abs(loss - (b.logLoss ?? .nan)) < 1e-9, "\(place)")
          }
        }
      }
    }
    #expect(document.warnings.count == 1 && document.warnings[0].contains("constant"))
  }

  /// Entry by entry and step by step what scikit-learn's default solver gives, which stops before the optimum.
  @Test(arguments: [
    ("published", ["--probe-solver", "lbfgs"]), ("published", ["--as-in-seed"]),
    ("limit", ["--probe-solver", "lbfgs", "--probe-iterations", "5"]),
    ("tight", ["--probe-solver", "lbfgs", "--probe-tolerance", "1e-12", "--probe-iterations", "20000"]),
    ("tight", ["--as-in-seed", "--probe-tolerance", "1e-12"]),
  ])
  func everyScoreOfTheDefaultSolver(rule: String, options: [String]) throws {
    let wanted = try #require(expected().defaultSolver[rule])
    let document = try ablate(options, in: Folder())
    for (name, found) in [("group", document.groupScore), ("target", document.targetScore)] {
      let (wanted, probe) = (try #require(wanted[name]), try #require(document.probes[name]))
      #expect(probe.solver == "lbfgs" && probe.iterations == wanted.iterations, "\(name)")
      #expect(found.count == wanted.score.count)
      #expect(zip(found, wanted.score).allSatisfy { abs($0 - $1) <= 1e-6 * $1 }, "\(name)")
      let reason =
        "the \(name) probe: its solver \(rule == "limit" ? "gave up" : "stopped") after \(wanted.iterations) steps"
      #expect(document.warnings.contains { $0.hasPrefix(reason) }, "\(document.warnings)")
    }
    // The published tolerance is far from the optimum, which stays the default.
    let optimum = try expected().groupScore
    let distance = zip(document.groupScore, optimum).map { $1 == 0 ? 0 : abs($0 - $1) / $1 }.max() ?? 0
    #expect(rule == "tight" ? distance < 1e-4 : distance > 1e-4)
    let converged = try ablate(["--as-in-seed", "--probe-solver", "newton"], in: Folder())
    #expect(zip(converged.groupScore, optimum).allSatisfy { abs($0 - $1) <= 1e-6 * $1 + 1e-12 })
  }

  @Test func filesAndFigure() throws {
    let folder = try Folder()
    let result = try Clew.run(
      ["neurons", "ablate", "--features", Self.features, "--head", Self.head, "--control", "matchedNorm", "--output", "out"],
      in: folder)
    #expect(result.status == 0, "\(result.error)")
    #expect(
      folder.names("out") == ["ablation.csv", "ablation.pdf", "ablation.png", "result.json", "scores.csv", "sweep.csv"])
    let document = try AblationDocument(folder.bytes("out/result.json"))
    #expect(document.sweep.map(\.k) == [0, 1, 2, 4, 8, 16, 20])
    #expect(document.sweep.allSatisfy { $0.matchedNorm?.pValue != nil && $0.random?.pValue != nil })
    #expect(result.text.contains("tell the group apart"))
  }

  @Test func theDocumentDependsOnInputsAndSeedOnly() throws {
    let folder = try Folder()
    func run(_ options: [String]) throws -> Data {
      let base = ["neurons", "ablate", "--features", Self.features, "--head", Self.head, "--json"]
      return try withoutProvenance(Clew.run(base + options, in: folder).output)
    }
    let first = try run([])
    #expect(try run(["--threads", "1"]) == first)
    #expect(try run(["--seed", "1"]) != first)
  }

  @Test func asInSeed() throws {
    let folder = try Folder()
    let seed = try ablate(["--as-in-seed"], in: folder)
    #expect(seed.sweep.map(\.k) == [0, 4, 8, 16])
    #expect(seed.sweep.allSatisfy { $0.random?.pValue == nil && $0.matchedNorm == nil })
    let limited = try ablate(["--max-samples", "100"], in: folder)
    #expect(limited.samples == ["train": 100, "test": 50, "id": 50])
  }

  /// A table with named columns, in another order than the head's, is what the arrays are.
  @Test func tables() throws {
    let folder = try Folder()
    let (arrays, head) = (try NamedArrays.load(Self.features), try NamedArrays.load(Self.head))
    let width = try arrays.array(named: "train").shape[1]
    let names = (0..<width).map { "feature \($0)" }
    var table = CSVWriter(header: ["hospital", "target", "split"] + names)
    for split in ["test", "train", "id"] {
      let (values, groups, targets) = (
        try arrays.array(named: split).doubles, try arrays.array(named: split + "_group").doubles,
        try arrays.array(named: split + "_target").doubles
      )
      for row in groups.indices {
        let own: [CSVWriter.Cell] = values[row * width..<(row + 1) * width].map { .number($0) }
        table.append([.text("h\(Int(groups[row]))"), .integer(Int(targets[row])), .text(split)] + own)
      }
    }
    try table.write(to: folder.path("features.csv"))
    var rows = CSVWriter(header: ["bias"] + names.reversed())
    let (weight, bias) = (try head.array(named: "weight").doubles, try head.array(named: "bias").doubles)
    for row in bias.indices {
      let own: [CSVWriter.Cell] = weight[row * width..<(row + 1) * width].reversed().map { .number($0) }
      rows.append([.number(bias[row])] + own)
    }
    try rows.write(to: folder.path("head.csv"))
    let wanted = try ablate(["--random", "20"], in: folder)
    let options = ["neurons", "ablate", "--features", "features.csv", "--group-column", "hospital", "--random", "20"]
    for head in ["head.csv", Self.head] {
      let result = try Clew.run(options + ["--head", head, "--json", "--output", "out"], in: folder)
      #expect(result.status == 0, "\(result.error)")
      let document = try AblationDocument(result.output)
      #expect(document.featureNames == names)
      #expect(document.groupScore == wanted.groupScore && document.groupRanking == wanted.groupRanking)
      #expect(document.samples == wanted.samples)
      for split in ["test", "id"] {
        let (found, expected) = (try #require(document.splits[split]), try #require(wanted.splits[split]))
        #expect(found.map(\.group.headAccuracy) == expected.map(\.group.headAccuracy))
        #expect(found.map(\.random?.headAccuracyMean) == expected.map(\.random?.headAccuracyMean))
        #expect(found.map(\.group.groupProbe) == expected.map(\.group.groupProbe))
      }
    }
    #expect(String(decoding: try folder.bytes("out/scores.csv"), as: UTF8.self).contains(",feature 3\n"))
    for (more, text) in [
      (["--group-column", "hopsital"], "did you mean 'hospital'"), (["--test", "tset"], "did you mean 'test'"),
      (["--group-column", "target"], "texts in the column 'hospital'"),
    ] {
      let result = try Clew.run(
        ["neurons", "ablate", "--features", "features.csv", "--group-column", "hospital", "--head", "head.csv"] + more, in: folder
      )
      #expect(result.status == 2 && result.complaints.count == 1 && result.error.contains(text), "\(more): \(result.error)")
    }
  }

  /// The features that reach the last layer of a network, and that layer, are what the files of features and head hold.
  @Test func fromANetwork() throws {
    let folder = try Folder()
    var random = RandomSource(seed: 1)
    func array(_ shape: Shape) -> NDArray { NDArray(random.normals(shape.elementCount).map { Float($0) }, shape: shape) }
    func labels(_ count: Int) -> NDArray { NDArray((0..<count).map { _ in Int64(random.uniform() * 2) }, shape: [count]) }
    try NPZ.write(
      [
        ("linear1.weight", array([6, 3])), ("linear1.bias", array([6])), ("fc.weight", array([2, 6])), ("fc.bias", array([2])),
      ], to: folder.path("mlp.npz"))
    try NPZ.write(
      [
        ("train", array([40, 3])), ("train_group", labels(40)), ("train_target", labels(40)), ("test", array([30, 3])),
        ("test_group", labels(30)), ("test_target", labels(30)),
      ], to: folder.path("data.npz"))
    let network = ["--model", "mlp", "--checkpoint", "mlp.npz"]
    let direct = try Clew.run(
      ["neurons", "ablate"] + network + ["--data", "data.npz", "--precision", "float64", "--json"], in: folder)
    #expect(direct.status == 0, "\(direct.error)")
    // The same by way of `clew run`.
    let data = try NamedArrays.load(folder.path("data.npz"))
    var features: [(name: String, array: NDArray)] = []
    for split in ["train", "test"] {
      let run = try Clew.run(
        ["run"] + network + [
          "--input", "data.npz:\(split)", "--capture", "tanh1", "--precision", "float64", "--output", "\(split).npz",
        ],
        in: folder)
      #expect(run.status == 0, "\(run.error)")
      features.append((split, try NamedArrays.load(folder.path("\(split).npz")).array(named: "capture:tanh1")))
      for suffix in ["_group", "_target"] { features.append((split + suffix, try data.array(named: split + suffix))) }
    }
    try NPZ.write(features, to: folder.path("features.npz"))
    let byFiles = try Clew.run(
      [
        "neurons", "ablate", "--features", "features.npz", "--head", "mlp.npz", "--weight", "fc.weight", "--bias", "fc.bias",
        "--json",
      ],
      in: folder)
    #expect(byFiles.status == 0, "\(byFiles.error)")
    #expect(try withoutProvenance(byFiles.output) == withoutProvenance(direct.output))
    for options in [["--model", "mlp"], network + ["--data", "data.npz", "--head", "mlp.npz"], ["--features", "features.npz"]] {
      #expect(try Clew.run(["neurons", "ablate"] + options, in: folder).status == 64, "\(options)")
    }
    let refused = try Clew.run(
      ["neurons", "ablate"] + network + ["--data", "data.npz", "--head-layer", "tanh1"], in: folder)
    #expect(refused.status == 2 && refused.error.contains("not linear"), "\(refused.error)")
  }

  @Test func refusals() throws {
    let folder = try Folder()
    let options = ["neurons", "ablate", "--features", Self.features, "--head", Self.head]
    for (more, text) in [
      (["--ks", "0,21"], "expected numbers from 0 to 20"), (["--ks", "0,,1"], "found ''"), (["--random", "0"], "--random"),
      (["--baseline", "trainmean"], "did you mean 'trainMean'"), (["--test", "tets"], "'test'"),
      (["--weight", "bias"], "expected 1"),
      (["--probe-tolerance", "1e-4"], "--probe-solver lbfgs"), (["--probe-iterations", "9"], "--probe-solver lbfgs"),
      (["--as-in-seed", "--probe-tolerance", "0"], "positive"), (["--as-in-seed", "--probe-tolerance", "nan"], "positive"),
      (["--probe-solver", "lbfgs", "--probe-iterations", "0"], "at least 1"),
      (["--control", "norm"], "matchedNorm"), (["--max-samples", "1"], "at least 2"), (["--id", "train_group"], "no array"),
    ] {
      let result = try Clew.run(options + more, in: folder)
      #expect(result.status == 2 && !result.wasKilled && result.complaints.count == 1, "\(more): \(result.error)")
      #expect(result.error.contains(text), "\(more): \(result.error)")
      #expect(result.output.isEmpty)
    }
    // A split of one group, one sample: an answer with a warning.
    try NPZ.write(
      [
        ("train", NDArray([Float](arrayLiteral: 1, 2, 3, 4, 5, 7, 8, 8), shape: [4, 2])),
        ("test", NDArray([Float](arrayLiteral: 1, 1), shape: [1, 2])),
        ("train_group", NDArray([Int64](arrayLiteral: 0, 1, 0, 1), shape: [4])),
        ("test_group", NDArray([Int64](arrayLiteral: 0), shape: [1])),
        ("train_target", NDArray([Int64](arrayLiteral: 0, 0, 1, 1), shape: [4])),
        ("test_target", NDArray([Int64](arrayLiteral: 0), shape: [1])),
      ], to: folder.path("small.npz"))
    try NPZ.write([("weight", NDArray([Float](arrayLiteral: 1, 1), shape: [1, 2]))], to: folder.path("head.npz"))
    let result = try Clew.run(["neurons", "ablate", "--features", "small.npz", "--head", "head.npz", "--json"], in: folder)
    #expect(result.status == 0, "\(result.error)")
    let document = try AblationDocument(result.output)
    #expect(document.sweep.allSatisfy { $0.group.groupProbe == nil } && document.warnings.count == 1)
  }
}
