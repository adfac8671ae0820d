package bot

import (
	"log/slog"
	"sync"
	"time"

	"github.com/amiral-ops/amiral/bot/blocks"
	"github.com/amiral-ops/amiral/internal/card"
)

// TablesNever is the setting by which every table is drawn as lines.
const TablesNever = "never"

// shyFor is how long no table is tried after Slack refused one that it took as lines.
const shyFor = 10 * time.Minute

// tables draws cards that hold a table. Where Slack takes none, and it does not say where that is, the card is
// drawn once more with lines in the table's place.
type tables struct {
	never bool
	now   func() time.Time
	log   *slog.Logger

	mu  sync.Mutex
	shy time.Time // no table before
}

// drawn sends a card, with its table as lines if Slack refuses it as a table.
func (t *tables) drawn(c card.Card, send func(blocks.Message) error) error {
	if t.refused() {
		return send(blocks.Lines(c))
	}
	m := blocks.Card(c)
	err := send(m)
	if !m.Table || !invalid(err) {
		return err
	}
	again := send(blocks.Lines(c))
	if again == nil {
		t.avoid(err)
	}
	return again
}

// invalid reports whether Slack refused what a message is made of.
func invalid(err error) bool {
	switch code(err) {
	case "invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long":
		return true
	}
	return false
}

func (t *tables) refused() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.never || t.now().Before(t.shy)
}

func (t *tables) avoid(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.now().Before(t.shy) {
		t.log.Warn("Slack refuses a table, so lists are told in lines for a while", "err", err)
	}
	t.shy = t.now().Add(shyFor)
}
