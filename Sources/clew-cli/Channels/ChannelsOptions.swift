import ArgumentParser
import Clew
import Foundation

enum ShortcutChoice: String, ExpressibleByArgument, CaseIterable { case auto, off }
enum PaddingChoice: String, ExpressibleByArgument, CaseIterable { case outside, inside }
enum NormalizationChoice: String, ExpressibleByArgument, CaseIterable { case none, zScore, asinh }

/// Which cells a study looks at, and how their pixels become a network's input.
struct CellOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The HDF5 file: marker_names, coords/DIM1, coords/DIM2, coords/sample_id, data/SAMPLE/image [rows, columns, markers].",
      valueName: "file"))
  var data: String

  @Option(help: ArgumentHelp("The markers that the network reads, separated by commas (default: all).", valueName: "file"))
  var markers: String?

  @Option(help: ArgumentHelp("Indices of cells, one a line (default: all).", valueName: "file"))
  var cells: String?

  @Option(parsing: .unconditional, help: ArgumentHelp("Draw so many of the cells, by --seed (default: all).", valueName: "N"))
  var count: Int?

  @Option(parsing: .unconditional, help: ArgumentHelp("Rows and columns around a cell.", valueName: "P"))
  var patchSize: Int

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Rows and columns of the middle that is kept of a patch (default: all).", valueName: "size"))
  var centerCrop: Int?

  @Option(
    help: ArgumentHelp(
      "Where zeros are put: outside, where a patch leaves its image; or inside, in front of patches that do not, as in the "
        + "published notebook, for cells at one place of their images. Default: outside; inside with --as-in-seed.",
      valueName: "outside|inside"))
  var padding: PaddingChoice?

  @Flag(help: "Set pixels to 0 that data/SAMPLE/masks gives to another cell, or to none.")
  var maskCells = false

  @Option(help: "What is done to pixels: none, zScore (by channel, over all patches), asinh.")
  var normalization = NormalizationChoice.none

  @Option(parsing: .unconditional, help: ArgumentHelp("What asinh divides by.", valueName: "number"))
  var cofactor = 5.0

  struct Selection {
    /// The groups of channels in a file, one a line.
    func groups(_ path: String) throws -> [[Int]] {
      var groups: [[Int]] = []
      let lines = try CellOptions.text(path).split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
      for (number, line) in lines.enumerated() {
        let names = line.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
        var group: [Int] = []
        for name in names {
          guard let channel = markers.firstIndex(of: name) else {
            let hint = NearestName.nearest(to: name, in: markers).map { "; did you mean '\($0)'?" } ?? ""
            throw CommandError.unusable(
              "\(path): found the marker '\(name.prefix(40))' in line \(number + 1), expected markers that are studied\(hint)")
          }
          if group.contains(channel) {
            throw CommandError.unusable("\(path): found the marker '\(name)' twice in line \(number + 1), expected each once")
          }
          group.append(channel)
        }
        if !group.isEmpty { groups.append(group) }
      }
      if groups.isEmpty {
        throw CommandError.unusable("\(path): found no group, expected markers separated by commas, one group a line")
      }
      return groups
    }

    let markers: [String]
    let channels: [Int]
    let cells: [Int]
    /// The number of each cell's sample.
    let strata: [Int]
    let source: PatchSource
    let files: [String]
    let warnings: [String]
  }

  func load(_ common: CommonOptions, asInSeed: Bool) throws -> Selection {
    if patchSize < 1 { throw CommandError.unusable("--patch-size: found \(patchSize), expected at least 1") }
    if let centerCrop, !(1...patchSize).contains(centerCrop) {
      throw CommandError.unusable("--center-crop: found \(centerCrop), expected from 1 to the patch size \(patchSize)")
    }
    let padding: CellPatches.Padding = self.padding ?? (asInSeed ? .inside : .outside) == .inside ? .inside : .outside
    if padding == .inside, let centerCrop {
      throw CommandError.unusable("--center-crop: found \(centerCrop), expected none: patches padded inside have no middle")
    }
    if !(cofactor > 0 && cofactor.isFinite) {
      throw CommandError.unusable("--cofactor: found \(cofactor), expected a positive number")
    }
    let file = try CellFile(data)
    let names = try markers.map { try Self.names($0) } ?? file.markers
    let channels = asInSeed ? Array(file.markers.indices) : try file.channels(of: names, source: markers ?? data)
    if names.count != channels.count {
      throw CommandError.unusable(
        "\(markers ?? data): found \(names.count) markers, expected \(channels.count), the channels of \(data): --as-in-seed reads all"
      )
    }
    let listed = try cells.map { try Self.indices($0) } ?? Array(file.positions.indices)
    let chosen = try drawn(listed, common.seed)
    let patches = try CellPatches(
      file, cells: chosen, channels: channels, size: patchSize, crop: centerCrop, isMasked: maskCells,
      padding: padding, dtype: common.precision.dtype, source: cells ?? data)
    let normalized: PatchNormalization =
      switch normalization {
      case .none: .none
      case .zScore: .zScore
      case .asinh: .asinh(cofactor: cofactor)
      }
    let samples = Array(Set(chosen.map { file.samples[$0] })).sorted()
    let numbers = Dictionary(uniqueKeysWithValues: samples.enumerated().map { ($0.element, $0.offset) })
    let repeated = chosen.count - Set(chosen).count
    return Selection(
      markers: asInSeed ? names : channels.map { file.markers[$0] }, channels: channels, cells: chosen,
      strata: chosen.map { numbers[file.samples[$0]] ?? 0 },
      source: try PatchSource(patches).normalized(normalized), files: [data] + [markers, cells].compactMap { $0 },
      warnings: repeated > 0 ? ["\(repeated) of the \(chosen.count) cells are listed more than once"] : [])
  }

  private func drawn(_ listed: [Int], _ seed: UInt64) throws -> [Int] {
    guard let count else { return listed }
    guard (1...max(1, listed.count)).contains(count) else {
      throw CommandError.unusable("--count: found \(count), expected from 1 to \(listed.count), the cells of \(cells ?? data)")
    }
    var random = RandomSource(seed: seed, stream: 2)
    return random.permutation(listed.count).prefix(count).sorted().map { listed[$0] }
  }

  private static func names(_ path: String) throws -> [String] {
    let names = try text(path).split { $0 == "," || $0.isNewline }.map { $0.trimmingCharacters(in: .whitespaces) }
    let known = names.filter { !$0.isEmpty }
    if known.isEmpty { throw CommandError.unusable("\(path): found no marker, expected names separated by commas") }
    return known
  }

  private static func indices(_ path: String) throws -> [Int] {
    var indices: [Int] = []
    for (number, line) in try text(path).split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
      for word in line.split(whereSeparator: { $0 == "," || $0.isWhitespace }) {
        guard let index = Int(word) else {
          throw CommandError.unusable("\(path): found '\(word.prefix(40))' in line \(number + 1), expected the index of a cell")
        }
        indices.append(index)
      }
    }
    if indices.isEmpty { throw CommandError.unusable("\(path): found no cell, expected indices, one a line") }
    return indices
  }

  fileprivate static func text(_ path: String) throws -> String {
    guard FileKind.exists(path) else { throw CommandError.unusable("\(path): found no such file, expected a text file") }
    guard let data = FileManager.default.contents(atPath: path) else {
      throw CommandError.unusable("\(path): found a file that cannot be read, expected a text file")
    }
    guard data.count <= 64 << 20, let text = String(data: data, encoding: .utf8) else {
      throw CommandError.unusable("\(path): found what is no text, expected a text file")
    }
    return text
  }
}

extension ChannelBaseline {
  /// As on the command line.
  init(argument: String) throws {
    switch argument {
    case "zero": self = .zero
    case "channelMean": self = .channelMean
    case "permuted": self = .permuted
    case "resampled": self = .resampled
    default:
      guard let value = Double(argument), value.isFinite else {
        let names = ["zero", "channelMean", "permuted", "resampled"]
        let hint = NearestName.nearest(to: argument, in: names).map { "; did you mean '\($0)'?" } ?? ""
        throw CommandError.unusable(
          "--baseline: found '\(argument)', expected \(names.joined(separator: ", ")) or a number\(hint)")
      }
      self = .value(value)
    }
  }
}
