import Foundation
import Glibc
import Kernels
import Platform
import RunLog
import Settings

/// Carries out orders from a descriptor until it ends, and then ends everything that it has started: the sender of
/// the orders may have failed.
package final class HostService: @unchecked Sendable {
    private let reports: HostReports
    private let directory: PrivateDirectory
    private var input: LineInput
    private let isStopped = Monitor(false)
    private var children: [Int: Child] = [:]
    private let memory = ProcessMemory()
    private var run: RunDirectory?
    /// Whether the run's directory was made here.
    private var hasMadeRun = false

    private struct Child {
        let role: String
        let process: ChildProcess
    }

    package init(input: Int32, output: Int32) throws {
        directory = try PrivateDirectory()
        reports = HostReports(output)
        self.input = LineInput(input, limit: HostOrder.lengthLimit)
    }

    /// From any thread: as if the input had ended.
    package func stop() { isStopped.update { $0 = true } }

    /// Returns when everything has ended. Children end with the thread that started them: this one.
    package func serve() {
        defer { directory.remove() }
        reports.send(
            .hello(
                HostFacts(
                    version: Product.version, hostName: HostIdentity.hostName, processor: HostIdentity.cpuModel,
                    instructionSet: Engine.instructionSet, kernelLibrary: Engine.libraryVersion, directory: directory.path)))
        var (heard, said) = (MonotonicClock.now, MonotonicClock.now)
        orders: while !isStopped.read({ $0 }) {
            switch input.next(within: 0.1) {
            case .end: break orders
            case .silence: if MonotonicClock.now - heard > HostOrder.patience { break orders }
            case .line(let line):
                guard let order: HostOrder = HostLine.value(line) else { break orders }
                heard = MonotonicClock.now
                if let answer = carryOut(order) { reports.send(answer) }
            }
            if MonotonicClock.now - said > HostOrder.interval {
                said = MonotonicClock.now
                reports.send(.beat)
            }
        }
        endChildren()
        if hasMadeRun, let run, !FileManager.default.fileExists(atPath: run.recordPath) {
            // Nothing was trained: leave no run behind.
            try? FileManager.default.removeItem(atPath: run.path)
        }
        reports.finish()
    }

    private func carryOut(_ order: HostOrder) -> HostReport? {
        do {
            switch order {
            case .beat: return nil
            case .enter(let path):
                let place = (path as NSString).expandingTildeInPath
                guard FileManager.default.changeCurrentDirectoryPath(place) else {
                    throw CommandFailure(
                        CommandFailure.noInput,
                        "\(path) cannot be entered: \(String(cString: strerror(errno))); make it, or name "
                            + "another directory in the file of hosts")
                }
                return .done(FileManager.default.currentDirectoryPath)
            case .keep(let name, let content):
                try directory.keep(name, [UInt8](content))
                return .done("\(directory.path)/\(name)")
            case .open(let runs, let name, let resume, let mayHaveBegun):
                let begun = name.map { RunDirectory(runs + "/" + $0) }
                    .flatMap { mayHaveBegun && FileManager.default.fileExists(atPath: $0.path) ? $0 : nil }
                let found = try resume.map { try RunDirectory.find($0, runs: runs) } ?? begun
                let path = try URL(fileURLWithPath: (found ?? RunDirectory.create(runs: runs, name: name)).path).standardizedFileURL.path
                (run, hasMadeRun) = (RunDirectory(path), found == nil)
                return .done(path)
            case .progress: return .progress(run.map(RunProgress.init) ?? RunProgress())
            case .start(let id, let role, let arguments, let request, let name):
                let reports = reports
                try start(id, role) { output in
                    let held = ProcessMemory.holders.contains(role) ? memory[name] : nil
                    guard let request else {
                        return try ChildProcess(
                            name: role, arguments: arguments + ProcessMemory.arguments(held), passing: ProcessMemory.passing(held),
                            output: output)
                    }
                    return try ReportingPipes().start(name: role, arguments: arguments, request: request, memory: held, output: output) {
                        reports.send(.told(id: id, $0))
                    }
                }
                return nil
            case .signal(let id, let number):
                children[id]?.process.send(number)
                return nil
            }
        } catch {
            let failure = CommandFailure(error) ?? CommandFailure(CommandFailure.software, "\(error)")
            guard case .start(let id, _, _, _, _) = order else { return .failed(code: failure.code, reason: failure.description) }
            reports.send(.said(id: id, line: failure.description))
            return .ended(id: id, code: failure.code)
        }
    }

    private func start(_ id: Int, _ role: String, _ body: (ChildProcess.Output) throws -> ChildProcess) throws {
        let pipe = try ProcessPipe()
        defer { close(pipe.writing) }
        let process: ChildProcess
        do { process = try body(.descriptors(output: pipe.writing, errors: pipe.writing)) } catch {
            close(pipe.reading)
            throw error
        }
        children[id] = Child(role: role, process: process)
        reports.send(.started(id: id, process: process.process))
        let reports = reports
        _ = ServiceThread(name: "output") {
            var lines = LineInput(pipe.reading, limit: 4096)
            while case .line(let line) = lines.next() { reports.send(.said(id: id, line: line)) }
            close(pipe.reading)
            reports.send(.ended(id: id, code: process.wait()))
        }
    }

    /// A coordinator ends its run with a checkpoint. Workers leave when it asks them to, and it needs what their host keeps of
    /// the parameters until then.
    private func endChildren() {
        let coordinators = children.values.filter { $0.role == "coordinator" }.map(\.process)
        let others = children.values.filter { $0.role != "coordinator" }.map(\.process)
        for process in coordinators { process.send(SIGTERM) }
        let deadline = MonotonicClock.now + 10
        while others.contains(where: { $0.exitCode == nil }), MonotonicClock.now < deadline { usleep(20_000) }
        for process in others { process.send(SIGTERM) }
        for process in others { process.end(within: 2, by: nil) }
        for process in coordinators { process.end(within: 50, by: nil) }
    }
}
