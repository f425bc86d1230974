import Glibc
import Platform
import Protocol
import Security
import SwiftProtobuf
import Transport

/// Gives the files of the run's data set to workers whose hosts have no copy, from a thread of its own: the disk is
/// slow, and the loop has better to do.
final class DatasetServer: Sendable {
    /// All that a packed data set needs; a request names a file by its index, never by a path.
    private static let names = [
        "dataset.json", "mean.f32", "train.index", "train.records", "validation.index", "validation.records",
    ]
    /// Requests that may wait; a worker asks for a few at a time.
    private static let limit = 1024

    private struct Request: Sendable {
        let file: Int
        let offset: Int
        let length: Int
        let link: Link
    }

    private struct State {
        var requests: [Request] = []
        var isStopped = false
    }

    private let directory: String
    private let run: UInt64
    private let state = Monitor(State())

    init(directory: String, run: UInt64) {
        (self.directory, self.run) = (directory, run)
        _ = ServiceThread(name: "data") { [weak self] in
            while let request = self?.next() { self?.answer(request) }
        }
    }

    deinit { stop() }

    func stop() { state.update { $0.isStopped = true } }

    /// Every file with its size.
    func listing() throws -> WireDataListing {
        var listing = WireDataListing()
        for name in Self.names {
            var status = stat()
            guard stat("\(directory)/\(name)", &status) == 0 else {
                throw WireError(.refused, "the coordinator's data set lacks \(name)")
            }
            listing.files.append(.with { ($0.name, $0.size) = (name, UInt64(status.st_size)) })
        }
        return listing
    }

    /// Answers a request when its turn comes.
    func ask(_ message: WireDataRequest, _ link: Link) throws {
        let request = Request(
            file: Int(message.file), offset: Int(clamping: message.offset), length: Int(message.length), link: link)
        guard Self.names.indices.contains(request.file), (1...FrameHeader.dataLimit).contains(request.length) else {
            throw WireError(.malformed, "a request for no part of the data set")
        }
        try state.update { state in
            guard state.requests.count < Self.limit else { throw WireError(.malformed, "too many requests at once") }
            state.requests.append(request)
        }
    }

    private func next() -> Request? {
        let found: Request?? = state.wait { state in
            if state.isStopped { return .some(nil) }
            return state.requests.isEmpty ? nil : .some(state.requests.removeFirst())
        }
        return found ?? nil
    }

    private func answer(_ request: Request) {
        let descriptor = open("\(directory)/\(Self.names[request.file])", O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        defer { if descriptor >= 0 { close(descriptor) } }
        var bytes = [UInt8](repeating: 0, count: request.length)
        let count = bytes.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, $0.count, off_t(request.offset)) }
        guard descriptor >= 0, count >= 0 else { return request.link.cancel("the data set cannot be read") }
        bytes.removeLast(bytes.count - count)
        var header = FrameHeader(.data)
        header.run = run
        header.layer = UInt16(request.file)
        header.step = UInt64(request.offset)
        request.link.send(header, .bytes(bytes))
    }
}
