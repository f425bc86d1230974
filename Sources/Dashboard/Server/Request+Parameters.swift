import Foundation
import HTTPTypes
import Hummingbird

extension Request {
    /// A number of the query within bounds, or what stands for it.
    func number(_ name: Substring, in range: ClosedRange<Int>, otherwise: Int) throws -> Int {
        guard let text = uri.queryParameters[name] else { return otherwise }
        guard let value = Int(text), range.contains(value) else {
            throw DashboardError(.badRequest, "\(name) has to be a number from \(range.lowerBound) to \(range.upperBound), not \(text)")
        }
        return value
    }
}

extension BasicRequestContext {
    /// The name of the run in the path, decoded.
    var runName: String { get throws { try parameters.require("name").removingPercentEncoding ?? "" } }
}
