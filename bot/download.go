package bot

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/amiral-ops/amiral/commands"
)

// maxUpload bounds a file that somebody adds to a form, in bytes.
const maxUpload = 64 << 10

// uploads reads the files of a form. What cannot be read is told by input.
func (w *Worker) uploads(ctx context.Context, f *filled) (map[string]commands.Upload, map[string]string) {
	found, wrong := map[string]commands.Upload{}, map[string]string{}
	for input, file := range f.Files {
		content, err := w.Web.slack.download(ctx, file)
		if err != nil {
			w.Log.Warn("file cannot be read", "file", file.ID, "err", err)
			wrong[input] = unreadable(file, err)
			continue
		}
		found[input] = commands.Upload{Name: file.Name, Content: content}
	}
	return found, wrong
}

var errTooLong = errors.New("the file is too long")

func unreadable(f file, err error) string {
	if errors.Is(err, errTooLong) {
		return fmt.Sprintf("%s has more than %d KiB.", f.Name, maxUpload>>10)
	}
	return f.Name + " could not be read from Slack. The app needs the scope files:read for it."
}

// tooLong are the files that need not be read to see that they are too long.
func (f *filled) tooLong() map[string]string {
	wrong := map[string]string{}
	for input, file := range f.Files {
		if file.Size > maxUpload {
			wrong[input] = unreadable(file, errTooLong)
		}
	}
	return wrong
}

// download reads a file with the bot's token, which goes nowhere but to Slack.
func (s *Slack) download(ctx context.Context, f file) (string, error) {
	if !s.ownFile(f.address()) {
		return "", errors.New("the file is not at Slack's")
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, f.address(), nil)
	if err != nil {
		return "", errors.New("the file's address cannot be read")
	}
	r.Header.Set("Authorization", "Bearer "+s.settings.BotToken)
	answer, err := s.http.Do(r)
	if err != nil {
		return "", fmt.Errorf("download: %w", bare(err))
	}
	defer func() { _ = answer.Body.Close() }()
	content, err := io.ReadAll(io.LimitReader(answer.Body, maxUpload+1))
	switch {
	case err != nil:
		return "", fmt.Errorf("download: %w", err)
	case answer.StatusCode != http.StatusOK:
		return "", fmt.Errorf("download: status %d", answer.StatusCode)
	case strings.HasPrefix(answer.Header.Get("Content-Type"), "text/html") && !strings.HasSuffix(f.Name, ".html"):
		return "", errors.New("download: a page came in the file's place")
	case len(content) > maxUpload:
		return "", errTooLong
	}
	return string(content), nil
}

// ownFile reports whether an address is where Slack keeps files.
func (s *Slack) ownFile(address string) bool {
	u, err := url.Parse(address)
	if err != nil || u.User != nil {
		return false
	}
	if u.Scheme == s.base.Scheme && strings.EqualFold(u.Host, s.base.Host) {
		return true
	}
	return u.Scheme == "https" && (u.Host == "files.slack.com" || u.Host == "files.slack-gov.com")
}
