// Values: an array has an element type, a shape, and row-major elements.
import TensorCore

var source = RandomSource(seed: 1)
let features = NDArray(source.normals(6), shape: [2, 3])
print(features)
print(features.reshaped(to: [3, 2]))
