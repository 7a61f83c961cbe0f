import TensorCore

/// The channels of a ``TissuePhantom``: what each is called and where it is expressed.
struct TissuePanel {
  enum Pattern: Equatable {
    /// The nuclei of all cells.
    case nuclei
    /// The cells of `region`, and `overlap` times as strong those of `other`.
    case planted(region: Int, other: Int?, overlap: Double)
    /// A share of all cells, wherever they are.
    case scattered(share: Double)
    /// A slow change over the whole picture, such as autofluorescence or uneven light.
    case gradient
    /// Nothing but noise.
    case blank
  }

  struct Channel {
    var name: String
    var pattern: Pattern
    var strength: Double
  }

  private(set) var channels: [Channel] = []
  /// Channels by region, strongest first.
  private(set) var planted: [Int: [Int]] = [:]

  /// Markers that are found together, by kind of tissue.
  private static let tissues: [[String]] = [
    ["PanCK", "E-cadherin", "EpCAM"], ["CD20", "CD21", "PAX5"], ["CD3", "CD4", "CD8"], ["SMA", "Vimentin", "Collagen I"],
    ["CD68", "CD163", "CD14"], ["CD31", "CD34", "ERG"], ["CD138", "Kappa", "Lambda"], ["S100B", "SOX10", "Melan-A"],
  ]
  private static let others = [
    "Ki67", "CD45", "HLA-DR", "PD-1", "PD-L1", "FOXP3", "Granzyme B", "CD56", "CD11c", "CD15", "Histone H3", "CD44", "β-catenin",
    "p53", "CD57", "LAG-3", "ICOS", "IDO1", "CD25", "CD69", "Podoplanin", "GFAP", "Autofluorescence", "Blank",
  ]

  init(_ configuration: TissuePhantom.Configuration, source: inout RandomSource) {
    channels = [Channel(name: "DAPI", pattern: .nuclei, strength: 1)]
    var spare = Self.others
    spare.shuffle(using: &source)
    var used: Set<String> = ["DAPI"]
    func unused(_ wanted: String?) -> String {
      if let wanted, used.insert(wanted).inserted { return wanted }
      while let name = spare.popLast() { if used.insert(name).inserted { return name } }
      var number = 1
      while !used.insert("Marker \(number)").inserted { number += 1 }
      return "Marker \(number)"
    }

    var rest: [Channel] = []
    for region in 0..<configuration.regions {
      let tissue = region < Self.tissues.count ? Self.tissues[region] : []
      for rank in 0..<configuration.plantedPerRegion {
        let other =
          configuration.regions > 1
          ? (region + 1 + Int(source.uniform() * Double(configuration.regions - 1))) % configuration.regions : nil
        let position = configuration.plantedPerRegion > 1 ? Double(rank) / Double(configuration.plantedPerRegion - 1) : 0
        rest.append(
          Channel(
            name: unused(rank < tissue.count ? tissue[rank] : nil),
            pattern: .planted(region: region, other: other, overlap: configuration.overlap), strength: Self.strength(position)))
      }
    }
    for _ in 0..<configuration.uninformativeChannels {
      let name = unused(nil)
      let strength = 0.4 + 0.6 * source.uniform()
      rest.append(Channel(name: name, pattern: Self.pattern(of: name, source: &source), strength: strength))
    }
    // So that no method can gain from the order of the channels.
    rest.shuffle(using: &source)
    channels += rest
    collectPlanted(regions: configuration.regions)
  }

  /// From 1 to 0.4, harmonically, as `position` goes from 0 to 1.
  private static func strength(_ position: Double) -> Double { 1 / (1 + 1.5 * position) }

  private static func pattern(of name: String, source: inout RandomSource) -> Pattern {
    let draw = source.uniform()
    switch name {
    case "Blank": return .blank
    case "Autofluorescence": return .gradient
    default: return draw < 0.2 ? .blank : .scattered(share: 0.1 + 0.5 * (draw - 0.2))
    }
  }

  private mutating func collectPlanted(regions: Int) {
    for region in 0..<regions { planted[region] = [] }
    for (index, channel) in channels.enumerated() {
      if case .planted(let region, _, _) = channel.pattern { planted[region, default: []].append(index) }
    }
    for region in 0..<regions {
      planted[region, default: []].sort { channels[$0].strength > channels[$1].strength }
    }
  }
}
