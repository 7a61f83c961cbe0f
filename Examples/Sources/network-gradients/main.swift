// What moves one output of a network: its gradient with respect to the picture and to an inner layer, both drawn.
//   network-gradients resnet18.pth photo.jpg 207
import Clew

let arguments = CommandLine.arguments
// Without arguments, a network with random weights looks at a disc: the steps are the same.
var network = try ResNet(.resNet18, width: 16, classes: 10).network(seed: 1)
var pixels = NDArray(
  (0..<224 * 224).flatMap { i -> [UInt8] in
    let (y, x) = (i / 224 - 112, i % 224 - 112)
    return x * x + y * y < 3000 ? [230, 120, 40] : [40, 60, 90]
  }, shape: [224, 224, 3])
if arguments.count > 2 {
  network = try Zoo.resNet18.network(filling: try StateDictionary.load(arguments[1]))
  pixels = try NamedArrays.load(arguments[2]).sole
}
let target = arguments.count > 3 ? Int(arguments[3]) ?? 0 : 0

let x = try PicturePreprocessing.preset(.imagenet)(pixels).recorded()
let run = try network.run(x, capturing: ["layer2.1.add"])
let gradients = try run.output[0, target].gradient(for: [x, run["layer2.1.add"]])

// One number for each position: the length of the gradient over its channels.
let panels = zip(["picture", "layer2.1.add"], gradients).map { name, gradient in
  let length = gradient[0].norm(along: [0])
  return ImagePanel("gradient at \(name)", subtitle: "\(gradient.shape)", .heat(HeatMap(length.value)))
}
let figure = PanelGrid("Output \(target)", panels: panels, columns: 2)
try figure.render(to: "network-gradients.png", format: .png)
print("output \(target): \(run.output[0, target].scalar); drawn in network-gradients.png")
