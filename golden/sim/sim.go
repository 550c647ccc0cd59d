// Package sim holds the simulation: random stacks are applied on an embedded
// engine while calls fail, hang or are cut, the process is killed, the engine
// restarts and somebody changes things by hand. After every call the invariants
// of an apply are checked; at the end everything has to come right by itself.
//
// A second bay has a part, too. What it can meet is modelled as follows:
//   - The first one is killed, or loses its lock with its connections, while a
//     call is on its way: the engine acts on it when the next apply has made some
//     of its own calls, or at its end (faults killLate and lockLate of the wire).
//     Not so a call with a stream, which ends with its sender, nor one that an
//     engine had taken which has restarted since.
//   - It comes from another checkout, with another version of the program, right
//     after an apply that ended in the middle (story.another).
//   - It comes while the first one is at work, before any of its calls, plans what
//     it finds, and is turned away (fault turned).
//
// The core has no lock container, so that the lock is a word here: one holder,
// who asks before each call whether he still is it, and who is free at his death.
// That the real one keeps that word is tested in golden/lock_test.go. No engine
// takes a condition with a start: one that comes late may bring up an old
// generation beside a new one on one volume, until an apply is done; this alone
// is not held against it.
//
// Everything follows from a seed: the clock, the uids, the faults. The direct
// lane calls the engine's core, the client lane goes through docker's own
// client and HTTP. A seed that fails prints what happened and how to make it
// again; when what it found is mended, it stands in the tables of
// regression_test.go.
package sim
