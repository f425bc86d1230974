import Threading

/// Decodes the pictures of a queue on two threads and hands them over in the queue's order.
final class DecodingPipeline: Sendable {
    /// A picture's record, or why there is none.
    struct Outcome: Sendable {
        let item: PictureQueue.Item
        let pixels: Result<[UInt8], PictureError>
    }

    private struct State {
        var queue: PictureQueue
        var taken = 0
        var delivered = 0
        var outcomes: [Int: Outcome] = [:]
        var running: Int
        var failure: (any Error)?
        var isCancelled = false
    }

    private static let threads = 2
    /// Pictures that may wait for their turn: what bounds memory.
    private static let window = 32

    private let state: Monitor<State>

    init(queue: PictureQueue, size: Int) {
        let state = Monitor(State(queue: queue, running: Self.threads))
        self.state = state
        for number in 0..<Self.threads {
            _ = ServiceThread(name: "decode-\(number)") { Self.work(state, size: size) }
        }
    }

    /// The next picture of the queue, or nil at its end.
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

    /// Stops the threads after the picture each is at, and waits for them.
    func cancel() {
        state.update { $0.isCancelled = true }
        _ = state.wait { $0.running == 0 ? true : nil }
    }

    private static func work(_ state: Monitor<State>, size: Int) {
        let decoder = PictureDecoder()
        while let (number, item) = take(state) {
            let pixels = Result { () throws(PictureError) in try decoder.record(item, size: size) }
            state.update { $0.outcomes[number] = Outcome(item: item, pixels: pixels) }
        }
        state.update { $0.running -= 1 }
    }

    private static func take(_ state: Monitor<State>) -> (Int, PictureQueue.Item)? {
        let taken: (Int, PictureQueue.Item)?? = state.wait { state in
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

extension PictureDecoder {
    /// The record of one file of a queue: `size`×`size`, planar RGB.
    fileprivate func record(_ item: PictureQueue.Item, size: Int) throws(PictureError) -> [UInt8] {
        switch item.kind {
        case .file: try decode(path: item.path).squared(size)
        case .folder: throw PictureError("a folder; pictures lie directly in their class's folder")
        case .link: throw PictureError("a symbolic link; links are not followed")
        case .other: throw PictureError("not a regular file")
        }
    }
}
