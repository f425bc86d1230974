import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import Platform

/// The sessions of browsers that have presented the token.
final class Sessions: Sendable {
    static let cookie = "colonnade"
    /// The largest number of sessions. Beyond it the oldest is closed.
    private static let limit = 256

    private let token: [UInt8]
    private let known = Monitor<[String]>([])

    init(token: String) { self.token = Array(token.utf8) }

    /// Opens a session.
    /// - Returns: The name of the session; nil if the token is wrong.
    func open(_ offered: String) -> String? {
        guard isToken(offered) else { return nil }
        let name = Self.random()
        known.update { known in
            known.append(name)
            if known.count > Self.limit { known.removeFirst() }
        }
        return name
    }

    func close(_ request: Request) {
        guard let name = Self.name(in: request) else { return }
        known.update { $0.removeAll { $0 == name } }
    }

    /// Returns whether a request belongs to a session, or has the token as a bearer token.
    func admits(_ request: Request) -> Bool {
        if let header = request.headers[.authorization], header.hasPrefix("Bearer ") { return isToken(String(header.dropFirst(7))) }
        guard let name = Self.name(in: request) else { return false }
        return known.read { $0.contains(name) }
    }

    /// Compares in constant time, so that the duration does not reveal where the two differ.
    private func isToken(_ offered: String) -> Bool {
        let offered = Array(offered.utf8)
        guard !token.isEmpty, offered.count == token.count else { return false }
        return zip(offered, token).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }

    private static func name(in request: Request) -> String? {
        for header in request.headers[values: .cookie] {
            for part in header.split(separator: ";") {
                let pair = part.split(separator: "=", maxSplits: 1)
                if pair.count == 2, pair[0].trimmingCharacters(in: .whitespaces) == cookie { return String(pair[1]) }
            }
        }
        return nil
    }

    /// Returns 256 random bits from the system's cryptographic generator.
    private static func random() -> String {
        (0..<4).map { _ in
            let digits = String(UInt64.random(in: .min ... .max), radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }
}

/// Routes for logging in with the token, and for logging out.
struct SessionRoutes: Sendable {
    let sessions: Sessions
    let version: String
    /// Whether reading requires a session too.
    let guardsReading: Bool

    private struct State: Encodable {
        let version: String
        let needs_token: Bool
        let can_control: Bool
    }

    private struct Offer: Decodable { let token: String }

    func add(to router: some RouterMethods<BasicRequestContext>) {
        router.get("api/session") { request, _ in
            let admitted = sessions.admits(request)
            return try WebJSON.response(State(version: version, needs_token: guardsReading && !admitted, can_control: admitted))
        }
        router.post("api/session") { request, _ -> Response in
            try SameOrigin.check(request)
            let body: ByteBuffer
            do { body = try await request.body.collect(upTo: 4096) } catch {
                throw DashboardError(.contentTooLarge, "the request is too large for a token; send the token only")
            }
            guard let offer = try? JSONDecoder().decode(Offer.self, from: Data(body.readableBytesView)),
                let name = sessions.open(offer.token)
            else {
                // The delay slows guessing down.
                try await Task.sleep(for: .milliseconds(300))
                throw DashboardError(.unauthorized, "the token is wrong; the dashboard printed the name of the file that contains it")
            }
            return Response(
                status: .noContent, headers: [.setCookie: "\(Sessions.cookie)=\(name); HttpOnly; SameSite=Strict; Path=/"])
        }
        router.delete("api/session") { request, _ -> Response in
            sessions.close(request)
            return Response(status: .noContent, headers: [.setCookie: "\(Sessions.cookie)=; Max-Age=0; HttpOnly; SameSite=Strict; Path=/"])
        }
    }
}

/// Rejects requests without a session or token.
struct RequiresSession: RouterMiddleware {
    typealias Context = BasicRequestContext
    let sessions: Sessions

    func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        guard sessions.admits(request) else {
            throw DashboardError(
                .unauthorized, "this requires the dashboard's token; the dashboard printed the name of the file that contains it")
        }
        return try await next(request, context)
    }
}
