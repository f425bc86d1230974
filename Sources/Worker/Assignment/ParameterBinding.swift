import Kernels
import Partition
import Platform
import Protocol
import Security
import SwiftProtobuf
import Tensors
import Transport

/// A worker's parameters in the memory of its store, or in a mirror of it where the store is on another host.
final class ParameterBinding {
    /// Whether gradients and values lie in memory that the store reads and writes.
    let isShared: Bool
    let parameters: [ParameterBlock.Key: ParameterMemory]
    /// Where values of even and odd steps land.
    let values: [ParameterBlock.Key: [Memory]]
    private let segment: SharedSegment?
    private let announced: WireSegment

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

    /// Maps what a store has announced.
    /// - Parameters:
    ///   - contributions: gradients of each tensor that the store takes from this worker's replica.
    ///   - buffers: places for gradients that the worker needs; the rest, for sums, is its own memory.
    ///   - sharesMirror: whether all values lie in the same memory, and all gradients, where it is no store's.
    init(
        _ announced: WireSegment, layouts: [ParameterBlock.Key: ParameterLayout], contributions: Int, buffers: Int,
        sharesMirror: Bool = false, engine: Engine
    ) throws {
        self.announced = announced
        let isOnThisHost = announced.shared
        isShared = isOnThisHost
        func largest(_ part: KeyPath<ParameterLayout, TensorLayout>) -> Int {
            layouts.values.reduce(64) { max($0, $1[keyPath: part].byteCount) }
        }
        /// Where everything is in a mirror whose tensors share memory.
        let places = (values: 0, gradients: (largest(\.values) + 63) / 64 * 64)
        let memory: TensorBuffer
        if announced.shared {
            let segment = try SharedSegment(
                ofProcess: Int32(bitPattern: announced.processID), descriptor: Int32(bitPattern: announced.descriptor),
                byteCount: Int(clamping: announced.bytes), nonce: announced.nonce)
            self.segment = segment
            memory = segment.buffer
        } else {
            segment = nil
            let size = try Self.size(of: announced, layouts, contributions)
            // Values land while gradients are being sent: these two do not share.
            memory = try TensorBuffer.allocate(byteCount: sharesMirror ? places.gradients + largest(\.pushed) : size)
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
            func slice(_ offset: UInt64, _ layout: TensorLayout, in shared: Int) throws -> Memory {
                let offset = sharesMirror && !isOnThisHost ? UInt64(shared) : offset
                guard offset <= UInt64(memory.bytes.count), Int(offset) + layout.byteCount <= memory.bytes.count else {
                    throw WireError(.malformed, "the store's tensor lies outside its memory")
                }
                return try Memory(layout, memory.slice(offset: Int(offset), byteCount: layout.byteCount), engine: engine)
            }
            let (even, odd) = (
                try slice(place.valuesEven, layout.values, in: places.values), try slice(place.valuesOdd, layout.values, in: places.values)
            )
            guard place.gradients.count == contributions else {
                throw WireError(.malformed, "the store takes another number of gradients than the replica gives")
            }
            let pushed = try place.gradients.map { try slice($0, layout.pushed, in: places.gradients) }
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

    /// Whether a later announcement is of this memory, which kernels are planned on.
    func isOf(_ other: WireSegment) -> Bool { other == announced }

    /// The memory that the announced tensors need, bounded by what was registered.
    private static func size(
        of segment: WireSegment, _ layouts: [ParameterBlock.Key: ParameterLayout], _ contributions: Int
    ) throws -> Int {
        let size = Int(clamping: segment.bytes)
        // Two values and the gradients, each rounded up to 64 bytes, after a page.
        let needed = layouts.values.reduce(0) {
            $0 + 2 * $1.values.byteCount + contributions * $1.pushed.byteCount + (2 + contributions) * 64
        }
        guard size <= needed + 4096 else { throw WireError(.malformed, "the store announced impossible memory") }
        return size
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
