import CLinux
import Glibc

extension DurableFile {
    /// Replaces a file by a copy of itself, which is a file of its own under the same name. A process that has the old one open
    /// writes, from then on, where nobody reads. A file that does not exist stays so.
    public static func renew(_ path: String) throws {
        let source = open(path, O_RDONLY | O_CLOEXEC)
        guard source >= 0 else {
            guard errno == ENOENT else { throw FileError(path, "open it") }
            return
        }
        defer { close(source) }
        try write(to: path) { try $0.append(contentsOf: source) }
    }

    /// Appends the rest of a file, from its descriptor's position on, in little memory whatever its size.
    private func append(contentsOf source: Int32) throws {
        // File systems that can let both files share their blocks do so. Where the call is not possible, or copies nothing although
        // there is something, reading and writing follow.
        while copy_file_range(source, nil, descriptor, nil, 1 << 30, 0) > 0 {}
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)
        defer { buffer.deallocate() }
        while true {
            let count = Glibc.read(source, buffer.baseAddress, buffer.count)
            if count < 0 {
                if errno == EINTR { continue }
                throw FileError(path, "read it")
            }
            guard count > 0 else { return }
            try append(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
    }
}
