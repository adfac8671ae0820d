package bot

import "time"

// Hurry makes the gate forget after d, so that a test sees many renewals in a short time.
func (s *Sockets) Hurry(d time.Duration) { s.gate.steady = d }
