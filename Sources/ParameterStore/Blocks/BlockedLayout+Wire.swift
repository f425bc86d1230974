package import Kernels
package import Protocol
import Tensors

extension BlockedLayout {
    package init(_ message: WireRegister.Layout) {
        func numbers(_ values: [UInt64]) -> [Int] { values.map { Int(clamping: $0) } }
        self.init(
            type: message.isBfloat16 ? .bfloat16 : .float32, extents: numbers(message.extents),
            paddedExtents: numbers(message.paddedExtents),
            strides: numbers(message.strides), innerBlocks: numbers(message.innerBlocks),
            innerAxes: numbers(message.innerAxes))
    }
}
