package commands

import (
	"slices"
	"strings"

	"github.com/amiral-ops/amiral/commands/grammar"
	"github.com/amiral-ops/amiral/internal/fault"
)

// Settings is what commands know of the configuration.
type Settings struct{ Environments []Environment }

// Environment is a place where groups live.
type Environment struct {
	Name     string
	Region   string
	Channels []string // ids: commands typed there mean this environment, and its threads live in the first
	Default  bool     // commands typed elsewhere mean this environment
}

// in is the flag that names an environment.
func (s Settings) in() grammar.Flag {
	return grammar.Flag{Name: "in", Value: "<environment>", Pick: grammar.Environment, About: "the environment; that of the channel when left out"}
}

// environment decides which environment is meant: the one that was named, else the channel's, else the
// only one, else the default one.
func (s Settings) environment(named, channel string) (Environment, error) {
	if named != "" {
		return s.named(named)
	}
	if env, ok := s.of(channel); ok {
		return env, nil
	}
	if len(s.Environments) == 1 {
		return s.Environments[0], nil
	}
	for _, e := range s.Environments {
		if e.Default {
			return e, nil
		}
	}
	return Environment{}, fault.New(fault.Invalid, "This channel belongs to no environment, so I do not know which one you mean.").
		WithHint("Add `--in %s`.", strings.Join(s.names(), "` or `--in "))
}

func (s Settings) named(name string) (Environment, error) {
	for _, e := range s.Environments {
		if strings.EqualFold(e.Name, name) {
			return e, nil
		}
	}
	f := fault.New(fault.NotFound, "There is no environment %s.", short(name, 60))
	if near := grammar.Near(name, s.names()); near != "" {
		return Environment{}, f.WithHint("Did you mean `--in %s`?", near)
	}
	return Environment{}, f.WithHint("There are: %s.", strings.Join(s.names(), ", "))
}

// of is the environment of a channel; the default one where several share it.
func (s Settings) of(channel string) (Environment, bool) {
	var found []Environment
	for _, e := range s.Environments {
		if channel != "" && slices.Contains(e.Channels, channel) {
			found = append(found, e)
		}
	}
	for _, e := range found {
		if e.Default || len(found) == 1 {
			return e, true
		}
	}
	return Environment{}, false
}

func (s Settings) names() []string {
	var names []string
	for _, e := range s.Environments {
		names = append(names, e.Name)
	}
	return names
}

// place is where the thread of something asked in a channel lives: there, if the channel is one of the
// environment's, else in the environment's own. So nothing is decided out of sight of those who decide.
func (e Environment) place(channel, thread string) (string, string) {
	if len(e.Channels) == 0 || slices.Contains(e.Channels, channel) {
		return channel, thread
	}
	return e.Channels[0], ""
}
