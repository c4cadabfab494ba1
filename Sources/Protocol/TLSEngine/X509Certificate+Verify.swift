import COpenSSL

extension X509Certificate {
    /// Checks what a client checks: that a chain leads to one of `roots`, that every certificate of it is valid at
    /// `time`, that this one may be a server's, and that it is for `serverName`.
    ///
    /// A handshake does this by itself; this is for checking certificates at rest, before they are used or stored.
    ///
    /// - Parameter time: seconds since 1970.
    /// - Throws: one of the `certificate…` codes, with the sentence that a handshake would give.
    package func verify(
        intermediates: [X509Certificate] = [], roots: [X509Certificate], serverName: String, at time: Int64
    ) throws(TLSError) {
        let name = try ServerName.validate(serverName)
        ERR_clear_error()
        guard let store = unsafe X509_STORE_new(), let chain = unsafe hawser_sk_X509_new_null(),
            let context = unsafe X509_STORE_CTX_new()
        else { throw .library("no memory to verify a certificate") }
        defer {
            unsafe X509_STORE_CTX_free(context)
            unsafe hawser_sk_X509_pop_free(chain)
            unsafe X509_STORE_free(store)
        }
        for root in roots { unsafe X509_STORE_add_cert(store, root.raw) }
        for intermediate in intermediates { unsafe hawser_sk_X509_push_up_ref(chain, intermediate.raw) }
        guard unsafe X509_STORE_CTX_init(context, store, self.raw, chain) == 1,
            let parameters = unsafe X509_STORE_CTX_get0_param(context)
        else { throw .library("could not verify a certificate") }
        unsafe X509_VERIFY_PARAM_set_flags(parameters, TLSContext.verificationFlags)
        unsafe X509_VERIFY_PARAM_set_hostflags(parameters, TLSContext.hostFlags)
        unsafe X509_VERIFY_PARAM_set_time(parameters, Int(time))
        unsafe X509_STORE_CTX_set_purpose(context, X509_PURPOSE_SSL_SERVER)
        let isNameSet =
            unsafe X509_VERIFY_PARAM_set1_ip_asc(parameters, name) == 1
            || X509_VERIFY_PARAM_set1_host(parameters, name, 0) == 1
        guard isNameSet else { throw .library("could not set the name to verify") }
        guard unsafe X509_verify_cert(context) != 1 else { return }
        let failed = unsafe X509_STORE_CTX_get_current_cert(context).map { unsafe X509Certificate(sharing: $0) }
        let error = unsafe TLSError.verification(
            X509_STORE_CTX_get_error(context), certificate: failed ?? self, serverName: name)
        ERR_clear_error()
        throw error
    }
}
