import Features
import Figures
import Foundation
import TensorCore
import Testing

@Test func phantomGallery() throws {
  guard let folder = ProcessInfo.processInfo.environment["GALLERY"] else { return }
  let d = Date()
  let p = TissuePhantom(seed: 1)
  print("PHANTOM", Date().timeIntervalSince(d))
  let values = p.features.doubles
  let map = LabelMap(p.regions, height: 96, width: 96)
  var panels = [ImagePanel("regions", .labels(map))]
  for c in 0..<24 {
    let plane = NDArray((0..<9216).map { Float(values[$0 * 24 + c]) }, shape: [96, 96])
    let r = p.planted.first { $0.value.contains(c) }?.key
    panels.append(ImagePanel(p.markerNames[c], subtitle: r.map { "planted in \($0)" } ?? "", .heat(HeatMap(plane)), outline: r.map { RegionMask(of: $0, in: map) }))
  }
  try PanelGrid("Phantom", panels: panels, columns: 6).render(to: folder + "/phantom.png", format: .png)
}
