import CLinux
import Datasets
import Foundation
import Glibc
import Kernels
import Platform
import Protocol
import Security
import Settings
import Tensors
import Transport

/// Checks what a run needs from one machine.
struct MachineCheck {
    /// The machine's name in findings.
    let host: String
    let data: String?
    let security: SecurityRequest
    /// The address on which a process will listen.
    let listen: SocketAddress

    func findings() -> [Finding] {
        [release, processor, kernels, cores, memory, sharedMemory, descriptors, clock, port] + dataset + certificates
    }

    private var release: Finding { Finding(host, "release", "colonnade \(Product.version)") }

    private var processor: Finding { Finding(host, "processor", HostIdentity.cpuModel) }

    private var kernels: Finding {
        let set = Engine.instructionSet
        let value = "oneDNN \(Engine.libraryVersion), \(set)\(Engine.computesInBFloat16 ? ", bf16" : "")"
        guard ["sse41", "avx"].contains(set) else { return Finding(host, "kernels", value) }
        return Finding(
            host, "kernels", value, .warning,
            remedy: "this processor has no AVX2, with which kernels are several times as fast; use a newer processor")
    }

    private var cores: Finding {
        let (online, usable) = (sysconf(Int32(_SC_NPROCESSORS_ONLN)), ProcessInfo.processInfo.activeProcessorCount)
        let quota = ControlGroup.processors
        let value =
            "\(online)" + (usable < online ? ", \(usable) for this process" : "")
            + (quota.map { ", a quota of \(Terminal.fixed($0, 1))" } ?? "")
        guard let quota, quota < Double(usable) else { return Finding(host, "cores", value) }
        return Finding(
            host, "cores", value, .warning,
            remedy: "more than \(Int(quota)) kernel threads would compete; use --threads \(max(1, Int(quota))), or raise the quota")
    }

    private var memory: Finding {
        let (total, available) = (Self.memory("MemTotal"), Self.memory("MemAvailable"))
        let limit = ControlGroup.memory
        let value =
            "\(Terminal.bytes(available)) of \(Terminal.bytes(total)) available"
            + (limit.map { ", a limit of \(Terminal.bytes($0))" } ?? "")
        guard min(available, limit ?? .max) < 2_000_000_000 else { return Finding(host, "memory", value) }
        return Finding(
            host, "memory", value, .warning,
            remedy: "AlexNet needs more memory; end other processes, or use a smaller batch (`colonnade plan` shows what a network needs)")
    }

    private var sharedMemory: Finding {
        Finding(host, "shared memory") {
            let segment = try SharedSegment(byteCount: 64 << 20)
            segment.buffer.bytes.initializeMemory(as: UInt8.self, repeating: 1)
            var limit = rlimit()
            getrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit)
            guard limit.rlim_cur > UInt(Int64.max) else {
                throw CommandFailure(
                    CommandFailure.system,
                    "the address space is limited to \(Terminal.bytes(Int(limit.rlim_cur))), which includes mapped data and shared memory; "
                        + "run ulimit -v unlimited")
            }
            return "a segment of 64 MiB can be allocated"
        }
    }

    private var descriptors: Finding {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        guard limit.rlim_cur < 1024 else { return Finding(host, "descriptors", "\(limit.rlim_cur)") }
        return Finding(
            host, "descriptors", "\(limit.rlim_cur)", .warning,
            remedy: "a listening process has up to 512 connections, and files besides; run ulimit -n 4096")
    }

    private var clock: Finding {
        var error: Int = 0
        if colonnade_clock_is_kept(&error) != 0 {
            return Finding(host, "clock", "synchronized, with an error of at most \(Terminal.fixed(Double(error) * 1e-3, 1)) ms")
        }
        return Finding(
            host, "clock", "not synchronized", .warning,
            remedy: "certificates and the order of log lines depend on it; turn on systemd-timesyncd or chrony, unless the machine's "
                + "own host synchronizes it")
    }

    private var port: Finding {
        Finding(host, "port") {
            let loop = try EventLoop(name: "port-check")
            defer { loop.stop() }
            let listener = try Listener(listen, loop: loop) { $0.cancel() }
            defer { listener.stop() }
            return "\(listener.address) is free to listen on"
        }
    }

    private var dataset: [Finding] {
        guard let data else { return [] }
        return [
            Finding(host, "data") {
                let dataset = try Dataset(path: data)
                return "\(dataset.manifest.fingerprint), \(Terminal.grouped(dataset.count(.train))) training images"
            }
        ]
    }

    private var certificates: [Finding] {
        guard let directory = security.certificates else { return [] }
        let roles = PeerRole.allCases.filter { access("\(directory)/\($0.rawValue).pem", F_OK) == 0 }
        guard !roles.isEmpty else {
            return [
                Finding(
                    host, "certificates", "none in \(directory)", .failed,
                    remedy: "copy there the directory that `colonnade certificates issue` made for this host, or name another")
            ]
        }
        return roles.map(certificate)
    }

    private func certificate(_ role: PeerRole) -> Finding {
        let check = "\(role.rawValue)'s certificate"
        do {
            try security.checked(for: [role])
            guard let end = try security.end(of: role) else { return Finding(host, check, "without an expiry date") }
            let days = end.timeIntervalSinceNow / 86400
            let value = "valid until \(ISO8601DateFormatter().string(from: end))"
            if days <= 0 {
                return Finding(
                    host, check, value, .failed,
                    remedy: "it has expired; run colonnade certificates renew, and copy it to its host again")
            }
            guard days < 30 else { return Finding(host, check, value) }
            return Finding(
                host, check, value, .warning,
                remedy: "it expires in \(Int(days)) days; run colonnade certificates renew, and copy it to its host again")
        } catch {
            return Finding(host, check, "cannot be used", .failed, remedy: CommandFailure(error)?.description ?? "\(error)")
        }
    }

    /// Returns the value of a line of /proc/meminfo, in bytes.
    private static func memory(_ name: String) -> Int {
        let text = (try? String(contentsOfFile: "/proc/meminfo", encoding: .utf8)) ?? ""
        let line = text.split(separator: "\n").first { $0.hasPrefix(name + ":") }
        return (line?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0) << 10
    }
}
