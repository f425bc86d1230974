import Kernels
import NeuralNetwork
package import Partition
import Tensors

/// A block's key, as a shard's directory has it.
package struct StoredKey: Codable, Hashable, Sendable {
    let layer, column, source: Int
    let isBias: Bool

    package init(_ key: ParameterBlock.Key) { (layer, column, source, isBias) = (key.layer, key.column, key.source, key.kind == .bias) }

    package var block: ParameterBlock.Key {
        ParameterBlock.Key(layer: layer, kind: isBias ? .bias : .weight, column: column, source: source)
    }
}

/// A tensor's layout, as a shard's directory has it.
package struct StoredLayout: Codable, Equatable, Sendable {
    let is16Bit: Bool
    let extents, paddedExtents, strides, innerBlocks, innerAxes: [Int]

    init(_ layout: BlockedLayout) {
        is16Bit = layout.type == .bfloat16
        (extents, paddedExtents, strides) = (layout.extents, layout.paddedExtents, layout.strides)
        (innerBlocks, innerAxes) = (layout.innerBlocks, layout.innerAxes)
    }

    var blocked: BlockedLayout {
        BlockedLayout(
            type: is16Bit ? .bfloat16 : .float32, extents: extents, paddedExtents: paddedExtents, strides: strides,
            innerBlocks: innerBlocks, innerAxes: innerAxes)
    }

    /// Nil where there is no such layout.
    var byteCount: Int? { (try? TensorLayout(blocked))?.byteCount }
}
