import SwiftProtobuf

extension WireBlockKey: Comparable {
    public static func < (a: WireBlockKey, b: WireBlockKey) -> Bool {
        (a.layer, a.isBias ? 1 : 0, a.column, a.source) < (b.layer, b.isBias ? 1 : 0, b.column, b.source)
    }
}

extension FrameHeader {
    /// The parameter block that a push, value, snapshot or restore frame is about.
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

    public var isMomentum: Bool {
        get { direction == .weightsMomentum || direction == .biasesMomentum }
        set {
            let isBias = direction == .biases || direction == .biasesMomentum
            direction = newValue ? (isBias ? .biasesMomentum : .weightsMomentum) : (isBias ? .biases : .weights)
        }
    }
}
