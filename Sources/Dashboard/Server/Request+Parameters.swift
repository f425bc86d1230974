import Foundation
import HTTPTypes
import Hummingbird

extension Request {
    /// Returns a number from the query, or `otherwise` if it is absent.
    /// - Throws: `DashboardError` if it is not a number in `range`.
    func number(_ name: Substring, in range: ClosedRange<Int>, otherwise: Int) throws -> Int {
        guard let text = uri.queryParameters[name] else { return otherwise }
        guard let value = Int(text), range.contains(value) else {
            throw DashboardError(
                .badRequest, "\(name) is \(text), but must be a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }
}

extension BasicRequestContext {
    /// The name of the run in the path, percent-decoded.
    var runName: String { get throws { try parameters.require("name").removingPercentEncoding ?? "" } }
}
