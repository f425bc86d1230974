import Kernels
import Partition
import Platform
import Protocol
import Security
import SwiftProtobuf
import Tensors
import Transport

/// A worker's parameters in the memory of its store, or in a mirror of it where the store is on another host. It lasts over attempts: kernels are
/// planned on its addresses.
final class ParameterBinding {
    /// Whether gradients and values lie in memory that the store reads and writes.
    let isShared: Bool
    let parameters: [ParameterBlock.Key: ParameterMemory]
    /// Where values of even and odd steps land.
    let values: [ParameterBlock.Key: [Memory]]
    /// Where the store's segments are shown; nil for a mirror.
    private let windows: Windows?
    private let announced: WireSegment

    private struct Windows {
        let values: SegmentWindow
        let gradients: SegmentWindow
    }

    /// Tells a store how the kernels lay out the columns' parameters.
    static func register(
        _ blocks: [ParameterBlock], layouts: [ParameterBlock.Key: ParameterLayout], on link: Link, run: UInt64, attempt: UInt32
    ) throws {
        var message = WireRegister()
        message.blocks = try blocks.map { block in
            guard let layout = layouts[block.key] else { throw WireError(.malformed, "\(block.description) has no kernel") }
            return WireRegister.Block(block.key, values: try layout.values.blocked(), gradient: try layout.pushed.blocked())
        }
        link.send(.with { $0.register = message }, run: run, attempt: attempt)
    }

    /// Takes addresses for what a store has announced. Its memory is there after `show`.
    /// - Parameters:
    ///   - contributions: gradients of each tensor that the store takes from this worker's replica.
    ///   - buffers: places for gradients that the worker needs; the rest, for sums, is its own memory.
    ///   - sharesMirror: whether all values lie in the same memory, and all gradients, where it is no store's.
    init(
        _ announced: WireSegment, layouts: [ParameterBlock.Key: ParameterLayout], contributions: Int, buffers: Int,
        sharesMirror: Bool = false, engine: Engine
    ) throws {
        self.announced = announced.withoutPlace
        isShared = announced.shared
        let isMirror = !announced.shared
        func largest(_ part: KeyPath<ParameterLayout, TensorLayout>) -> Int {
            layouts.values.reduce(64) { max($0, $1[keyPath: part].byteCount) }
        }
        try Self.check(announced, layouts, contributions)
        let (valueBytes, gradientBytes) = (Int(clamping: announced.bytes), Int(clamping: announced.gradientBytes))
        let (valueMemory, gradientMemory): (TensorBuffer, TensorBuffer)
        if isMirror {
            windows = nil
            // Values land while gradients are being sent: these two do not share.
            valueMemory = try .allocate(byteCount: sharesMirror ? largest(\.values) : valueBytes)
            gradientMemory = try .allocate(byteCount: sharesMirror ? largest(\.pushed) : gradientBytes)
        } else {
            // A worker writes gradients only. One that goes on after it was replaced can harm nobody else's values.
            let new = Windows(
                values: try SegmentWindow(byteCount: valueBytes, access: .read),
                gradients: try SegmentWindow(byteCount: gradientBytes, access: .write))
            (windows, valueMemory, gradientMemory) = (new, new.values.buffer, new.gradients.buffer)
        }
        // A gradient that is handed in at once leaves its memory to the next.
        let isRounded = layouts.values.contains { $0.pushed != $0.gradient }
        let scratch =
            isRounded && max(buffers, contributions) == 1
            ? try TensorBuffer.allocate(byteCount: layouts.values.reduce(64) { max($0, $1.gradient.byteCount) }) : nil
        var (parameters, values) = ([ParameterBlock.Key: ParameterMemory](), [ParameterBlock.Key: [Memory]]())
        for place in announced.places {
            let key = ParameterBlock.Key(place.key)
            guard let layout = layouts[key], Int(clamping: place.bytes) == layout.values.byteCount else {
                throw WireError(.malformed, "the store keeps another tensor than was registered")
            }
            func slice(_ offset: UInt64, _ layout: TensorLayout, of memory: TensorBuffer) throws -> Memory {
                let offset = sharesMirror && isMirror ? 0 : offset
                guard offset <= UInt64(memory.bytes.count), Int(offset) + layout.byteCount <= memory.bytes.count else {
                    throw WireError(.malformed, "the store's tensor lies outside its memory")
                }
                return try Memory(layout, memory.slice(offset: Int(offset), byteCount: layout.byteCount), engine: engine)
            }
            let (even, odd) = (
                try slice(place.valuesEven, layout.values, of: valueMemory), try slice(place.valuesOdd, layout.values, of: valueMemory)
            )
            guard place.gradients.count == contributions else {
                throw WireError(.malformed, "the store takes another number of gradients than the replica gives")
            }
            let pushed = try place.gradients.map { try slice($0, layout.pushed, of: gradientMemory) }
            // What is rounded on its way is computed in memory of its own.
            let own = layout.pushed == layout.gradient ? pushed : []
            let others = try (own.count..<max(buffers, contributions)).map { _ in
                let buffer = scratch.map { $0.slice(offset: 0, byteCount: layout.gradient.byteCount) }
                return try buffer.map { try Memory(layout.gradient, $0, engine: engine) } ?? Memory(layout.gradient, engine: engine)
            }
            parameters[key] = ParameterMemory(even: even, odd: odd, gradients: own + others, pushed: pushed)
            values[key] = [even, odd]
        }
        guard parameters.count == layouts.count else {
            throw WireError(.malformed, "the store keeps fewer tensors than were registered")
        }
        (self.parameters, self.values) = (parameters, values)
    }

    /// Whether a later announcement is of memory that lies like this, so that the kernels' addresses can show it.
    func isOf(_ other: WireSegment) -> Bool { other.withoutPlace == announced }

    /// Maps the store's values, and memory for the gradients of an attempt, where kernels have been planned: planning writes zeros into the
    /// padding of tensors, and values cannot be written. No kernel may run meanwhile.
    /// - Parameter provides: Whether the system shall provide the gradients' memory now, before the first step writes it.
    func show(_ announced: WireSegment, provides: Bool) throws {
        guard let windows else { return }
        let process = Int32(bitPattern: announced.processID)
        try windows.values.show(
            ofProcess: process, descriptor: Int32(bitPattern: announced.descriptor), offset: Int(clamping: announced.offset),
            nonce: announced.nonce)
        try windows.gradients.show(
            ofProcess: process, descriptor: Int32(bitPattern: announced.gradientDescriptor), nonce: announced.gradientNonce)
        if provides { windows.gradients.buffer.prefault() }
    }

    /// Checks that the announced memory is bounded by what was registered.
    private static func check(
        _ segment: WireSegment, _ layouts: [ParameterBlock.Key: ParameterLayout], _ contributions: Int
    ) throws {
        // Tensors are rounded up to 64 bytes and follow a page.
        let values = layouts.values.reduce(SharedSegment.reserved) { $0 + 2 * ($1.values.byteCount + 64) }
        let gradients = layouts.values.reduce(SharedSegment.reserved) { $0 + contributions * ($1.pushed.byteCount + 64) }
        guard Int(clamping: segment.bytes) <= values, Int(clamping: segment.gradientBytes) <= gradients else {
            throw WireError(.malformed, "the store announced impossible memory")
        }
    }
}

extension WireSegment {
    /// The announcement without the process and the files in which the memory lies: what kernels are planned by.
    fileprivate var withoutPlace: WireSegment {
        var copy = self
        (copy.processID, copy.descriptor, copy.offset, copy.nonce) = (0, 0, 0, 0)
        (copy.gradientDescriptor, copy.gradientNonce) = (0, 0)
        return copy
    }
}

extension WireRegister.Block {
    init(_ key: ParameterBlock.Key, values: BlockedLayout, gradient: BlockedLayout) {
        self.init()
        self.key = key.wire
        self.values = .init(values)
        self.gradient = .init(gradient)
    }
}

extension WireRegister.Layout {
    init(_ layout: BlockedLayout) {
        self.init()
        func numbers(_ values: [Int]) -> [UInt64] { values.map { UInt64($0) } }
        isBfloat16 = layout.type == .bfloat16
        extents = numbers(layout.extents)
        paddedExtents = numbers(layout.paddedExtents)
        strides = numbers(layout.strides)
        innerBlocks = numbers(layout.innerBlocks)
        innerAxes = numbers(layout.innerAxes)
    }
}
