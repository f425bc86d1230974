import Glibc
import Kernels
import Partition
package import Protocol
import Tensors
import Transport

/// A worker's memory in the store: the parameters of its columns, and its gradients in one attempt.
package struct WorkerMemory: Sendable {
    package let parameters: ParameterSegment
    package let gradients: GradientSegment

    /// The message that tells the worker where everything lies: in segments of this process where the worker maps them, and otherwise in a
    /// mirror that it keeps itself.
    package var announcement: WireSegment {
        var message = WireSegment()
        message.shared = gradients.segment != nil
        message.processID = UInt32(getpid())
        (message.bytes, message.gradientBytes) = (UInt64(parameters.byteCount), UInt64(gradients.byteCount))
        if let own = gradients.segment {
            (message.descriptor, message.offset) = (UInt32(parameters.descriptor), UInt64(parameters.region.offset))
            message.nonce = parameters.region.nonce
            (message.gradientDescriptor, message.gradientNonce) = (UInt32(own.descriptor), own.nonce)
        }
        message.places = parameters.registered.indices.map { index in
            var place = WireSegment.Place()
            place.key = parameters.registered[index].key
            place.bytes = UInt64(parameters.registered[index].values.byteCount)
            (place.valuesEven, place.valuesOdd) = (UInt64(parameters.places[index].even), UInt64(parameters.places[index].odd))
            place.gradients = gradients.places[index].map { UInt64($0) }
            return place
        }
        return message
    }
}
