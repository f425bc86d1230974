import Platform

/// Decodes the images of a queue on two threads and delivers them in the order of the queue.
final class DecodingPipeline: Sendable {
    /// An image in its stored form.
    struct Packed: Sendable {
        /// Planar RGB, CHW.
        let pixels: [UInt8]
        /// The JPEG file to store; nil if the pixels are stored.
        let file: [UInt8]?
    }

    /// A decoded image, or the reason why it is unusable.
    struct Outcome: Sendable {
        let item: ImageItem
        let image: Result<Packed, ImageError>
    }

    private struct State {
        var queue: any ImageQueue
        var taken = 0
        var delivered = 0
        var outcomes: [Int: Outcome] = [:]
        var running: Int
        var failure: (any Error)?
        var isCancelled = false
    }

    private static let threads = 2
    /// The number of decoded images that may wait for delivery. This bounds memory.
    private static let window = 32

    private let state: Monitor<State>

    init(queue: any ImageQueue, size: Int, packing: Packing) {
        let state = Monitor(State(queue: queue, running: Self.threads))
        self.state = state
        for number in 0..<Self.threads {
            _ = ServiceThread(name: "decode-\(number)") { Self.work(state, size: size, packing: packing) }
        }
    }

    /// Returns the next image of the queue, or nil at its end.
    func next() throws -> Outcome? {
        let found: Outcome?? = state.wait { state in
            if let outcome = state.outcomes[state.delivered] { return outcome }
            return state.running == 0 ? .some(nil) : nil
        }
        return try state.update { state in
            guard let outcome = found ?? nil else {
                if let failure = state.failure { throw failure }
                return nil
            }
            state.outcomes[state.delivered] = nil
            state.delivered += 1
            return outcome
        }
    }

    /// Stops each thread after its current image, and waits for them.
    func cancel() {
        state.update { $0.isCancelled = true }
        _ = state.wait { $0.running == 0 ? true : nil }
    }

    private static func work(_ state: Monitor<State>, size: Int, packing: Packing) {
        let (decoder, encoder) = (ImageDecoder(), ImageEncoder())
        while let (number, item) = take(state) {
            let image = Result { () throws(ImageError) in
                let square = try decoder.decode(item.bytes()).squared(size)
                let file = packing == .jpeg ? try encoder.jpeg(square) : nil
                return Packed(pixels: square.planar, file: file)
            }
            state.update { $0.outcomes[number] = Outcome(item: item, image: image) }
        }
        state.update { $0.running -= 1 }
    }

    private static func take(_ state: Monitor<State>) -> (Int, ImageItem)? {
        let taken: (Int, ImageItem)?? = state.wait { state in
            if state.isCancelled || state.failure != nil { return .some(nil) }
            if state.taken - state.delivered >= window { return nil }
            do {
                guard let item = try state.queue.next() else { return .some(nil) }
                state.taken += 1
                return (state.taken - 1, item)
            } catch {
                state.failure = error
                return .some(nil)
            }
        }
        return taken ?? nil
    }
}
