package config

import (
	"fmt"
	"slices"
)

// Slack is how the bot writes.
type Slack struct {
	Tables string `yaml:"tables"` // auto: lists are tables where Slack takes them; never: always lines; auto when empty
}

func (s Slack) problems() error {
	if !slices.Contains([]string{"", "auto", "never"}, s.Tables) {
		return fmt.Errorf("slack: tables: %q is neither auto nor never", s.Tables)
	}
	return nil
}
