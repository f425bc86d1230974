import Fixtures
import TestSupport

/// Small images for data sets of tests.
enum Images {
    /// Returns a PNG file of 8×8 pixels of noise. Each number gives another image.
    static func png(_ number: Int) -> [UInt8] {
        var noise = Noise(UInt64(number) &* 977 &+ 5)
        return ImageMaker.png(noise.bytes(3 * 8 * 8), width: 8, height: 8)
    }

    /// Writes an image at each path.
    static func write(_ paths: [String], to scratch: Scratch) throws {
        for (number, path) in paths.enumerated() { try scratch.write(png(number), to: path) }
    }
}
