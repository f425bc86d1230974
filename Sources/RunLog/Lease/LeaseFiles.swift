import Foundation
import Glibc
import Platform

/// The files `lease.N` in a run's directory.
struct LeaseFiles {
    let directory: RunDirectory
    let owner: String
    /// Largest file accepted, in bytes.
    private static let limit = 64 << 10
    private static let prefix = "lease."

    private func path(_ number: Int) -> String { "\(directory.path)/\(Self.prefix)\(number)" }
    private func temporaryPath(_ number: Int) -> String { "\(path(number)).\(owner).partial" }

    /// Returns the number in the name of a lease's file, or of the file that will be one.
    private static func number(_ name: String, isComplete: Bool) -> Int? {
        guard name.hasPrefix(prefix) else { return nil }
        let rest = name.dropFirst(prefix.count)
        let digits = rest.prefix { $0.isASCII && $0.isNumber }
        // A number near the largest could not be followed by others.
        guard (1...15).contains(digits.count), rest.count == digits.count || !isComplete else { return nil }
        return Int(digits)
    }

    private func names() throws -> [String] {
        do { return try FileManager.default.contentsOfDirectory(atPath: directory.path) } catch {
            throw RunLogError("cannot read the directory \(directory.path): \(error.localizedDescription)")
        }
    }

    /// Finds the lease with the highest number.
    func newest() throws -> (fencing: Int, record: LeaseRecord?)? {
        for _ in 0..<5 {
            guard let number = try names().compactMap({ Self.number($0, isComplete: true) }).max() else { return nil }
            do {
                let bytes = try SmallFile.read(path(number), limit: Self.limit)
                let record = try? JSONDecoder().decode(LeaseRecord.self, from: Data(bytes))
                return (number, record?.fencing == number ? record : nil)
            } catch let error as FileError {
                // Removed since the look, because there is a higher one; or replaced, on a network file system.
                guard error.code == ENOENT || error.code == ESTALE else { throw error }
            }
        }
        throw RunLogError("the lease files in \(directory.path) change faster than they can be read")
    }

    /// Creates the file of a number unless there is one. Whose file it is, only a look tells: a network file system may report an existing
    /// file although it has just made this one.
    func claim(_ record: LeaseRecord) throws {
        let temporary = temporaryPath(record.fencing)
        try write(record, to: temporary, isDurable: true)
        defer { unlink(temporary) }
        guard link(temporary, path(record.fencing)) != 0, errno != EEXIST else { return try DurableFile.syncDirectory(directory.path) }
        // The temporary file is gone because the owner of a higher number has tidied up.
        if errno == ENOENT { return }
        guard [EPERM, ENOSYS, EOPNOTSUPP, EMLINK].contains(errno) else { throw FileError(path(record.fencing), "create it") }
        // A file system without links. Others may find the file empty for a moment, which reads as a lease that is being written.
        do { try write(record, to: path(record.fencing), isDurable: true) } catch let error as FileError {
            guard error.code == EEXIST else { throw error }
        }
    }

    /// Replaces the own file.
    func renew(_ record: LeaseRecord) throws {
        let temporary = temporaryPath(record.fencing)
        unlink(temporary)
        // Not flushed to the disk: after a crash of this host the owner's process is gone in any case.
        try write(record, to: temporary, isDurable: false)
        guard rename(temporary, path(record.fencing)) == 0 else {
            let code = errno
            unlink(temporary)
            throw FileError(path(record.fencing), "put it in place", code: code)
        }
    }

    /// Removes what is left of lower numbers: leases, and files that their owners were about to put in place.
    func tidy(below number: Int) {
        for name in (try? names()) ?? [] {
            let other = Self.number(name, isComplete: false) ?? RunDirectory.fencingOfPartialFile(name)
            if let other, other < number { unlink("\(directory.path)/\(name)") }
        }
    }

    /// - Throws: `FileError`, with the code EEXIST if there is a file of this name.
    private func write(_ record: LeaseRecord, to path: String, isDurable: Bool) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let data = try encoder.encode(record)
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw FileError(path, "create it") }
        let count = data.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
        var code = count == data.count ? 0 : count < 0 ? errno : ENOSPC
        if code == 0, isDurable, fsync(descriptor) != 0 { code = errno }
        // A network file system may say only here that there is no room.
        if close(descriptor) != 0, code == 0 { code = errno }
        guard code == 0 else {
            unlink(path)
            throw FileError(path, "write to it", code: code)
        }
    }
}
