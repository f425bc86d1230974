import COneDNN
import Tensors

/// A kernel that oneDNN chose for an operation on given layouts.
final class PrimitiveDescriptor {
    let handle: dnnl_primitive_desc_t

    /// - Parameters:
    ///   - operation: one of oneDNN's operation descriptors.
    ///   - hint: the forward kernel, for a backward operation.
    ///   - name: the operation in error messages.
    init<Operation>(
        _ operation: Operation, attributes: Attributes = Attributes(), hint: PrimitiveDescriptor? = nil, engine: Engine,
        for name: String
    ) throws {
        var handle: dnnl_primitive_desc_t?
        let status = withUnsafePointer(to: operation) {
            dnnl_primitive_desc_create(&handle, UnsafeRawPointer($0), attributes.handle, engine.engine, hint?.handle)
        }
        try check(status, "find a kernel for \(name)")
        self.handle = handle!
    }

    init(owning handle: dnnl_primitive_desc_t) { self.handle = handle }

    deinit { dnnl_primitive_desc_destroy(handle) }

    func layout(_ query: dnnl_query_t, _ index: Int32 = 0) -> TensorLayout? {
        guard let descriptor = dnnl_primitive_desc_query_md(handle, query, index), descriptor.pointee.ndims > 0 else {
            return nil
        }
        return TensorLayout(descriptor.pointee)
    }

    var sourceLayout: TensorLayout { layout(dnnl_query_src_md)! }
    var weightsLayout: TensorLayout { layout(dnnl_query_weights_md)! }
    var destinationLayout: TensorLayout { layout(dnnl_query_dst_md)! }
    var workspaceLayout: TensorLayout? { layout(dnnl_query_workspace_md) }
    var scratchpadLayout: TensorLayout? { layout(dnnl_query_scratchpad_md) }

    /// oneDNN's name of the implementation, such as `jit:avx512_core` or `ref:any`.
    var implementation: String {
        var name: UnsafePointer<CChar>?
        guard dnnl_primitive_desc_query(handle, dnnl_query_impl_info_str, 0, &name) == dnnl_success, let name else {
            return "unknown"
        }
        return String(cString: name)
    }

    /// Whether the kernel is a plain loop, tens of times slower than a generated kernel.
    var isReference: Bool { implementation.contains("ref") }
}

/// Attributes of a kernel: the caller provides its scratchpad, and operations may apply to the result before it is stored.
final class Attributes {
    let handle: dnnl_primitive_attr_t

    init(accumulates: Bool = false, activation: Activation? = nil) {
        var handle: dnnl_primitive_attr_t?
        dnnl_primitive_attr_create(&handle)
        self.handle = handle!
        dnnl_primitive_attr_set_scratchpad_mode(handle, dnnl_scratchpad_mode_user)
        guard accumulates || activation != nil else { return }
        var operations: dnnl_post_ops_t?
        dnnl_post_ops_create(&operations)
        if accumulates { dnnl_post_ops_append_sum(operations, 1) }
        if let activation { dnnl_post_ops_append_eltwise(operations, 1, activation.forwardAlgorithm, 0, 0) }
        dnnl_primitive_attr_set_post_ops(handle, operations)
        dnnl_post_ops_destroy(operations)
    }

    deinit { dnnl_primitive_attr_destroy(handle) }
}

/// The nonlinearity after a layer (§3.1).
public enum Activation: Sendable {
    case relu, tanh

    var forwardAlgorithm: dnnl_alg_kind_t { self == .relu ? dnnl_eltwise_relu : dnnl_eltwise_tanh }
    /// Computes the gradient from the result, so that the value before the activation need not be saved.
    var backwardAlgorithm: dnnl_alg_kind_t {
        self == .relu ? dnnl_eltwise_relu_use_dst_for_bwd : dnnl_eltwise_tanh_use_dst_for_bwd
    }
}
