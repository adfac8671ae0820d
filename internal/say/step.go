package say

import (
	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/engine"
)

// Told goes on with another step and tells a line in the thread.
func Told(step string, tone card.Tone, format string, args ...any) engine.Outcome {
	return engine.Outcome{Step: step, Tone: string(tone), Line: string(Phrase(format, args...))}
}
