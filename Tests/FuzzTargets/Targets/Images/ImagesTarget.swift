import Datasets

extension FuzzTarget {
    /// An image file as an import or a prediction reads it: decoded and cut to a square.
    static let pictures = FuzzTarget("pictures", longest: 4096) { input in
        let image = try ImageDecoder().decode(Array(input))
        holds(image.rgbx.count == 4 * image.width * image.height)
        // Mostly a small size, which is fast, and sometimes the size of a usual data set.
        let size = (input.last ?? 0) & 7 == 0 ? 256 : 16
        try holds(image.squared(size).planar.count == 3 * size * size)
    }

    /// A record of a data set that is packed as JPEG.
    static let stored = FuzzTarget("stored", longest: 4096) { input in
        let side = 32
        var (planes, scratch) = ([UInt8](repeating: 0, count: 3 * side * side), [UInt8](repeating: 0, count: 4 * side * side))
        let decoder = ImageDecoder()
        try scratch.withUnsafeMutableBufferPointer { scratch in
            try planes.withUnsafeMutableBufferPointer { planes in
                guard let from = scratch.baseAddress, let to = planes.baseAddress else { return }
                try decoder.decodeStored(input, width: side, height: side, scratch: from, into: to)
            }
        }
    }
}
