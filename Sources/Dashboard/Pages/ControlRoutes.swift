import HTTPTypes
import Hummingbird
import RunLog

/// Routes that send commands to active runs.
struct ControlRoutes: Sendable {
    let catalog: RunCatalog
    let control: @Sendable (RunDirectory, DashboardService.Command) throws -> Void

    func add(to router: some RouterMethods<BasicRequestContext>) {
        for command in [DashboardService.Command.stop, .checkpoint] {
            router.post("runs/:name/\(command.rawValue)") { _, context -> Response in
                let name = try context.runName
                try await RunCatalog.onDisk {
                    let run = try catalog.run(name)
                    guard try run.record().state == .running else {
                        throw DashboardError(.conflict, "the run \(name) has ended; only an active run takes commands")
                    }
                    do { try control(run, command) } catch { throw DashboardError(.conflict, "\(error)") }
                }
                return Response(status: .accepted)
            }
        }
    }
}
