import SwiftProtobuf
public import Transport

extension WireBlockKey: Comparable {
    public static func < (a: WireBlockKey, b: WireBlockKey) -> Bool {
        (a.layer, a.isBias ? 1 : 0, a.column, a.source) < (b.layer, b.isBias ? 1 : 0, b.column, b.source)
    }
}

extension FrameHeader {
    /// The parameter block of a push, value, snapshot or restore frame. Setting it selects the values, not the momentum.
    public var blockKey: WireBlockKey {
        get {
            .with {
                $0.layer = UInt32(layer)
                $0.isBias = direction == .biases || direction == .biasesMomentum
                $0.column = UInt32(destination)
                $0.source = UInt32(source)
            }
        }
        set {
            layer = UInt16(truncatingIfNeeded: newValue.layer)
            destination = UInt16(truncatingIfNeeded: newValue.column)
            source = UInt16(truncatingIfNeeded: newValue.source)
            direction = newValue.isBias ? .biases : .weights
        }
    }

    /// Whether the frame carries the block's momentum instead of its values. Set `blockKey` first.
    public var isMomentum: Bool {
        get { direction == .weightsMomentum || direction == .biasesMomentum }
        set {
            let isBias = direction == .biases || direction == .biasesMomentum
            direction = newValue ? (isBias ? .biasesMomentum : .weightsMomentum) : (isBias ? .biases : .weights)
        }
    }
}
