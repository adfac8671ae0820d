package config

import (
	"cmp"
	"os"
)

// Secret is a string that prints as ***.
type Secret string

// String hides the secret.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return "***"
}

// GoString hides the secret from %#v too.
func (s Secret) GoString() string { return s.String() }

// MarshalText hides the secret from JSON and YAML.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Reveal is the secret itself, for the one place that sends it.
func (s Secret) Reveal() string { return string(s) }

// Environ is what comes from the process environment.
type Environ struct {
	BotToken Secret // SLACK_BOT_TOKEN, xoxb-…
	AppToken Secret // SLACK_APP_TOKEN, xapp-…
	SlackAPI string // SLACK_API_URL; Slack itself when empty
	Redis    Secret // REDIS_URL, which may hold a password
}

// FromEnviron reads the process environment through lookup, os.Getenv when nil.
func FromEnviron(lookup func(string) string) Environ {
	if lookup == nil {
		lookup = os.Getenv
	}
	return Environ{
		BotToken: Secret(lookup("SLACK_BOT_TOKEN")),
		AppToken: Secret(lookup("SLACK_APP_TOKEN")),
		SlackAPI: lookup("SLACK_API_URL"),
		Redis:    Secret(lookup("REDIS_URL")),
	}
}

// RedisURL is the address to use: the process environment's before the file's; empty for memory.
func (c Config) RedisURL(e Environ) Secret {
	return cmp.Or(e.Redis, Secret(c.Redis.URL))
}
