package story

import (
	"context"
	"fmt"
	"strconv"
	"strings"
)

func (p *Player) onlooker(ctx context.Context) (world, error) { return p.client.see(ctx, "") }

// roots are the messages of a channel that begin a thread or stand alone, oldest first.
func roots(w world, channel string) ([]message, error) {
	id, err := w.channel(channel)
	if err != nil {
		return nil, err
	}
	var all []message
	for _, m := range w.Messages[id] {
		if m.ThreadTS == "" || m.ThreadTS == m.TS {
			all = append(all, m)
		}
	}
	return all, nil
}

// latest is the newest root that has buttons or blocks and holds the words.
func latest(w world, channel, holding string) (message, error) {
	all, err := roots(w, channel)
	if err != nil {
		return message{}, err
	}
	for i := len(all) - 1; i >= 0; i-- {
		if len(all[i].Blocks) > 0 && strings.Contains(words(all[i].Text, all[i].Blocks), holding) {
			return all[i], nil
		}
	}
	var last string
	if len(all) > 0 {
		last = words(all[len(all)-1].Text, all[len(all)-1].Blocks)
	}
	return message{}, fmt.Errorf("no card in %s holds %q; the last one says:\n%s", channel, holding, last)
}

// offers checks what can be pressed: buttons A,B are there, the menu has choices C,D, and nothing is called E
// behind without.
func offers(all []control, wanted []string) error {
	var seen []string
	for _, c := range all {
		seen = append(seen, c.Label)
	}
	for i := 0; i+1 < len(wanted); i += 2 {
		for _, label := range strings.Split(wanted[i+1], ",") {
			found := false
			for _, c := range all {
				fits := wanted[i] == "without" || c.Option == (wanted[i] == "choices")
				found = found || fits && c.says(label)
			}
			if found != (wanted[i] != "without") {
				return fmt.Errorf("what can be pressed is %q; looked for %s %s", seen, wanted[i], label)
			}
		}
	}
	return nil
}

// expectations checks the words behind a look.
func expectations(wanted []string) error {
	if len(wanted)%2 != 0 {
		return fmt.Errorf("nothing stands behind %q", wanted[len(wanted)-1])
	}
	for i := 0; i < len(wanted); i += 2 {
		switch wanted[i] {
		case "buttons", "choices", "without":
		default:
			return fmt.Errorf("a look is for buttons, choices or what it is without, not for %q", wanted[i])
		}
	}
	return nil
}

// holding is the last message that holds the words.
func holding(all []message, words string) (message, error) {
	var seen []string
	for i := len(all) - 1; i >= 0; i-- {
		if strings.Contains(all[i].words(), words) {
			return all[i], nil
		}
		seen = append(seen, all[i].Text)
	}
	return message{}, fmt.Errorf("nothing holds %q; there is, newest first:\n%s", words, strings.Join(seen, "\n"))
}

// exactly counts the messages that hold the words.
func exactly(all []message, words, number string) error {
	want, err := strconv.Atoi(number)
	if err != nil {
		return err
	}
	got := 0
	for _, m := range all {
		if strings.Contains(m.words(), words) {
			got++
		}
	}
	if got != want {
		return fmt.Errorf("%d messages hold %q, want %d", got, words, want)
	}
	return nil
}
