import Foundation
import TestSupport

/// Processes of a run, from /proc.
enum RunProcesses {
    /// Returns the children of a process, with the roles that they were started for.
    static func children(of process: Int32) -> [(role: String, process: Int32)] {
        let everything = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return everything.compactMap { name in
            guard let number = Int32(name), let status = try? String(contentsOfFile: "/proc/\(name)/status", encoding: .utf8),
                status.contains("PPid:\t\(process)\n")
            else { return nil }
            let words = commandLine(number)
            return words.count > 1 ? (words[1], number) : nil
        }
    }

    /// Returns the children of a process with a role.
    static func children(of process: Int32, _ role: String) -> [Int32] {
        children(of: process).filter { $0.role == role }.map(\.process)
    }

    /// Returns the process that started another, or nil if that is gone.
    static func parent(of process: Int32) -> Int32? {
        let status = (try? String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("PPid:") }
        return line.flatMap { Int32($0.dropFirst(5).trimmingCharacters(in: .whitespaces)) }
    }

    /// Returns whether a process is gone or is a zombie.
    static func hasEnded(_ process: Int32) -> Bool {
        guard let status = try? String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8) else { return true }
        return status.contains("State:\tZ")
    }

    static func commandLine(_ process: Int32) -> [String] {
        let data = FileManager.default.contents(atPath: "/proc/\(process)/cmdline") ?? Data()
        return data.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
    }

    static func environment(_ process: Int32) -> String {
        String(decoding: FileManager.default.contents(atPath: "/proc/\(process)/environ") ?? Data(), as: UTF8.self)
    }

    /// Returns the numbers of the open descriptors of a process.
    static func descriptors(of process: Int32) -> Set<Int> {
        Set(((try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/fd")) ?? []).compactMap { Int($0) })
    }

    /// Limits the numbers of descriptors that a process opens from now on.
    static func limitDescriptors(of process: Int32, to limit: Int) throws {
        let tool = try Program.run(["prlimit", "--pid", "\(process)", "--nofile=\(limit):"])
        guard tool.code == 0 else { throw CocoaError(.featureUnsupported) }
    }

    /// Returns the ports at which a process accepts connections on 127.0.0.1.
    static func ports(of process: Int32) -> [UInt16] {
        let descriptors = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/fd")) ?? []
        let sockets = Set(
            descriptors.compactMap { try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(process)/fd/\($0)") })
        let table = String(
            decoding: FileHandle(forReadingAtPath: "/proc/\(process)/net/tcp")?.readDataToEndOfFile() ?? Data(), as: UTF8.self)
        return table.split(separator: "\n").compactMap { line in
            let fields = line.split(separator: " ")
            guard fields.count > 9, fields[3] == "0A", sockets.contains("socket:[\(fields[9])]") else { return nil }
            return UInt16(fields[1].split(separator: ":")[1], radix: 16)
        }
    }
}
