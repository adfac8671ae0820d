package commands

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/amiral-ops/amiral/commands/grammar"
	"github.com/amiral-ops/amiral/internal/card"
	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/ledger"
)

// unread is why operations cannot be looked at. What cannot be read although it is there is nobody's
// business but the operators'; anything else means that Redis does not answer, and that is said.
func unread(doing string, err error) error {
	if err == nil {
		return nil
	}
	_, syntax := errors.AsType[*json.SyntaxError](err)
	_, sort := errors.AsType[*json.UnmarshalTypeError](err)
	if _, told := fault.As(err); told || syntax || sort {
		return fmt.Errorf("%s: %w", doing, err)
	}
	silent := fault.New(fault.Unavailable, "Redis does not answer, so I cannot look at operations.").
		WithHint("Nothing can be asked for until it does.")
	return fmt.Errorf("%s: %w", doing, errors.Join(err, silent))
}

// ReadOnly reports whether what a text asks for changes nothing: a command that only reads, the plan alone, help,
// or words that are no command. Such a text can be answered while nothing can be written down.
func (d *Desk) ReadOnly(text string) bool {
	m, err := d.Book.find(card.Inert(folded(text)))
	if err != nil || m.command.ReadOnly {
		return true
	}
	words, err := m.command.Spec().Parse(m.given(), m.broken)
	if _, refused := errors.AsType[*grammar.Refusal](err); refused || errors.Is(err, grammar.Help) {
		return true
	}
	return err == nil && words.Bool(dryFlag)
}

// redisPatience is how long an answer waits for operations that it can do without.
const redisPatience = 2 * time.Second

// beside reads the open operations for an answer that is worth giving without them; ok is false when they
// cannot be read.
func beside(ctx context.Context, records Records) (open []ledger.Record, ok bool) {
	ctx, cancel := context.WithTimeout(ctx, redisPatience)
	defer cancel()
	open, err := records.Open(ctx)
	return open, err == nil
}

// blind is the small print of an answer that was given without operations.
func blind() card.Text {
	return card.T("Operations cannot be read just now: Redis does not answer.")
}
