import Foundation
public import HTTPTypes
import Hummingbird
import NIOCore

/// What a request cannot have, with its status and one sentence that tells a person what to do.
public struct DashboardError: Error, CustomStringConvertible {
    public let status: HTTPResponse.Status
    public let description: String

    public init(_ status: HTTPResponse.Status, _ description: String) { (self.status, self.description) = (status, description) }
}

/// Turns every error into JSON.
struct WebErrors: RouterMiddleware {
    typealias Context = BasicRequestContext

    func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch let error as DashboardError {
            return try WebJSON.response(["error": error.description], status: error.status)
        } catch let error as HTTPError {
            let sentence = error.status == .notFound ? "there is no \(request.uri.path)" : error.body ?? "\(error.status)"
            return try WebJSON.response(["error": sentence], status: error.status)
        } catch {
            return try WebJSON.response(["error": "\(error)"], status: .internalServerError)
        }
    }
}

/// JSON as the page reads it.
enum WebJSON {
    static func response(_ value: some Encodable, status: HTTPResponse.Status = .ok) throws -> Response {
        Response(
            status: status, headers: [.contentType: "application/json; charset=utf-8", .cacheControl: "no-store"],
            body: .init(byteBuffer: ByteBuffer(bytes: try data(value))))
    }

    /// On one line.
    static func data(_ value: some Encodable) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // A loss that is not a number must not cost the curve.
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
        return try encoder.encode(value)
    }
}
