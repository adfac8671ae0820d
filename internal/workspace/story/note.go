package story

import (
	"context"
	"fmt"
	"regexp"
	"strings"
)

// note remembers what a pattern finds on the latest card: note op #deploys 'op-[a-z0-9]+'. Behind it {op} stands for it.
func (p *Player) note(ctx context.Context, args []string) error {
	pattern, err := regexp.Compile(args[2])
	if err != nil {
		return err
	}
	w, err := p.onlooker(ctx)
	if err != nil {
		return err
	}
	m, err := latest(w, args[1], "")
	if err != nil {
		return err
	}
	found := pattern.FindString(m.words())
	if found == "" {
		return fmt.Errorf("nothing on the card is like %q; it says:\n%s", args[2], m.words())
	}
	p.notes[args[0]] = found
	return nil
}

// recall puts what was remembered in its place.
func (p *Player) recall(words []string) []string {
	var all []string
	for _, w := range words {
		for name, value := range p.notes {
			w = strings.ReplaceAll(w, "{"+name+"}", value)
		}
		all = append(all, w)
	}
	return all
}
