import COpenSSL
import NIOCore

/// The two ends of the wire as OpenSSL sees them: it reads ciphertext from `inbound` and writes it to `outbound`.
///
/// A BIO of our own instead of memory BIOs: incoming buffers are read where they are, and all records of a flush land
/// in one `ByteBuffer` that is handed on as it is. The BIO borrows this object; the connection owns it and frees the
/// `SSL`, and with it the BIO, first.
final class WireBuffers {
    /// Ciphertext that OpenSSL has not read yet. Empty between calls: OpenSSL takes partial records too.
    var inbound = ByteBuffer()
    /// Ciphertext to be sent.
    var outbound = ByteBuffer()
    /// How many more bytes of handshake OpenSSL may read; nil once the handshake is complete.
    var handshakeAllowance: Int?
    /// Whether OpenSSL wanted more than it was allowed.
    private(set) var isOverAllowance = false
    /// Bytes that OpenSSL took since it last gave plaintext: how much of a record it holds.
    var heldByLibrary = 0

    init(handshakeAllowance: Int) { self.handshakeAllowance = handshakeAllowance }

    /// The BIO that stands for this object. The caller, or the `SSL` it is given to, frees it.
    func makeBIO() -> OpaquePointer? {
        guard let method = ByteBufferBIO.method, let bio = unsafe BIO_new(method) else { return nil }
        unsafe BIO_set_data(bio, Unmanaged.passUnretained(self).toOpaque())
        unsafe BIO_set_init(bio, 1)
        unsafe BIO_set_shutdown(bio, 1)
        return unsafe bio
    }

    /// Moves up to `count` bytes to `target`; nil if there are none.
    fileprivate func read(into target: UnsafeMutableRawPointer, count: Int) -> Int? {
        var count = min(count, self.inbound.readableBytes)
        if let allowance = self.handshakeAllowance {
            if count > 0, allowance == 0 { self.isOverAllowance = true }
            count = min(count, allowance)
            self.handshakeAllowance = allowance - count
        }
        guard count > 0 else { return nil }
        unsafe self.inbound.readWithUnsafeReadableBytes { bytes in
            unsafe target.copyMemory(from: bytes.baseAddress.unsafelyUnwrapped, byteCount: count)
            return count
        }
        self.heldByLibrary += count
        return count
    }

    fileprivate func write(_ bytes: UnsafeRawBufferPointer) {
        unsafe self.outbound.writeBytes(bytes)
    }
}

/// The BIO type over `WireBuffers`.
enum ByteBufferBIO {
    /// Made once per process and never freed or changed, therefore safe to share.
    @safe nonisolated(unsafe) static let method: OpaquePointer? = {
        guard let method = unsafe BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "ByteBuffer") else {
            return nil
        }
        guard unsafe BIO_meth_set_read_ex(method, read) == 1, unsafe BIO_meth_set_write_ex(method, write) == 1,
            unsafe BIO_meth_set_ctrl(method, control) == 1
        else {
            unsafe BIO_meth_free(method)
            return nil
        }
        return unsafe method
    }()

    private static func buffers(of bio: OpaquePointer?) -> WireBuffers? {
        guard let data = unsafe BIO_get_data(bio) else { return nil }
        return unsafe Unmanaged<WireBuffers>.fromOpaque(data).takeUnretainedValue()
    }

    private static let read:
        @convention(c) (OpaquePointer?, UnsafeMutablePointer<CChar>?, Int, UnsafeMutablePointer<Int>?) -> Int32 = {
            bio, target, count, readCount in
            unsafe hawser_BIO_clear_retry_flags(bio)
            guard let target = unsafe target, let buffers = unsafe buffers(of: bio) else { return 0 }
            guard let moved = unsafe buffers.read(into: UnsafeMutableRawPointer(target), count: count) else {
                // Over the allowance there is nothing to wait for: without the flag OpenSSL reports a hard failure.
                if !buffers.isOverAllowance { unsafe hawser_BIO_set_retry_read(bio) }
                return 0
            }
            unsafe readCount?.pointee = moved
            return 1
        }

    private static let write:
        @convention(c) (OpaquePointer?, UnsafePointer<CChar>?, Int, UnsafeMutablePointer<Int>?) -> Int32 = {
            bio, source, count, writtenCount in
            unsafe hawser_BIO_clear_retry_flags(bio)
            guard let source = unsafe source, let buffers = unsafe buffers(of: bio) else { return 0 }
            unsafe buffers.write(UnsafeRawBufferPointer(start: UnsafeRawPointer(source), count: count))
            unsafe writtenCount?.pointee = count
            return 1
        }

    private static let control: @convention(c) (OpaquePointer?, Int32, Int, UnsafeMutableRawPointer?) -> Int = {
        _, command, _, _ in
        // Nothing to flush, and no other command of libssl needs an answer.
        command == BIO_CTRL_FLUSH ? 1 : 0
    }
}
