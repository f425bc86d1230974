import Datasets
import Foundation
import Glibc
import Platform
import Protocol
import Security
import SwiftProtobuf
import Tensors
import Transport

/// Data sets that were fetched from coordinators, on this host, each under its fingerprint.
struct DatasetCache {
    /// `$XDG_CACHE_HOME/colonnade/datasets`, or the same under `~/.cache`.
    static var usual: String {
        let environment = ProcessInfo.processInfo.environment
        let home = environment["XDG_CACHE_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil }
        return (home ?? NSHomeDirectory() + "/.cache") + "/colonnade/datasets"
    }

    let directory: String
    let coordinator: Link
    let mailbox: DataMailbox
    let log: @Sendable (String) -> Void
    /// Parts that are asked for ahead of the one that is waited for.
    private static let window = 4

    init(directory: String, coordinator: Link, mailbox: DataMailbox, log: @escaping @Sendable (String) -> Void) {
        (self.directory, self.coordinator, self.mailbox, self.log) = (directory, coordinator, mailbox, log)
    }

    /// The data set of a fingerprint: from the cache, or fetched into it, verified and kept.
    func dataset(_ fingerprint: String) throws -> Dataset {
        guard fingerprint.utf8.count == 16, fingerprint.allSatisfy(\.isHexDigit) else {
            throw WireError(.malformed, "the coordinator's data set has no fingerprint")
        }
        let place = "\(directory)/\(fingerprint)"
        if let kept = try? Dataset(path: place), kept.manifest.fingerprint == fingerprint { return kept }
        do {
            try FileManager.default.createDirectory(
                atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw WireError(.refused, "\(directory) cannot be made; name another place with --data-cache")
        }
        // Two workers of one host fetch it once.
        let lock = open("\(place).lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard lock >= 0 else { throw FileError("\(place).lock", "create it") }
        defer { close(lock) }
        while flock(lock, LOCK_EX) != 0 { guard errno == EINTR else { throw FileError("\(place).lock", "lock it") } }
        if let kept = try? Dataset(path: place), kept.manifest.fingerprint == fingerprint { return kept }
        return try fetch(fingerprint, to: place)
    }

    private func fetch(_ fingerprint: String, to place: String) throws -> Dataset {
        coordinator.send(.with { $0.dataQuestion = WireDataQuestion() })
        let listing = try mailbox.waitForListing()
        let total = try size(of: listing)
        let partial = "\(place).partial"
        guard mkdir(partial, 0o700) == 0 || errno == EEXIST else { throw FileError(partial, "create it") }
        log("fetching the data set \(fingerprint), \(total) bytes, into \(directory)")
        let start = MonotonicClock.now
        for (index, file) in listing.files.enumerated() {
            try fetch(index, size: Int(file.size), to: "\(partial)/\(file.name)")
        }
        let dataset = try Dataset(path: partial)
        do {
            guard dataset.manifest.fingerprint == fingerprint else {
                throw WireError(.refused, "the received data set is not the run's")
            }
            _ = try dataset.verify()
        } catch {
            // Damaged data would stay damaged if the fetch were continued.
            try? FileManager.default.removeItem(atPath: partial)
            throw error
        }
        try? FileManager.default.removeItem(atPath: place)
        guard rename(partial, place) == 0 else { throw FileError(place, "put it in place") }
        log("fetched and verified the data set in \(Int(MonotonicClock.now - start)) s")
        return try Dataset(path: place)
    }

    /// The bytes of all files, which have to be those of a data set and to find room.
    private func size(of listing: WireDataListing) throws -> Int {
        let isSound =
            listing.files.count <= 16
            && listing.files.allSatisfy { file in
                let isName = file.name.utf8.allSatisfy { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2E }
                return isName && !file.name.hasPrefix(".") && !file.name.isEmpty && file.name.utf8.count < 64
                    && file.size <= 1 << 46
            }
        guard isSound else { throw WireError(.malformed, "a listing of no data set") }
        let total = listing.files.reduce(0) { $0 + Int($1.size) }
        var space = statvfs()
        if statvfs(directory, &space) == 0 {
            let free = Int(clamping: UInt64(space.f_bavail) * UInt64(space.f_frsize))
            guard total <= free else {
                throw WireError(
                    .refused,
                    "the data set has \(total / 1_000_000) MB, and \(directory) has room for "
                        + "\(free / 1_000_000) MB; name another place with --data-cache, or a copy with --data")
            }
        }
        return total
    }

    /// Fetches one file, or the rest of it.
    private func fetch(_ index: Int, size: Int, to path: String) throws {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw FileError(path, "create it") }
        defer { close(descriptor) }
        var done = Int(lseek(descriptor, 0, SEEK_END))
        if done > size {
            guard ftruncate(descriptor, 0) == 0 else { throw FileError(path, "empty it") }
            done = 0
        }
        var asked = done
        while done < size {
            while asked < size, asked - done < Self.window * FrameHeader.dataLimit {
                let length = min(FrameHeader.dataLimit, size - asked)
                let (part, request) = (
                    DataPart(file: index, offset: asked),
                    WireDataRequest.with { [asked] in
                        ($0.file, $0.offset, $0.length) = (UInt32(index), UInt64(asked), UInt32(length))
                    }
                )
                mailbox.request(part)
                coordinator.send(.with { $0.dataRequest = request })
                asked += length
            }
            let part = DataPart(file: index, offset: done)
            let bytes = try mailbox.wait(for: part)
            guard bytes.count == min(FrameHeader.dataLimit, size - done) else {
                throw WireError(.refused, "the coordinator's data set changed while it was fetched; start again")
            }
            var written = 0
            while written < bytes.count {
                let count = bytes.withUnsafeBytes {
                    pwrite(descriptor, $0.baseAddress! + written, bytes.count - written, off_t(done + written))
                }
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { throw FileError(path, "write to it") }
                written += count
            }
            done += bytes.count
        }
    }
}
