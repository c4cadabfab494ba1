internal import CLinux

/// What the process holds of its own files.
package enum ProgramMemory {
    /// Lets go of the pages of the program and its libraries that only the start has read: types and flags are looked
    /// up all over a program that has much more in it than a relay. Pages that are needed again come back from the
    /// page cache, one fault each. To be called once, when all is set up.
    package static func releaseAfterStart() { hawser_release_program_pages() }
}
