import Coordinator
import Foundation
import Kernels
import NeuralNetwork
import ParameterStore
import Platform
import Protocol
import SwiftProtobuf
import Tensors

extension FuzzTarget {
    /// A control frame's payload, and what is made of its parts.
    static let messages = FuzzTarget("messages") { input in
        let message = try WireControlMessage(payload: Array(input))
        switch message.body {
        case .hello(let hello):
            var rendezvous = Rendezvous(
                workers: 2, stores: .everyHost(coordinator: "here"), threads: 1, datasetFingerprint: "0123456789abcdef",
                version: Product.version)
            // The same greeting again and again takes ranks until none is left.
            for _ in 0..<4 { _ = rendezvous.admit(hello) }
            holds(rendezvous.workers.count <= 2)
        case .welcome(let welcome): try RunConfiguration(json: welcome.configuration).check()
        case .register(let register):
            for block in register.blocks {
                let layouts = [try TensorLayout(BlockedLayout(block.values)), try TensorLayout(BlockedLayout(block.gradient))]
                for layout in layouts { holds(layout.shape.count > 0 && layout.byteCount >= 2 * layout.shape.count) }
            }
        default: break
        }
        // What is taken can be passed on.
        let again = try WireControlMessage(payload: message.serializedBytes())
        holds(again.body == nil || message.body != nil)
    }
}
