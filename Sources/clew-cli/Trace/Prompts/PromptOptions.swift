import ArgumentParser
import Clew

/// Points that are said to be foreground or background.
struct PromptOptions: ParsableArguments {
  @Option(
    parsing: .unconditionalSingleValue,
    help: ArgumentHelp(
      "A point of what is looked for, as row,column of the grid that is cut, or in percent of its height and width "
        + "(40%,75%); picture,row,column in a batch, a number in a list of nodes. Repeatable. The result is then the foreground "
        + "that belongs to such points, instead of segments; --segments says how many eigenvectors are used (default: "
        + "\(PromptOptions.usualEigenvectors)).", valueName: "point"))
  var foreground: [String] = []

  @Option(
    parsing: .unconditionalSingleValue,
    help: ArgumentHelp("With --foreground: a point of what is not looked for. Repeatable.", valueName: "point"))
  var background: [String] = []

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "With --background: the share, 0 to 1, of the background that lies on these points; the rest lies on all nodes "
        + "(default: 0.25).", valueName: "W"))
  var backgroundWeight: Double?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "With --foreground: the score, -1 to 1, above which a node belongs to it (default: the one that parts the scores best).",
      valueName: "T"))
  var threshold: Double?

  static let usualEigenvectors = 6

  var isEmpty: Bool { foreground.isEmpty && background.isEmpty && backgroundWeight == nil && threshold == nil }

  /// The prompts as nodes.
  ///
  /// - Parameters:
  ///   - grid: the shape of the features without their channels.
  ///   - input: what it is called in messages.
  func prompts(in grid: Shape, of input: String) throws -> CutPrompts {
    if foreground.isEmpty {
      let others = background.isEmpty ? threshold == nil ? "--background-weight" : "--threshold" : "--background"
      throw CommandError.unusable("--foreground: found no point, expected at least one beside \(others)")
    }
    if background.isEmpty && backgroundWeight != nil {
      throw CommandError.unusable("--background-weight: found no --background, expected at least one point that it is of")
    }
    if let weight = backgroundWeight, !(0...1).contains(weight) {
      throw CommandError.unusable("--background-weight: found \(weight), expected a share from 0 to 1")
    }
    if let threshold, !(-1...1).contains(threshold) {
      throw CommandError.unusable("--threshold: found \(threshold), expected a score from -1 to 1")
    }
    let wanted = try foreground.map { try node($0, "--foreground", grid, input) }
    let others = try background.map { text in
      let node = try node(text, "--background", grid, input)
      if let index = wanted.firstIndex(of: node) {
        throw CommandError.unusable(
          "--background: found \(text), which is --foreground \(foreground[index]) as well, expected a point on one side only")
      }
      return node
    }
    do throws(SpectralError) {
      return try CutPrompts(foreground: wanted, background: others, backgroundWeight: backgroundWeight ?? 0.25)
    } catch { throw CommandError.unusable("--foreground: \(error)") }
  }

  private func node(_ text: String, _ option: String, _ grid: Shape, _ input: String) throws -> Int {
    let names = grid.rank == 1 ? ["node"] : ["picture", "row", "column"].suffix(grid.rank)
    let parts = text.split(separator: ",", omittingEmptySubsequences: false).map { $0.filter { $0 != " " } }
    let sizes = zip(grid, names).map { "\($0) \($1)s" }.joined(separator: ", ")
    func refuse(_ expected: String) -> CommandError {
      .unusable("\(option): found '\(text)', expected \(expected) of \(input), which has \(sizes)")
    }
    let form = grid.rank == 1 ? "the number of a node" : names.joined(separator: ",")
    guard parts.count == names.count else { throw refuse(form) }
    var node = 0
    for (part, (size, name)) in zip(parts, zip(grid, names)) {
      let place: Int
      if part.hasSuffix("%"), name != "picture" {
        guard let share = Double(part.dropLast()), (0...100).contains(share) else { throw refuse("0 % to 100 %") }
        place = min(size - 1, Int(share / 100 * Double(size)))
      } else {
        guard let number = Int(part) else { throw refuse(grid.rank == 1 ? form : form + " as numbers") }
        guard (0..<size).contains(number) else { throw refuse("a \(name) from 0 to \(size - 1)") }
        place = number
      }
      node = node * size + place
    }
    return node
  }
}
