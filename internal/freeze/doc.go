// Package freeze keeps what is approved from starting for a while. A freeze is an operation like any other: it
// is planned, judged and approved, and while it runs nothing that it covers starts. It ends by itself at its
// time, or when somebody lifts it.
//
// The freezes in force stand in one hash, {prefix}:freezes, a field for each operation. Nothing else writes to
// it. Whoever reads it learns of an error, never of too few freezes.
package freeze
