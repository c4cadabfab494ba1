import IdentityCore

/// Who reads what a client sent; the first byte of an input says it, and each folder of seeds begins with it.
private enum Reader: UInt8 {
    case authority = 0x61
    case bootstrap = 0x62
    case catalog = 0x63
    case duration = 0x64
    case entry = 0x65
    case filter = 0x66
    case health = 0x68
    case invitation = 0x69
    case json = 0x6A
    case matching = 0x6D
    case offer = 0x6F
    case policy = 0x70
    case rules = 0x72
    case service = 0x73
    case target = 0x74
    case wish = 0x77
}

/// The target that libFuzzer feeds. `Tests/Fuzz/README.md` says what it stops at.
@_cdecl("LLVMFuzzerTestOneInput")
func fuzzOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = unsafe Array(UnsafeBufferPointer(start: start, count: count))
    // What nobody reads is not kept.
    guard let reader = input.first.flatMap(Reader.init) else { return -1 }
    let bytes = Array(input.dropFirst())
    switch reader {
    case .authority: checkAuthority(bytes)
    case .bootstrap: checkBootstrap(bytes)
    case .catalog: checkCatalog(bytes)
    case .duration: checkDuration(bytes)
    case .entry: checkEntry(bytes)
    case .filter: checkFilter(bytes)
    case .health: checkHealthCheck(bytes)
    case .invitation: checkInvitation(bytes)
    case .json: checkJSON(bytes)
    case .matching: checkPattern(bytes)
    case .offer: checkOffer(bytes)
    case .policy: checkPolicy(bytes)
    case .rules: checkRules(bytes)
    case .service: checkService(bytes)
    case .target: checkTarget(bytes)
    case .wish: checkWish(bytes)
    }
    return 0
}

/// What was read of so many bytes; nil if it was refused, with a sentence that is no flood.
func taken<Value>(outOf count: Int, _ read: () throws(Refusal) -> Value) -> Value? {
    do throws(Refusal) {
        return try read()
    } catch {
        require(error.code == .invalid, "the caller is wrong, and not \(error.code)")
        require(!error.message.isEmpty, "refused without a reason")
        checkLength(of: error.message, outOf: count)
        return nil
    }
}

/// A thousand problems have a sentence each, and some repeat what was sent.
func checkLength(of message: String, outOf count: Int) {
    require(message.utf8.count <= 300_000 + 20 * count, "\(message.utf8.count) bytes say what is wrong with \(count)")
}
