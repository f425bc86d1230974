import Foundation
import Glibc
import TestSupport

/// Sends a request to a server of this machine. The path is sent as it is given; a library would normalize it.
enum HTTPAsker {
    struct Answer {
        let status: Int
        let headers: [String: String]
        let text: String
    }

    struct Failure: Error { let sentence: String }

    static func ask(
        port: UInt16, _ path: String, method: String = "GET", headers: [String: String] = [:], body: String? = nil
    ) throws -> Answer {
        guard let socket = LocalSocket.connect(to: port) else {
            throw Failure(sentence: "cannot connect: \(String(cString: strerror(errno)))")
        }
        defer { close(socket) }
        var lines = ["\(method) \(path) HTTP/1.1"]
        var all = ["Host": "127.0.0.1:\(port)", "Connection": "close"].merging(headers) { $1 }
        if let body { all["Content-Length"] = "\(body.utf8.count)" }
        lines += all.map { "\($0): \($1)" }
        let request = Array((lines.joined(separator: "\r\n") + "\r\n\r\n" + (body ?? "")).utf8)
        var sent = 0
        while sent < request.count {
            let part = request[sent...].withUnsafeBytes { send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            // A server that has read enough may answer and close.
            guard part > 0 else { break }
            sent += part
        }
        var (data, buffer) = ([UInt8](), [UInt8](repeating: 0, count: 65536))
        while true {
            let count = recv(socket, &buffer, buffer.count, 0)
            guard count > 0 else { break }
            data += buffer[..<count]
        }
        return try parse(String(decoding: data, as: UTF8.self))
    }

    private static func parse(_ text: String) throws -> Answer {
        guard let end = text.range(of: "\r\n\r\n") else { throw Failure(sentence: "no answer: \(text.prefix(200))") }
        let lines = text[..<end.lowerBound].components(separatedBy: "\r\n")
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            if parts.count == 2 { headers[parts[0].lowercased()] = parts[1].trimmingCharacters(in: .whitespaces) }
        }
        guard let status = lines[0].split(separator: " ").dropFirst().first.flatMap({ Int($0) }) else {
            throw Failure(sentence: "no status: \(lines[0])")
        }
        return Answer(status: status, headers: headers, text: String(text[end.upperBound...]))
    }
}
