// Package telemetry is what operators see: JSON logs without secrets, metrics for Prometheus, and health.
// It knows nothing of what it is told about.
package telemetry

import (
	"io"
	"log/slog"
	"regexp"
	"time"
)

// NewLog returns a JSON logger that hides anything that looks like a credential.
func NewLog(w io.Writer, level string) *slog.Logger {
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil {
		l = slog.LevelInfo
	}
	return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: l, ReplaceAttr: readable}))
}

// credential matches Slack tokens, AWS access keys, passwords in URLs, private keys, and Slack's
// response addresses, which anybody who holds one may post to.
var credential = regexp.MustCompile(
	`xox[a-z]-[A-Za-z0-9-]+|xapp-[A-Za-z0-9-]+|(?:AKIA|ASIA)[A-Z0-9]{16}|://[^/\s:@]*:[^/\s@]+@|-----BEGIN [A-Z ]*PRIVATE KEY-----|https://hooks\.slack\.com/\S+|ticket=[^&\s"]+`)

// Redact hides credentials in a text.
func Redact(s string) string { return credential.ReplaceAllString(s, "***") }

// readable hides credentials and gives durations their unit.
func readable(_ []string, a slog.Attr) slog.Attr {
	switch v := a.Value.Any().(type) {
	case string:
		a.Value = slog.StringValue(Redact(v))
	case time.Duration:
		a.Value = slog.StringValue(v.String())
	case error:
		a.Value = slog.StringValue(Redact(v.Error()))
	}
	return a
}
