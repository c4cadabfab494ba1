package import IdentityCore

/// A change of the state, as a value. Rules are checked against the tables that it is applied to, so two commands
/// can never act on the same past.
package protocol Command<Outcome>: Sendable {
    associatedtype Outcome: Sendable

    /// Checks and applies the change, whole or not at all: what a throwing command did is dropped.
    func apply(to transaction: inout Transaction) throws(Refusal) -> Outcome
}
